"""Whether a decorated function can be found by its module's name, and which two functions claim one name."""

from __future__ import annotations

import os
import sys
from types import CodeType
from typing import Any
from weakref import WeakValueDictionary

from thds.mops.callkey.function import underlying, wrapped_chain
from thds.mops.errors import DuplicateFunctionError


def found_by_name(magic: Any) -> bool:
    """Whether `module.qualname` leads to this very object."""
    found: Any = sys.modules.get(magic.__module__)
    for name in magic.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is magic


class _Registry:
    """Decorated functions by their dotted path, as long as they live."""

    def __init__(self) -> None:
        self.functions: WeakValueDictionary[str, Any] = WeakValueDictionary()


_REGISTRY = _Registry()


def register(magic: Any, path: str) -> None:
    """Raises DuplicateFunctionError where another living function, with other code, has that path and the same source
    file defines both: they would share memos. A module that is reloaded replaces its functions; so does a notebook."""
    earlier = _REGISTRY.functions.get(path)
    code = _code_of(magic)
    if path.endswith("<lambda>"):
        return  # their code is part of their id
    if earlier is not None and code is not None and not _typed_in(magic, code):
        before = _code_of(earlier)
        if before is not None and before != code and _both_defined(before, code, magic):
            raise DuplicateFunctionError(
                f"Two different functions are called {path}: one at {_place(before)}, the other at {_place(code)}."
                " They would answer for each other.",
                hint="Rename one of them.",
                path=path,
            )
    _REGISTRY.functions[path] = magic


def _typed_in(magic: Any, code: CodeType) -> bool:
    """In a notebook or the REPL, where a function is replaced by typing it again: there its code is part of its id."""
    return magic.__module__ == "__main__" and not os.path.isfile(code.co_filename)


def _code_of(magic: Any) -> CodeType | None:
    """Of the innermost function: two functions in wrappers of one kind share the wrapper's."""
    *_, innermost = wrapped_chain(underlying(magic.__wrapped__))
    return getattr(innermost, "__code__", None)


def _place(code: CodeType) -> str:
    return f"{code.co_filename}:{code.co_firstlineno}"


def _both_defined(before: CodeType, code: CodeType, magic: Any) -> bool:
    """Only asked when two codes differ, so it may read the source again: a file that was edited and reloaded defines
    the name once, a file with two functions of one name defines it twice."""
    if before.co_filename != code.co_filename:
        module = sys.modules.get(magic.__module__)
        return getattr(module, "__file__", None) in (before.co_filename, None)
    try:
        with open(code.co_filename, "rb") as source:
            tree = compile(source.read(), code.co_filename, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return True  # nothing to ask: what lives under one name twice is two functions
    return _count(tree, code.co_qualname) > 1


def _count(code: CodeType, qualname: str) -> int:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return sum((one.co_qualname == qualname) + _count(one, qualname) for one in inner)
