"""pandas: index, column labels, and each column's values. How columns lie in blocks does not show, nor what lies
under a missing value, nor whether strings are kept as Python's or as Arrow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thds.mops.callkey.adapters import numpy as arrays
from thds.mops.callkey.content import ROWS, Texts, stand_in_of
from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.node import Node, head
from thds.mops.callkey.reduction import reduction_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What pandas itself keeps in the `__dict__` of a frame or series.
_OWN_STATE = frozenset(
    {"_attrs", "_cacher", "_flags", "_index", "_is_copy", "_item_cache", "_metadata", "_mgr", "_name", "_typ"}
)


def frame(value: Any) -> Node:
    columns = [value.iloc[:, place].array for place in range(value.shape[1])]
    parts = {"columns": value.columns, "index": value.index, "values": columns, **_common(value)}
    return _with_class("DataFrame", value, parts)


def series(value: Any) -> Node:
    parts = {"name": value.name, "index": value.index, "values": value.array, **_common(value)}
    return _with_class("Series", value, parts)


def index(value: Any) -> Node:
    kind, names = type(value).__name__, list(value.names)
    if isinstance(value, pd.RangeIndex):
        parts: dict[str, object] = {"range": (value.start, value.stop, value.step)}
    elif isinstance(value, pd.MultiIndex):
        parts = {"levels": [value.get_level_values(place).array for place in range(value.nlevels)]}
    else:
        parts = {"values": value.array, "freq": getattr(value, "freqstr", None)}
    if type(value).__module__.partition(".")[0] == "pandas":
        return Node(head("Index", kind), {"names": names, **parts})
    return labelled("Index", type(value))({"names": names, **parts})


def extension_array(value: Any) -> Node:
    if type(value).__module__.partition(".")[0] != "pandas":
        return reduction_encoder(type(value))(value)
    dtype = value.dtype
    if isinstance(dtype, pd.StringDtype):
        return Node(head("string array"), (_string_dtype(dtype), _texts(value)))
    if isinstance(value, pd.Categorical):
        codes = arrays.content(np.asarray(value.codes, dtype=np.int64))
        return Node(
            head("Categorical"), {"categories": value.categories, "ordered": value.ordered, "codes": codes}
        )
    if isinstance(dtype, pd.ArrowDtype):
        from thds.mops.callkey.adapters import arrow

        return Node(head("arrow extension array"), arrow.column(value.__arrow_array__()))
    if isinstance(value, pd.arrays.IntervalArray):
        return Node(head("IntervalArray"), {"left": value.left, "right": value.right, "closed": value.closed})
    if hasattr(value, "_mask") and hasattr(value, "_data"):
        return Node(
            head("masked array"),
            (dtype.name, arrays.content(value._mask), _unmasked(value._data, value._mask)),
        )
    if hasattr(value, "asi8"):  # dates, times, periods
        named = arrays.dtype_parts(dtype) if isinstance(dtype, np.dtype) else dtype
        return Node(head("date-like array"), {"dtype": named, "values": arrays.content(value.asi8)})
    if isinstance(value, pd.arrays.SparseArray):
        return Node(head("SparseArray"), {"dtype": dtype, "values": np.asarray(value)})
    return Node(head("array"), {"values": np.asarray(value)})


def extension_dtype(value: Any) -> Node:
    if type(value).__module__.partition(".")[0] != "pandas":
        return reduction_encoder(type(value))(value)
    kind = head("dtype", type(value).__name__)
    if isinstance(value, pd.StringDtype):
        return Node(kind, _string_dtype(value))
    if isinstance(value, pd.ArrowDtype):
        return Node(kind, {"pyarrow_dtype": value.pyarrow_dtype})
    if isinstance(value, pd.CategoricalDtype):
        return Node(kind, {"categories": value.categories, "ordered": value.ordered})
    if isinstance(value, pd.DatetimeTZDtype):
        return Node(kind, {"unit": value.unit, "tz": value.tz})
    if isinstance(value, pd.SparseDtype):
        return Node(kind, {"subtype": value.subtype, "fill_value": value.fill_value})
    if isinstance(value, pd.IntervalDtype):
        return Node(kind, {"subtype": value.subtype, "closed": value.closed})
    return Node(kind, str(value))


def timestamp(value: Any) -> Node:
    return Node(head("Timestamp"), {"asm8": value.asm8, "tz": value.tz, "fold": value.fold})


def timedelta(value: Any) -> Node:
    return Node(head("pandas Timedelta"), {"asm8": value.asm8})


def period(value: Any) -> Node:
    return Node(head("Period"), (value.ordinal, value.freqstr))


def missing(value: Any) -> Node:
    return Node(head("missing", str(value)), None)


def _common(value: Any) -> dict[str, object]:
    return {"attrs": dict(value.attrs), "unique_labels": not value.flags.allows_duplicate_labels}


def _with_class(kind: str, value: Any, parts: dict[str, object]) -> Node:
    cls = type(value)
    if cls is pd.DataFrame or cls is pd.Series:
        return Node(head(kind), parts)
    declared = {name: getattr(value, name, None) for name in sorted(cls._metadata) if name != "_name"}
    more = (declared, attributes(value, cached_properties(cls) | _OWN_STATE | declared.keys()))
    return labelled(f"{kind} subclass", cls)((parts, more))


def _string_dtype(dtype: Any) -> str:
    return "NA" if dtype.na_value is pd.NA else "nan"


def _texts(value: Any) -> object:
    if hasattr(value, "_pa_array"):
        from thds.mops.callkey.adapters import arrow

        return arrow.texts(value.__arrow_array__())
    texts = Texts()
    for start in range(0, len(value), ROWS):
        part = value[start : start + ROWS]
        texts.add(None if gone else text for text, gone in zip(part, part.isna(), strict=True))
    return texts.stand_in()


def _unmasked(data: Any, mask: Any) -> object:
    """The values, with zeros where they are missing: what lies there is an accident."""
    if not mask.any():
        return arrays.content(data)
    return stand_in_of(_zeroed(data, mask))


def _zeroed(data: Any, mask: Any) -> Iterator[bytes]:
    for start in range(0, len(data), ROWS):
        part = data[start : start + ROWS].copy()
        part[mask[start : start + ROWS]] = 0
        yield part.tobytes()
