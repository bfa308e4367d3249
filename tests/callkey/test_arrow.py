"""Arrow: types, names and values count; chunks, slices and what lies under nulls do not."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from thds.mops.callkey.canonical import digest


def key(value: object) -> bytes:
    return digest(value, "x")


ARROW: list[Any] = [
    pa.array(["a", None, "ccc"]), pa.array(["a", None, "c" * 30], pa.string_view()),
    pa.array(["a", None, "ccc"], pa.large_string()),
    pa.array([b"a", None, b"ccc"]),
    pa.array([[("a", 1), ("b", 2)], None, [], [("z", None)]], pa.map_(pa.string(), pa.int64())),
    pa.array([[1, 2], None, [], [3, None]]), pa.array([[1, 2], [], None, [3, None]]),
    pa.array([[1], [2], None, [3, None]]),
    pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)), pa.array([{"a": 1}, None, {"a": None}]),
    pa.array([{"b": 1}, None, {"b": None}]), pa.array([{"a": 1}, {"a": None}, None]),
    pa.array(["a", "b", None, "a"]).dictionary_encode(),
    pa.array([1, None, 3]), pa.array([1, 0, 3]), pa.array([1, None, 3], pa.int32()),
    pa.array([True, None, False] * 5),
    pa.array([True, False, False] * 5), pa.array([None, None]), pa.array([None]), pa.array([Decimal("1.5"), None]),
    pa.array([b"abc", None], pa.binary(3)), pa.array([0], pa.timestamp("ns", "UTC")),
    pa.array([0], pa.timestamp("ns")),
    pa.array([0], pa.timestamp("us")), pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    pa.array([1.5], pa.float16()),
    pa.array([[1, 2], None, [3]], pa.list_view(pa.int64())),
    pa.array([[{"x": ["a", None]}, None], None, []], pa.list_(pa.struct([("x", pa.list_(pa.string()))]))),
    pa.array([{"x": "a" * 20}, None], pa.struct([("x", pa.string_view())])),
    pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])]),
]  # fmt: skip


def test_arrow_apart() -> None:
    """Types, names, nulls, values, kinds of containers."""
    table = pa.table({"a": [1, 2]})
    others = [
        pa.scalar(1), pa.scalar(None, pa.int64()), pa.int64(), pa.int32(), pa.field("a", pa.int64()),
        pa.field("b", pa.int64()),
        pa.field("a", pa.int64(), nullable=False), pa.schema([("a", pa.int64())]), table, pa.table({"b": [1, 2]}),
        pa.table({}),
        table.to_batches()[0], pa.chunked_array([[1, 2]]), pa.array([1, 2]),
        table.replace_schema_metadata({"k": "v"}),
        pa.struct([("a: int64, b", pa.int64())]), pa.struct([("a", pa.int64()), ("b", pa.int64())]),
        pa.py_buffer(b"a"),
    ]  # fmt: skip
    assert len({key(value) for value in [*ARROW, *others]}) == len(ARROW) + len(others)


@pytest.mark.parametrize("array", ARROW, ids=lambda array: str(array.type)[:40])
def test_arrow_chunks_and_slices_do_not_show(array: Any) -> None:
    """Cut anywhere, cut out of anything, copied: the values are what counts."""
    whole, size = key(pa.chunked_array([array])), len(array)
    assert key(pa.chunked_array([array.slice(0, 1), array.slice(1, 0), array.slice(1)], array.type)) == whole
    if not pa.types.is_union(array.type):
        twice = pa.concat_arrays([array, array])
        assert key(twice.slice(size, size)) == key(array)
        rebuilt = pa.array(array.slice(1).to_pylist(), array.type)
        assert key(twice.slice(size + 1)) == key(array.slice(1)) == key(rebuilt)
    assert key(pickle.loads(pickle.dumps(array))) == key(array)


def test_arrow_bytes_under_nulls_do_not_show() -> None:
    """A null is a null, whatever lies there."""
    valid = pa.py_buffer(b"\x05")
    one = pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(np.array([1, 7, 3]))])
    other = pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(np.array([1, 9, 3]))])
    assert key(one) == key(other) == key(pa.array([1, None, 3]))
    all_set = pa.Array.from_buffers(pa.int64(), 3, [pa.py_buffer(b"\x07"), pa.py_buffer(np.array([1, 7, 3]))])
    assert key(all_set) == key(pa.array([1, 7, 3]))


def test_arrow_large_columns() -> None:
    """Beyond one piece and one threshold, with and without nulls."""
    numbers = pa.array(np.arange(600_000))
    nulls = pa.array(np.arange(600_000), mask=np.arange(600_000) % 3 == 0)
    for array in (numbers, nulls, numbers.cast(pa.string()), nulls.cast(pa.large_string())):
        parts = [array.slice(0, 300_001), array.slice(300_001)]
        assert key(pa.chunked_array(parts)) == key(pa.chunked_array([array]))
        assert key(pa.chunked_array(parts[::-1])) != key(pa.chunked_array([array]))


def test_arrow_versions_in_pandas_metadata_do_not_show() -> None:
    """A table made by another version of pandas is the same table; its other metadata counts."""
    table = pa.Table.from_pandas(pd.DataFrame({"a": [1]}))
    older = table.schema.metadata[b"pandas"].replace(pd.__version__.encode(), b"2.0.0")
    assert key(table.replace_schema_metadata({b"pandas": older})) == key(table)
    assert key(table.replace_schema_metadata({b"pandas": older.replace(b'"stop": 1', b'"stop": 2')})) != key(
        table
    )
