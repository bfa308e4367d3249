"""Which modules a call's worker will need: names for the server to import beforehand. Called in the caller.

A wrong guess costs time, not correctness: the worker imports what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

_MAIN = frozenset({"__main__", "__mp_main__"})


def needed_by(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Of the function, or what it refers to if it belongs to a script, and of the types of its arguments; sorted."""
    found = set(_of_function(_plain(func), set()))
    found.update(type(each).__module__ for each in (*args, *kwargs.values()))
    if "numpy.random" in sys.modules and found - {"builtins"}:
        found.add(
            "numpy.random"
        )  # first of all: only then can the server tell whether another module seeds it
    return tuple(sorted(filter(_is_importable, found), key=lambda name: (name != "numpy.random", name)))


def _plain(func: Any) -> Any:
    while isinstance(func, partial) or hasattr(func, "__func__"):
        func = func.func if isinstance(func, partial) else func.__func__
    return func


def _of_function(func: Any, seen: set[int]) -> Iterator[str]:
    module = getattr(func, "__module__", None) or type(func).__module__
    if module not in _MAIN:
        yield module
    elif isinstance(func, FunctionType) and id(func) not in seen:
        seen.add(id(func))
        names = set(_names(func.__code__))
        for name in names & func.__globals__.keys():
            yield from _of_value(func.__globals__[name], names, seen)
        for cell in func.__closure__ or ():
            try:
                yield from _of_value(cell.cell_contents, names, seen)
            except ValueError:  # a variable that has no value yet
                pass


def _of_value(value: Any, names: Iterable[str], seen: set[int]) -> Iterator[str]:
    if isinstance(value, ModuleType):
        yield value.__name__
        # `import a.b` binds `a` only
        yield from (full for each in names if (full := f"{value.__name__}.{each}") in sys.modules)
    else:
        yield from _of_function(_plain(value), seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_importable(name: str) -> bool:
    """Whether the module came from where another interpreter can find it too, and is worth a thought."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return spec is not None and spec.origin not in (None, "built-in", "frozen") and name not in _MAIN
