"""Pickling what no module's name leads to: functions and classes of `__main__`, lambdas, what is defined in functions.

Through cloudpickle, which is imported only when something of the kind is met. Used by `pickler`.
"""

from __future__ import annotations

import functools
import io
import sys
import typing
from typing import Any

from thds.mops.callkey.naming import MAINS
from thds.mops.serialize import rebuild, wire

_PROTOCOL = 5


@functools.cache
def pickler(*, whole: bool) -> Any:
    """A class like `pickle.Pickler`. `whole`: classes of `__main__` lie in the same pickle, so that whatever refers to
    one gets the same; otherwise each is named, with a pickle of its own for readers who do not have it."""
    import cloudpickle

    if "__mp_main__" in sys.modules:  # a child of multiprocessing that was spawned
        cloudpickle.register_pickle_by_value(sys.modules["__mp_main__"])

    class ByValuePickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle ships no types
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, (io.IOBase, memoryview)):  # it would come back as something else
                raise TypeError(f"cannot pickle {type(obj).__name__!r} object")
            if rebuild.needs_it(obj):
                return rebuild.reduced(obj)
            known = _everyday(obj)
            if known is not None:
                return known
            usual = super().reducer_override(obj)
            if usual is NotImplemented or not _is_class_of_main(obj):
                return usual
            return _class_of_main(obj, usual, whole)

    return ByValuePickler


def _is_class_of_main(obj: Any) -> bool:
    return isinstance(obj, type) and obj.__module__ in MAINS and "<locals>" not in obj.__qualname__


def _class_of_main(cls: type, usual: tuple[Any, ...], whole: bool) -> tuple[Any, ...]:
    program = wire.PROGRAMS.of(cls)
    if not whole:
        stream = io.BytesIO()
        pickler(whole=True)(stream, _PROTOCOL).dump(cls)
        return wire.main_class, (program, cls.__qualname__, stream.getvalue())
    make, arguments, state, *_, fill = usual
    return wire.skeleton, (program, cls.__qualname__, make, arguments), (fill, state), None, None, wire.fill


def _everyday(obj: Any) -> tuple[Any, ...] | None:
    """Things of scripts that pickle by name only, or not at all."""
    if getattr(obj, "__module__", None) in MAINS:
        if isinstance(obj, functools._lru_cache_wrapper):
            options = obj.cache_parameters()
            return wire.lru_cached, (obj.__wrapped__, options["maxsize"], options["typed"])
        if isinstance(obj, typing.NewType):
            return typing.NewType, (obj.__name__, obj.__supertype__)
        if isinstance(obj, typing.ParamSpec):
            return typing.ParamSpec, (obj.__name__,)
    if type(obj) is functools.cached_property:  # has a lock, in Python 3.11
        return wire.cached_property, (obj.func, obj.attrname)
    return None
