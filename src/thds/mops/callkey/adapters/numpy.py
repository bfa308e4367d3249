"""NumPy: dtype with byte order, shape, and content in C order. Strides, padding and memory maps do not show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from thds.mops.callkey.content import BLOCK, LARGE, stand_in, stand_in_of
from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Instance attributes of a MaskedArray that its parts say already, or that are its own bookkeeping.
_MASK_STATE = frozenset(
    {"_mask", "_fill_value", "_hardmask", "_sharedmask", "_isfield", "_baseclass", "_basedict"}
)
#: x87 extended numbers: ten bytes that mean something, the rest is whatever lay there.
_EXTENDED = np.finfo(np.longdouble).nmant == 63


def array(value: Any) -> Node:
    cls = type(value)
    base = value.view(np.ndarray)
    parts = (dtype_parts(base.dtype), base.shape, content(base))
    if cls is np.ndarray or cls is np.memmap:
        return Node(head("ndarray"), parts)
    return _subclass("ndarray subclass", cls)((parts, attributes(value, cached_properties(cls))))


def masked(value: Any) -> Node:
    cls = type(value)
    data, mask = value.view(np.ndarray), np.ma.getmaskarray(value)
    parts = (dtype_parts(data.dtype), data.shape, content(data), content(mask), value.hardmask)
    fill = np.asarray(value.fill_value)
    more = attributes(value, cached_properties(cls) | _MASK_STATE)
    return _subclass("MaskedArray", cls)((parts, (dtype_parts(fill.dtype), content(fill)), more))


def _subclass(kind: str, cls: type) -> Callable[..., Node]:
    """As `labelled`; NumPy's own classes without the module, which differs between its versions."""
    if cls.__module__.partition(".")[0] != "numpy":
        return labelled(kind, cls)
    return partial(Node, head(kind, f"numpy.{cls.__qualname__}"))


def scalar(value: Any) -> Node:
    """By dtype rather than by class: `longlong` and `int64` are one thing under two names."""
    single = np.asarray(value)
    if single.dtype.kind in "fc" and np.isnan(value):
        parts: tuple[object, ...] = (dtype_parts(single.dtype), "nan", _nan_parts(value))
    else:
        parts = (dtype_parts(single.dtype), content(single))
    if type(value) is single.dtype.type:
        return Node(head("numpy scalar"), parts)
    cls = type(value)
    return _subclass("numpy scalar subclass", cls)((parts, attributes(value, cached_properties(cls))))


def dtype(value: Any) -> Node:
    return Node(head("dtype"), dtype_parts(value))


def ufunc(value: Any) -> Node:
    """By name and signature: universal functions do not say which module they are from."""
    if " " in value.__name__:  # made by frompyfunc or vectorize
        raise Refused(
            f"the universal function {value.__name__!r} is made from a Python function that it hides"
        )
    return Node(head("ufunc"), (value.__name__, value.nin, value.nout, list(value.types)))


def dtype_parts(dtype: Any) -> object:
    """Names, formats and shapes of fields; not their offsets, titles and padding."""
    if dtype.names is not None:
        fields = [(name, dtype_parts(dtype.fields[name][0])) for name in dtype.names]
        return ("record" if dtype.type is np.record else "struct"), fields
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return "subarray", dtype_parts(base), shape
    if dtype.kind == "T":
        missing = (dtype.na_object,) if hasattr(dtype, "na_object") else ()
        return "StringDType", dtype.coerce, missing
    if dtype.num < 0:
        raise Refused(
            f"its dtype {dtype!r} may keep its content elsewhere", "register_encoder can say what it is"
        )
    if dtype.type.__module__.partition(".")[0] == "numpy":
        return dtype.str
    return dtype.str, f"{dtype.type.__module__}.{dtype.type.__qualname__}"


def content(values: Any) -> object:
    """The elements of an ndarray in C order: of structs field by field, of objects one by one, else as bytes."""
    dtype = values.dtype
    if dtype.names is not None:
        return {name: content(values[name]) for name in dtype.names}
    if dtype.hasobject or dtype.kind == "T":
        return values.ravel().tolist()
    if _EXTENDED and dtype.kind in "fc" and dtype.type in (np.longdouble, np.clongdouble):
        return stand_in_of(_without_padding(block) for block in _blocks(values))
    if values.nbytes == 0:
        return stand_in(b"")
    if values.flags.c_contiguous:
        return stand_in(_as_bytes(values))
    if values.nbytes < LARGE:
        return stand_in(values.tobytes())
    return stand_in_of(_as_bytes(block) for block in _blocks(values))


def _as_bytes(values: Any) -> Any:
    return values.reshape(-1).view(np.uint8)


def _without_padding(values: Any) -> bytes:
    real = values.reshape(-1).view(
        np.longdouble if values.dtype.isnative else values.dtype.str.replace("c32", "f16")
    )
    size = real.dtype.itemsize
    raw = real.view(np.uint8).reshape(-1, size)
    kept: bytes = (raw[:, :10] if values.dtype.str[0] != ">" else raw[:, size - 10 :]).tobytes()
    return kept


def _blocks(values: Any) -> Iterator[Any]:
    """Contiguous copies of at most BLOCK bytes, in C order."""
    if values.nbytes <= BLOCK or values.ndim == 0:
        yield np.ascontiguousarray(values)
        return
    rows = BLOCK * len(values) // values.nbytes
    if rows == 0:
        for row in values:
            yield from _blocks(row)
        return
    for start in range(0, len(values), rows):
        yield np.ascontiguousarray(values[start : start + rows])


def _nan_parts(value: Any) -> object:
    """Of a complex number only one half may be a NaN."""
    if not np.iscomplexobj(value):
        return None
    return [None if np.isnan(half) else content(np.asarray(half)) for half in (value.real, value.imag)]
