"""Two different functions with one dotted path are refused; a module that is reloaded is not a second one."""

from __future__ import annotations

from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import DuplicateFunctionError


def test_two_in_one_scope() -> None:
    """They would answer for each other."""

    @pure.magic()
    def twice(x: int) -> int:
        return x + 1

    first = twice
    with pytest.raises(DuplicateFunctionError) as caught:

        @pure.magic()
        def twice(x: int) -> int:  # type: ignore[no-redef]
            return x + 2

    assert caught.value.path.endswith("test_two_in_one_scope.<locals>.twice")  # type: ignore[attr-defined]
    assert str(caught.value).count("test_duplicates.py:") >= 2
    assert first(1) == 2


def test_two_at_the_top_of_a_module(workspace: Any) -> None:
    """The usual copy-and-paste mistake."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic()\ndef f(x): return 1\nkept = f\n"
            "@pure.magic()\ndef f(x): return 2\n"
        }
    )
    done = workspace.run("import mine", check=False)
    assert done.code == 1
    assert "DuplicateFunctionError" in done.err
    assert "mine.py:2" in done.err or "mine.py:3" in done.err
    assert "mine.f" in done.err


def test_two_under_conditions(workspace: Any) -> None:
    """`if`/`else` defines one of the two: fine."""
    workspace.write(
        {
            "mine.py": "import sys\nfrom lab import *\nif sys.platform == 'none':\n    @pure.magic()\n"
            "    def f(x): return 1\n"
            "else:\n    @pure.magic()\n    def f(x): return 2\n"
        }
    )
    workspace.run("import mine; assert mine.f(1) == 2")


def test_the_same_function_decorated_twice() -> None:
    """Same code, so it is one function."""

    def plain(x: int) -> int:
        return x

    assert pure.magic()(plain)(1) == pure.magic()(plain)(1) == 1


def test_a_function_made_again_and_again() -> None:
    """A nested function is the same one each time its outer function runs."""

    def make() -> Any:
        @pure.magic()
        def inner(x: int) -> int:
            return x

        return inner

    assert [make()(1) for _ in range(3)] == [1, 1, 1]


def test_reloading_a_module(workspace: Any) -> None:
    """Unchanged, and edited in between: the new function takes the old one's place."""
    workspace.write({"mine.py": "from lab import *\n@pure.magic()\ndef f(x): return 1\n"})
    workspace.run(
        """
import importlib, os, sys
sys.dont_write_bytecode = True
import mine
old = mine.f
assert mine.f(1) == 1
importlib.reload(mine)
assert mine.f(1) == 1
text = open('mine.py').read().replace('return 1', 'return 1 + 1')
open('mine.py', 'w').write(text)
importlib.invalidate_caches()
importlib.reload(mine)
assert mine.f(2) == 2 and mine.f is not old
"""
    )


def test_a_notebook_cell_that_is_run_again(workspace: Any) -> None:
    """Same name, changed code, in `__main__`: the way notebooks are used."""
    workspace.run(
        "from lab import *\n"
        "for body in '1', '2', '3':\n"
        "    exec(compile(f'@pure.magic()\\ndef f(x): return {body}', '<cell>', 'exec'))\n"
        "    assert f(int(body)) == int(body)"
    )


def test_the_same_name_in_two_modules_or_classes() -> None:
    """The dotted path tells them apart."""

    class Left:
        @pure.magic()
        def f(self) -> str:
            return "left"

    class Right:
        @pure.magic()
        def f(self) -> str:
            return "right"

    assert (Left().f(), Right().f()) == ("left", "right")


def test_two_lambdas_of_one_module() -> None:
    """Both are called `<lambda>`: they must not answer for each other."""
    first = pure.magic()(lambda x: x + 1)
    try:
        second = pure.magic()(lambda x: x + 2)
    except DuplicateFunctionError:
        return
    assert (first(1), second(1)) == (2, 3)


def test_a_function_that_is_gone_leaves_its_name() -> None:
    """Only living functions can answer for each other... through the store they still could, so the same is asked of
    the next one with that name in the same file: it must not be answered with the other's result."""

    def make(which: int) -> Any:
        if which == 1:

            @pure.magic()
            def f(x: int) -> str:
                return f"first {x}"

        else:

            @pure.magic()
            def f(x: int) -> str:  # type: ignore[misc]
                return f"second {x}"

        return f

    assert make(1)(1) == "first 1"
    try:
        assert make(2)(1) == "second 1"
    except DuplicateFunctionError:
        pass
