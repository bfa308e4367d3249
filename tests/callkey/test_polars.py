"""Polars: names, types and values count; chunks and what else is installed do not."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from thds.mops.callkey.canonical import digest
from thds.mops.errors import UnkeyableError

UTC = dt.timezone.utc  # noqa: UP017 - as Polars users write it


def key(value: object) -> bytes:
    return digest(value, "x")


POLARS: list[Any] = [
    pl.Series("l", [[1, 2], None, [], [3]]), pl.Series("l", [[1, 2], [], None, [3]]),
    pl.Series("m", [[1, 2], None, [], [3]]),
    pl.Series("l", [[1], [2], None, [3]]), pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int64, 2)),
    pl.Series([[[1, 2], [3, 4]], None], dtype=pl.Array(pl.Int64, (2, 2))),
    pl.Series([{"x": 1, "y": None}, None, {"x": None, "y": "q"}]),
    pl.Series([True, None, False]), pl.Series([True, False, False]), pl.Series([Decimal("1.50")]),
    pl.Series([Decimal("1.51")]),
    pl.Series([dt.datetime(2020, 1, 1)]), pl.Series([dt.datetime(2020, 1, 1)], dtype=pl.Datetime("ms")),
    pl.Series([dt.datetime(2020, 1, 1, tzinfo=UTC)]), pl.Series([dt.time(1), dt.time(2)]),
    pl.Series([dt.date(2020, 1, 1)]),
    pl.Series([dt.timedelta(1)]), pl.Series(["a", "b", None], dtype=pl.Categorical),
    pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"])),
    pl.Series(["a", "b", None], dtype=pl.Enum(["a", "b"])), pl.Series(["a", "b", None]), pl.Series(["a", "b", ""]),
    pl.Series([b"a", b"b", None]), pl.Series([2**70], dtype=pl.Int128), pl.Series([None, None]), pl.Series([None]),
    pl.Series([1, 2]), pl.Series([1, 2], dtype=pl.Int8), pl.Series([1.0, 2.0]), pl.Series([1.0, None]),
    pl.Series([1.0, float("nan")]),
    pl.DataFrame({"a": [1], "b": ["x"]}), pl.DataFrame({"b": ["x"], "a": [1]}), pl.DataFrame({"a": [1]}),
    pl.DataFrame({"c": [1]}),
    pl.DataFrame(), pl.Int64(), pl.Int8(), pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("us", "UTC"),
    pl.List(pl.Int8),
    pl.List(pl.Int16), pl.Struct({"a": pl.Int8}), pl.Struct({"b": pl.Int8}), pl.col("a") + 1, pl.col("a") + 2,
    pl.Series([{1}, None], dtype=pl.Object), pl.Series([{2}, None], dtype=pl.Object),
]  # fmt: skip


def test_polars_apart() -> None:
    """Names, types, nulls, values."""
    assert len({key(value) for value in POLARS}) == len(POLARS)


@pytest.mark.parametrize(
    "value", [s for s in POLARS if isinstance(s, pl.Series)], ids=lambda s: f"{s.dtype}"[:40]
)
def test_polars_chunks_and_slices_do_not_show(value: Any) -> None:
    """Put together from parts, cut out of a longer one, copied, pickled."""
    size = len(value)
    if value.dtype != pl.Object:
        assert key(value.slice(0, 1).append(value.slice(1))) == key(value)
        twice = pl.concat([value, value])
        assert key(twice.slice(size, size)) == key(value)
        assert key(twice) == key(twice.rechunk())
        assert key(pickle.loads(pickle.dumps(value))) == key(value)
        assert key(value.to_frame()) == key(value.clone().to_frame())
    assert key(value.clone()) == key(value)


def test_polars_large_columns() -> None:
    """Beyond one piece, with nulls; one value in the middle counts."""
    frame = pl.DataFrame({"n": range(150_000), "t": [str(n) if n % 5 else None for n in range(150_000)]})
    parts = pl.concat([frame[:70_001], frame[70_001:]], rechunk=False)
    assert key(parts) == key(frame)
    changed = frame.with_columns(pl.when(pl.col("n") == 75_001).then(None).otherwise(pl.col("t")).alias("t"))
    assert key(changed) != key(frame)


def test_polars_plans_are_refused() -> None:
    """What a plan will read is not part of it."""
    with pytest.raises(UnkeyableError, match="plan"):
        key(pl.LazyFrame({"a": [1]}))


WITHOUT = """
import sys
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nowhere())
import importlib.util, datetime as dt
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {hidden} else find_spec(name, *rest)
import polars as pl
from thds.mops.callkey.canonical import digest
frame = pl.DataFrame({{"n": [1, None, 3], "f": [1.5, 2.5, None], "t": ["a", None, "€"], "b": [True, None, False],
                      "d": [dt.date(2020, 1, 1)] * 3, "l": [[1], None, [2, 3]], "i": [1, 2, 3]}})
frame = frame.with_columns(pl.col("i").cast(pl.UInt16), pl.col("f").cast(pl.Float32).alias("g"))
print(digest(frame, "x").hex())
print(any(name in sys.modules for name in {hidden}))
"""


def test_polars_without_other_libraries(run_python: Callable[..., Any]) -> None:
    """The key does not depend on whether PyArrow, pandas or NumPy are installed."""
    everything = run_python(WITHOUT.format(hidden=("none",))).lines
    for hidden in (("pyarrow", "pandas"), ("pyarrow", "pandas", "numpy")):
        assert run_python(WITHOUT.format(hidden=hidden)).lines == [everything[0], "False"]


def test_no_library_is_imported_for_other_values(run_python: Callable[..., Any]) -> None:
    """Only a value of a library's own type brings in its adapter; small values bring in nothing."""
    code = """
import sys
from thds.mops.callkey.canonical import digest
class C:
    a = 1
digest([C(), {1}, "a" * 10, len], "x")
libraries = ("numpy", "pandas", "polars", "pyarrow", "pydantic", "attr", "torch", "blake3", "inspect", "dis")
print([name for name in libraries if name in sys.modules])
"""
    assert run_python(code).out == "[]"
