"""What an exception is taken apart into, so that it can be made again without its class's own `__init__`. Used by the
picklers, for exceptions inside values, and by `exceptions`, for those that were raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from thds.mops.serialize import wire


def reduced(error: BaseException, carried: Callable[[Any], Any] = lambda value: value) -> tuple[Any, ...]:
    """As `__reduce__` answers. `carried` may put something else in the place of what cannot be pickled."""
    attributes = {name: carried(value) for name, value in vars(error).items()}
    kept = {name: carried(value) for name, value in slots(error)}
    return wire.exception, (type(error), tuple(map(carried, error.args)), attributes, kept)


def needs_it(value: object) -> bool:
    """Whether it is an exception whose class leaves pickling to its base: that calls `__init__` with `args`, which is
    right for the interpreter's own exceptions only."""
    if not isinstance(value, BaseException):
        return False
    says_how = next(cls for cls in type(value).__mro__ if {"__reduce__", "__reduce_ex__"} & vars(cls).keys())
    return type(value).__module__ != "builtins" and says_how.__module__ == "builtins"


def slots(error: BaseException) -> Iterator[tuple[str, object]]:
    """What is kept outside of `__dict__`, as far as it is set: `__slots__`, and fields of the interpreter's own."""
    for cls in type(error).__mro__:
        if cls in (BaseException, Exception, object):
            continue
        for name, descriptor in vars(cls).items():
            if isinstance(descriptor, MemberDescriptorType | GetSetDescriptorType) and name != "__dict__":
                value = getattr(error, name, None)
                if value is not None:
                    yield name, value
