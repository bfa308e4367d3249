"""How a decorated function is pickled: by name where its module's name leads to it, else by value.

`__main__` is another module in another process, so what lies there goes both ways at once: by name for the program
itself and its pools, by value for all others.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from thds.mops.callkey.naming import MAINS
from thds.mops.magic.names import found_by_name
from thds.mops.serialize.pickler import dump_by_value
from thds.mops.serialize.wire import PROGRAMS, main_function


class _UnderWay(threading.local):
    """Functions whose pickle by value is being made in this thread: inside it they are named only."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()


_UNDER_WAY = _UnderWay()
_TOKENS: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def reduce(magic: Any, parts: tuple[Any, ...], empty: Callable[[], Any]) -> str | tuple[Any, ...]:
    """What `__reduce__` answers."""
    if not found_by_name(magic):
        return empty, (), parts
    if magic.__module__ not in MAINS:
        return str(magic.__qualname__)
    token = _TOKENS.setdefault(magic, os.urandom(16).hex())
    by_value = b"" if token in _UNDER_WAY.tokens else _by_value(token, parts)
    return main_function, (PROGRAMS.current(), magic.__qualname__, token, empty, by_value)


def _by_value(token: str, parts: tuple[Any, ...]) -> bytes:
    _UNDER_WAY.tokens.add(token)
    try:
        return dump_by_value(parts)
    finally:
        _UNDER_WAY.tokens.discard(token)
