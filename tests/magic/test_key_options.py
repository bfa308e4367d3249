"""`ignore`, `calls`, and docstring lines: what else decides which call it is."""

from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import SettingsError, UnkeyableError

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


def test_ignored_arguments_are_no_part_of_the_key() -> None:
    """Whatever they are, also what has no key; they still reach the function."""

    @pure.magic(ignore=["conn"])
    def query(text: str, conn: object) -> str:
        RAN.append(conn)
        return text

    assert query("a", threading.Lock()) == query("a", conn=5) == "a"
    assert len(RAN) == 1
    assert query("b", 5) == "b"
    assert query.memo_uri("a", 1) == query.memo_uri("a", 2)
    assert query.memo_uri("a", 1) != query.memo_uri("b", 1)


def test_ignoring_several_and_by_any_kind_of_parameter() -> None:
    """Keyword-only, variadic, and with defaults."""

    @pure.magic(ignore=["verbose", "rest", "more"])
    def work(x: int, *rest: object, verbose: bool = False, **more: object) -> int:  # noqa: ARG001
        RAN.append(x)
        return x

    assert work(1) == work(1, 2, 3, verbose=True, other=threading.Lock()) == 1
    assert RAN == [1]


def test_without_ignore_what_has_no_key_is_an_error() -> None:
    """That names the argument and the path inside it."""

    @pure.magic()
    def query(cfg: object) -> None: ...

    with pytest.raises(UnkeyableError) as caught:
        query({"callbacks": [1, 2, threading.Lock()]})
    assert "cfg['callbacks'][2]" in str(caught.value)
    assert caught.value.argument_path == "cfg['callbacks'][2]"  # type: ignore[attr-defined]


def with_docstring(text: str | None, **options: Any) -> Any:
    def function(x: int) -> int:
        RAN.append(x)
        return x

    function.__doc__ = text
    return pure.magic(**options)(function)


def test_the_logic_key_is_part_of_the_key() -> None:
    """A `function-logic-key:` line in the docstring; another one is another function."""
    texts = [None, "Something else.", "Adds.\n\n    function-logic-key: v1\n", "function-logic-key: v2"]
    uris = [with_docstring(text).memo_uri(1) for text in texts]
    assert uris[0] == uris[1]
    assert len(set(uris)) == 3
    assert "@v1/" in uris[2]
    assert with_docstring(texts[2] + "\nOther words.").memo_uri(1) == uris[2]  # type: ignore[operator]


def test_a_result_of_another_logic_key_is_not_used() -> None:
    """ "Because people forget to bump it": when they do bump it, the call runs again."""
    with_docstring("function-logic-key: v1")(1)
    with_docstring("function-logic-key: v1")(1)
    assert RAN == [1]
    with_docstring("function-logic-key: v2")(1)
    assert RAN == [1, 1]


def test_the_pipeline_id_of_the_docstring() -> None:
    """`pipeline-id:` sets it for this function; the decorator's argument and later calls come after it."""
    assert "/my/pipe/" in with_docstring("Does.\n\n    pipeline-id: my/pipe\n").memo_uri(1)
    assert "/said/" in with_docstring("pipeline-id: my/pipe", pipeline_id="said").memo_uri(1)
    function = with_docstring("pipeline-id: my/pipe")
    pure.magic.pipeline_id("later", function)
    assert "/later/" in function.memo_uri(1)
    pure.magic.pipeline_id("of/module", __name__)
    assert "/my/pipe/" in with_docstring("pipeline-id: my/pipe").memo_uri(1)


def test_a_malformed_pipeline_id_in_a_docstring() -> None:
    """Is refused like any other."""
    from thds.mops.errors import MopsError

    with pytest.raises(MopsError, match=r"\.\."):
        with_docstring("pipeline-id: ../x")


def helper_with(text: str | None) -> Any:
    def helper() -> None: ...

    helper.__doc__ = text
    return helper


def test_calls_bring_in_the_logic_key_of_others() -> None:
    """`calls=[g]`: a new logic key of `g` is a new key of this function, for plain and for decorated ones."""
    for wrap in (lambda g: g, lambda g: pure.magic()(g), functools.partial):
        base = with_docstring(None, calls=[wrap(helper_with("function-logic-key: v1"))]).memo_uri(1)
        assert base == with_docstring(None, calls=[wrap(helper_with("function-logic-key: v1"))]).memo_uri(1)
        assert base != with_docstring(None, calls=[wrap(helper_with("function-logic-key: v2"))]).memo_uri(1)
    assert with_docstring(None).memo_uri(1) != base


def test_calls_reach_through_decorated_functions() -> None:
    """What `g` itself says it calls counts too."""

    def through(version: str) -> str:
        inner = helper_with(f"function-logic-key: {version}")
        middle = pure.magic(calls=[inner])(helper_with(None))
        return str(with_docstring(None, calls=[middle]).memo_uri(1))

    assert through("v1") == through("v1")
    assert through("v1") != through("v2")


def test_equal_calls_are_one_call() -> None:
    """`f(1)`, `f(x=1)`, `f(1, y=<its default>)`; keyword arguments in any order."""

    @pure.magic()
    def function(x: int, y: int = 2, *, z: int = 3, **more: int) -> int:  # noqa: ARG001
        RAN.append(x)
        return x

    uris = {
        function.memo_uri(1),
        function.memo_uri(x=1),
        function.memo_uri(1, 2),
        function.memo_uri(1, y=2, z=3),
        function.memo_uri(z=3, y=2, x=1),
    }
    assert len(uris) == 1
    assert function.memo_uri(1, a=1, b=2) == function.memo_uri(1, b=2, a=1)
    assert function.memo_uri(1, a=1) not in uris


def test_what_differs_stays_apart() -> None:
    """1, True, 1.0 and "1" are four calls, 0.0 and -0.0 two, a tuple and a list, bytes and str."""

    @pure.magic()
    def show(x: object) -> str:
        return repr(x)

    values = [1, True, 1.0, "1", 0.0, -0.0, (1, 2), [1, 2], b"1", None, "", {}, set(), frozenset()]
    assert [show(value) for value in values] == [repr(value) for value in values]
    assert len({show.memo_uri(value) for value in values}) == len(values)


def test_two_functions_never_share() -> None:
    """Same arguments, same code, another name."""

    @pure.magic()
    def first(x: int) -> str:  # noqa: ARG001
        return "first"

    @pure.magic()
    def second(x: int) -> str:  # noqa: ARG001
        return "second"

    assert (first(1), second(1)) == ("first", "second")


def test_an_empty_pipeline_id_in_a_docstring() -> None:
    """Is refused like an empty one anywhere else."""

    def f(x: int) -> int:
        """Something.

        pipeline-id:
        """
        return x

    with pytest.raises(SettingsError, match="pipeline"):
        pure.magic()(f)
