"""A value to a pickle with its large buffers apart, and back. Called by memo (results) and invocation (arguments).

Plain C pickling first: it is what nearly every value needs. What lives in `__main__` or has no importable name goes by
value, through cloudpickle, which is imported only then.
"""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from thds.mops.callkey.naming import MAINS
from thds.mops.serialize import by_value, rebuild
from thds.mops.serialize.wire import PROGRAMS

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
        return rebuild.reduced(obj) if rebuild.needs_it(obj) else NotImplemented


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


def dump(value: object, *, out_of_band: bool = True, whole: bool = False) -> Pickled:
    """Raises whatever pickling raises; `unpicklable.where` finds the path of the culprit afterwards. `whole`: for a
    worker, who is to have the classes of `__main__` as they are here, and not as it may have found them elsewhere."""
    try:
        return _dump_with(_ByNamePickler, value, out_of_band)
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - reducers are users' code and raise anything; by value may yet succeed
        return _dump_with(by_value.pickler(whole=whole), value, out_of_band)


def _dump_with(pickler: Callable[..., Any], value: object, out_of_band: bool) -> Pickled:
    stream, buffers = io.BytesIO(), _Buffers()
    pickler(stream, PROTOCOL, buffer_callback=buffers if out_of_band else None).dump(value)
    return Pickled(stream.getvalue(), buffers.taken)


def dump_by_value(value: object) -> bytes:
    """A pickle that names nothing of `__main__`."""
    return _dump_with(by_value.pickler(whole=True), value, out_of_band=False).data


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
