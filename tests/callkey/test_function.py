"""Identity: what a function is called, where it belongs, what its docstring says."""

from __future__ import annotations

import functools
import math
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.callkey.function import ABSENT, ITSELF, captured, captures, identify, logic_keys
from thds.mops.errors import DecorationError

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


def plain(x: int) -> int:
    """Adds.

    function-logic-key:  v 7
    pipeline-id: some/group
    """
    return x + 1


async def asynchronous() -> None: ...


def wrapper(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


@wrapper
def wrapped(x: int) -> int:
    """function-logic-key: w"""
    return x


class Holder:
    def method(self) -> None: ...

    @staticmethod
    def static() -> None: ...


SHOW = """
import json, sys
sys.path.insert(0, {sources!r})
from thds.mops.callkey.function import identify
def f(x): return x
class C:
    def m(self): pass
for function in (f, C.m, lambda: 1):
    i = identify(function)
    print(json.dumps([i.path, i.function_id, i.origin]))
"""


def test_plain_function() -> None:
    """Module and qualified name, docstring lines, and the directory above the top-level package."""
    identity = identify(plain)
    assert identity.path == identity.function_id == f"{__name__}.plain"
    assert identity.logic_key == "v 7"
    assert identity.pipeline_id == "some/group"
    assert Path(identity.origin) == Path(__file__).parents[__name__.count(".")]
    assert identity.code.startswith(f"{MINOR}:")
    assert len(identity.code.partition(":")[2]) == 16


def test_other_functions() -> None:
    """Async, wrapped, methods, partials and builtins are identified by the function below."""
    assert identify(asynchronous).path == f"{__name__}.asynchronous"
    assert identify(asynchronous).logic_key == ""
    assert identify(asynchronous).pipeline_id is None
    assert (identify(wrapped).path, identify(wrapped).logic_key) == (f"{__name__}.wrapped", "w")
    assert identify(Holder().method).path == identify(Holder.method).path == f"{__name__}.Holder.method"
    assert identify(Holder.__dict__["static"]).path == f"{__name__}.Holder.static"
    assert identify(functools.partial(functools.partial(plain, 1), 2)) == identify(plain)
    assert identify(math.sqrt).path == "math.sqrt"
    assert identify(len).path == "builtins.len"
    assert identify(str.upper).path == "builtins.str.upper"
    assert identify(os.path.join).path == f"{os.path.__name__}.join"
    with pytest.raises(DecorationError, match="cannot tell which function"):
        identify(type("Callable", (), {"__call__": plain, "__module__": None})())


def test_origin_of_packages() -> None:
    """The directory that is on the path, for packages, modules in them, and single modules."""
    import email.mime.text as nested

    library = Path(os.__file__).parent
    assert Path(identify(nested.MIMEText.__init__).origin) == library
    assert Path(identify(os.makedirs).origin) == library
    import json

    assert Path(identify(json.dumps).origin) == library
    assert identify(len).origin == ""


def test_code_follows_the_body() -> None:
    """Other code, other digest; other lines, other file: the same."""
    texts = ["def f(x):\n return x", "\n\ndef f(x):\n\n return x", "def f(x):\n return x + 1"]
    codes = []
    for number, text in enumerate(texts):
        namespace: dict[str, Any] = {"__name__": "made"}
        exec(compile(text, f"file {number}", "exec"), namespace)
        codes.append(identify(namespace["f"]).code)
    assert codes[0] == codes[1] != codes[2]
    assert identify(wrapped).code != identify(wrapper(plain)).code


def test_lambdas_have_ids_of_their_own() -> None:
    """They share a name, so the id has their code; the settings path does not."""
    one, other = identify(lambda: 1), identify(lambda: 2)
    assert one.function_id != other.function_id
    assert one.path == other.path


def test_identity_is_a_value_that_travels() -> None:
    """Pickled into another process it stays what it was; it cannot be changed."""
    identity = identify(plain)
    copied = pickle.loads(pickle.dumps(identity))
    assert copied == identity
    assert hash(copied) == hash(identity)
    assert copied.code == identity.code
    with pytest.raises(AttributeError, match="does not change"):
        identity.path = "other"


def test_script(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """A script's functions: `__main__` in settings, with the file's name in the key, from the script's directory."""
    script = tmp_path / "folder" / "train.py"
    script.parent.mkdir()
    script.write_text(SHOW.format(sources=str(Path(__file__).parents[2] / "src")))
    function, method, function_literal = map(eval, run_python(str(script)).lines)
    assert function == ["__main__.f", "__main__.train.py.f", str(script.parent)]
    assert method[:2] == ["__main__.C.m", "__main__.train.py.C.m"]
    assert function_literal[1].startswith("__main__.train.py.<lambda>.")


def test_module_run_as_main(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """`python -m pkg.mod` is `pkg.mod`, wherever it is asked."""
    for name in ("pkg/__init__.py", "pkg/mod.py", "pkg/__main__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = SHOW.format(sources=str(Path(__file__).parents[2] / "src"))
        (tmp_path / name).write_text("" if "init" in name else text)
    for run_as, name in (("pkg.mod", "pkg.mod"), ("pkg", "pkg.__main__")):
        function = eval(run_python("-m", run_as, cwd=tmp_path).lines[0])
        assert function == [f"{name}.f", f"{name}.f", str(tmp_path)]
        imported = f"import importlib; importlib.import_module({name!r})"
        assert eval(run_python(imported, cwd=tmp_path).lines[0]) == function
    directory = eval(run_python(str(tmp_path / "pkg"), cwd=tmp_path).lines[0])
    assert directory == ["__main__.f", "__main__.pkg.f", str(tmp_path / "pkg")]


def test_no_file(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """With `python -c` and in a REPL nothing names the code, so the id has its digest; it belongs to the directory."""
    shown = SHOW.format(sources=str(Path(__file__).parents[2] / "src"))
    function = eval(run_python(shown, cwd=tmp_path).lines[0])
    assert function[0] == "__main__.f"
    assert function[1].startswith("__main__.f.")
    assert function[2] == str(tmp_path)
    other = eval(run_python(shown.replace("return x", "return 2 * x"), cwd=tmp_path).lines[0])
    assert other[1] != function[1]


def test_captured() -> None:
    """Values of cells by name; itself as a mark; empty ones as empty; changes show."""

    def factory(base: object) -> Any:
        def inner(n: int) -> object:
            return (base, missing) if n == 0 else inner(n - 1)

        if base == "never":
            missing = 1
        return inner

    found = captured(factory(5))
    assert found["base"] == 5
    assert found["missing"] is ABSENT
    assert found["inner"] is ITSELF
    assert captures(factory(5))
    assert not captures(plain)
    assert captures(functools.partial(factory(5), 1))


def test_captured_by_wrappers() -> None:
    """What a third party's decorator captured counts, but for the function itself."""

    def retry(times: int) -> Any:
        def decorator(function: Any) -> Any:
            @functools.wraps(function)
            def inner(*args: Any) -> Any:
                return [function(*args) for _ in range(times)]

            return inner

        return decorator

    found = captured(retry(3)(plain))
    assert found == {"function": ITSELF, "times": 3}
    assert not captures(retry(3)(plain))

    def local() -> int:
        return found  # type: ignore[return-value]

    assert captures(retry(3)(local))
    assert set(captured(retry(3)(local))) == {"function", "times", "__wrapped__.found"}


def test_logic_keys() -> None:
    """Each function once, sorted, with those that decorated ones call."""

    class Decorated:
        def __init__(self, function: Any, calls: Any) -> None:
            self.__wrapped__, self.__mops_calls__ = function, calls

        @property
        def __mops_identity__(self) -> Any:
            return identify(self.__wrapped__)

    leaf = Decorated(wrapped, [])
    middle = Decorated(asynchronous, [leaf, plain])
    leaf.__mops_calls__.append(middle)
    expected = [
        (f"{__name__}.asynchronous", ""),
        (f"{__name__}.plain", "v 7"),
        (f"{__name__}.wrapped", "w"),
    ]
    assert list(logic_keys([middle])) == expected
    assert list(logic_keys([plain, middle, leaf])) == expected
    assert logic_keys([]) == ()
