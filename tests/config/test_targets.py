"""What users point at, and the path it has."""

from __future__ import annotations

import functools
import multiprocessing
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config import targets
from thds.mops.config.targets import checked_path, path_of
from thds.mops.errors import SettingsError

Write = Callable[[dict[str, str]], Path]
Run = Callable[..., str]


def function(x: int) -> int:
    return x


class Klass:
    def method(self) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...

    @staticmethod
    def static() -> None: ...

    def __call__(self) -> None: ...


class Identity:
    path = "pkg.mod.decorated"


class Decorated:
    """Stands in for what the decorator returns: all that this room knows of it is `__mops_identity__`."""

    __mops_identity__ = Identity()

    def __call__(self) -> None: ...


def outer() -> tuple[Any, Any]:
    def inner() -> None: ...

    return inner, lambda: None


@functools.cache
def cached() -> None: ...


def test_nothing_is_the_calling_module() -> None:
    """By its globals."""
    assert path_of(None, globals()) == __name__
    assert path_of(None, {"__name__": "foo.bar"}) == "foo.bar"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (function, "function"),
        (Klass, "Klass"),
        (Klass.method, "Klass.method"),
        (Klass().method, "Klass.method"),
        (Klass.of_class, "Klass.of_class"),
        (vars(Klass)["of_class"], "Klass.of_class"),
        (Klass.static, "Klass.static"),
        (vars(Klass)["static"], "Klass.static"),
        (functools.partial(functools.partial(function, 1), x=2), "function"),
        (functools.partial(Klass().method), "Klass.method"),
        (outer()[0], "outer.<locals>.inner"),
        (outer()[1], "outer.<locals>.<lambda>"),
        (cached, "cached"),
    ],
)
def test_a_definition_is_its_module_and_qualname(target: object, path: str) -> None:
    """However it is reached."""
    assert path_of(target, {}) == f"{__name__}.{path}"


@pytest.mark.parametrize(
    "target",
    [
        Decorated(),
        functools.partial(Decorated()),
        types.MethodType(Decorated(), 1),
        staticmethod(Decorated()),
    ],
)
def test_a_decorated_function_says_its_path_itself(target: object) -> None:
    """Also inside a partial or bound to an object."""
    assert path_of(target, {}) == "pkg.mod.decorated"


def test_a_module_object_is_its_name() -> None:
    """As it would be imported."""
    assert path_of(targets, {}) == "thds.mops.config.targets"


@pytest.mark.parametrize("path", ["foo", "foo.bar.baz.func1", "foo.f.<locals>.<lambda>", "größe._x", ""])
def test_a_dotted_string_is_taken_at_its_word(path: str) -> None:
    """It need not exist yet; the empty one is the root of all."""
    assert path_of(path, {}) == path


@pytest.mark.parametrize(
    "path", [".", "foo.", ".foo", "foo..bar", "foo bar", "foo-bar", "foo/bar.py", "foo:bar", "1foo", " "]
)
def test_other_strings_are_refused(path: str) -> None:
    """They name the part that is no name."""
    with pytest.raises(SettingsError, match="is not a dotted path"):
        path_of(path, {})


@pytest.mark.parametrize("target", [5, object(), Klass(), [function], b"foo", property(function), True])
def test_other_objects_are_refused(target: object) -> None:
    """With what could have been given."""
    with pytest.raises(SettingsError, match="is not something a setting can be for") as refused:
        path_of(target, {})
    assert "a dotted string" in refused.value.hint


def test_code_without_a_module_has_to_say_what_it_means() -> None:
    """Such as what `exec` runs in a bare dict."""
    with pytest.raises(SettingsError, match="belongs to no module"):
        path_of(None, {})


PROBE = """
import sys, functools
from thds.mops.config.targets import path_of

def f(): ...

class C: ...

def elsewhere(function):
    import helper
    return helper.wrap(function)

def paths():
    return [path_of(t, globals()) for t in (None, f, C, elsewhere(f), sys.modules[__name__], "__main__", "__main__.f")]

if __name__ in ("__main__", "__mp_main__"):
    print(paths())
"""
HELPER = """
import functools
def wrap(function):
    @functools.wraps(function)
    def wrapper(): ...
    return wrapper
"""


def expected(name: str) -> str:
    ends = ("", ".f", ".C", ".f", "", "", ".f")
    return str([name + end for end in ends])


def test_a_script_is_main(write_files: Write, printed_by: Run) -> None:
    """It has no other name."""
    write_files({"script.py": PROBE, "helper.py": HELPER})
    assert printed_by("script.py") == expected("__main__")


def test_a_module_run_with_m_has_its_proper_name(write_files: Write, printed_by: Run) -> None:
    """As if it had been imported; strings that say `__main__` mean it too."""
    write_files({"pkg/__init__.py": "", "pkg/mod.py": PROBE, "helper.py": HELPER})
    assert printed_by("-m", "pkg.mod") == expected("pkg.mod")


def test_a_package_run_with_m_is_its_main_module(write_files: Write, printed_by: Run) -> None:
    """Not the package: that is another module."""
    write_files({"pkg/__init__.py": "", "pkg/__main__.py": PROBE, "helper.py": HELPER})
    assert printed_by("-m", "pkg") == expected("pkg.__main__")


def test_what_spawned_processes_call_main_has_the_same_name(write_files: Write, printed_by: Run) -> None:
    """`multiprocessing` runs the main module again, under another name."""
    if "spawn" not in multiprocessing.get_all_start_methods():
        pytest.skip("no spawn here")
    main = PROBE.replace('if __name__ in ("__main__", "__mp_main__"):\n    print(paths())\n', "") + (
        "if __name__ == '__main__':\n"
        "    import multiprocessing\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(paths))\n"
        "        pool.close(); pool.join()\n"
    )
    write_files({"pkg/__init__.py": "", "pkg/mod.py": main, "script.py": main, "helper.py": HELPER})
    assert printed_by("-m", "pkg.mod") == expected("pkg.mod")
    assert printed_by("script.py") == expected("__main__")


def test_a_script_under_a_profiler_is_main(write_files: Write, printed_by: Run) -> None:
    """Its functions do not belong to the profiler, although that is what runs as `__main__`."""
    probe = PROBE.replace("print(paths())", "print(path_of(None, globals()), path_of(f, globals()))")
    write_files({"script.py": probe})
    assert printed_by("-m", "cProfile", "script.py").splitlines()[0] == "__main__ __main__.f"


def test_a_path_of_the_main_module_is_checked_like_others() -> None:
    """Its first name is replaced, the rest is not."""
    assert checked_path("__main__.f.<locals>.g").endswith(".f.<locals>.g")
    with pytest.raises(SettingsError):
        checked_path("__main__.f g")
