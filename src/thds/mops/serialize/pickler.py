"""A value to a pickle with its large buffers apart, and back. Called by memo (results) and invocation (arguments).

Plain C pickling first: it is what nearly every value needs. What lives in `__main__` or has no importable name goes by
value, through cloudpickle, which is imported only then.
"""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from thds.mops.callkey.naming import MAINS
from thds.mops.serialize.wire import PROGRAMS, main_class

T = TypeVar("T")

PROTOCOL = 5
#: Below this a buffer stays inside the pickle: a copy of it costs less than a row in the table and a page of padding.
LEAST_OUT_OF_BAND = 4096


class Pickled:
    """`data` is the pickle, `buffers` the raw memory of its out-of-band parts, not copied: they must not change
    before they are written."""

    __slots__ = ("buffers", "data")

    def __init__(self, data: bytes, buffers: Sequence[memoryview]) -> None:
        self.data = data
        self.buffers = buffers


class _NeedsByValue(Exception):
    """Something of `__main__` was met; a name would not find it elsewhere."""


class _ByNamePickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        # Asked for everything but exact builtins. Classes and functions are pickled by name only.
        if isinstance(obj, (type, types.FunctionType)) and obj.__module__ in MAINS:
            raise _NeedsByValue
        return NotImplemented


class _Buffers:
    """Collects buffers that are worth keeping apart."""

    def __init__(self) -> None:
        self.taken: list[memoryview] = []

    def __call__(self, buffer: pickle.PickleBuffer) -> bool:
        try:
            raw = buffer.raw()
        except BufferError:  # not contiguous: only the pickle can hold it
            return True
        if raw.nbytes < LEAST_OUT_OF_BAND:
            return True
        self.taken.append(raw)
        return False


def dump(value: object, *, out_of_band: bool = True) -> Pickled:
    """Raises whatever pickling raises; `unpicklable.where` finds the path of the culprit afterwards."""
    try:
        return _dump_with(_ByNamePickler, value, out_of_band)
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - reducers are users' code and raise anything; by value may yet succeed
        return _dump_with(_by_value_pickler(), value, out_of_band)


def _dump_with(pickler: Callable[..., Any], value: object, out_of_band: bool) -> Pickled:
    stream, buffers = io.BytesIO(), _Buffers()
    pickler(stream, PROTOCOL, buffer_callback=buffers if out_of_band else None).dump(value)
    return Pickled(stream.getvalue(), buffers.taken)


def dump_by_value(value: object) -> bytes:
    """A pickle that names nothing of `__main__`."""
    return _dump_with(_by_value_pickler(), value, out_of_band=False).data


def load(data: bytes | memoryview, buffers: Sequence[object] = ()) -> Any:
    name = PROGRAMS.module_run()
    if name is None:
        return pickle.loads(data, buffers=buffers)
    return _OfMain(name, io.BytesIO(data), buffers=buffers).load()


class _OfMain(pickle.Unpickler):
    """In a process that was started as `python -m package.module`: what was stored by somebody who imported that module
    is found in `__main__`. Importing it here would make a second set of classes."""

    def __init__(self, name: str, stream: io.BytesIO, **options: Any) -> None:
        super().__init__(stream, **options)
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class("__main__" if module == self._name else module, name)


_loaded: list[type] = []


def _by_value_pickler() -> type:
    if not _loaded:
        import cloudpickle

        if "__mp_main__" in sys.modules:  # a child of multiprocessing that was spawned
            cloudpickle.register_pickle_by_value(sys.modules["__mp_main__"])

        class ByValuePickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle ships no types
            def reducer_override(self, obj: Any) -> Any:
                if isinstance(obj, (io.IOBase, memoryview)):  # it would come back as something else
                    raise TypeError(f"cannot pickle {type(obj).__name__!r} object")
                if _is_class_of_main(obj):
                    return main_class, (PROGRAMS.of(obj), obj.__qualname__, cloudpickle.dumps(obj, PROTOCOL))
                return super().reducer_override(obj)

        _loaded.append(ByValuePickler)
    return _loaded[0]


def _is_class_of_main(obj: Any) -> bool:
    return isinstance(obj, type) and obj.__module__ in MAINS and "<locals>" not in obj.__qualname__
