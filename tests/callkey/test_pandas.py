"""pandas: labels, index, types and values count; blocks, storage and what lies under missing values do not."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from thds.mops.callkey.canonical import digest

DAYS = pd.date_range("2020", periods=3)


def key(value: object) -> bytes:
    return digest(value, "x")


class Frame(pd.DataFrame):
    _metadata = ["note"]  # noqa: RUF012 - as pandas wants it

    @property
    def _constructor(self) -> Any:
        return Frame


PANDAS: list[Any] = [
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"a": [1, 2], "c": ["x", None]}),
    pd.DataFrame({"b": ["x", None], "a": [1, 2]}), pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), pd.DataFrame(),
    pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1, 2]}, index=[0, 1]),
    pd.DataFrame({"a": [1, 2]}, index=["0", "1"]), pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(1, 3)),
    pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), pd.DataFrame([[1, 2], [3, 4]], columns=["a", "b"]),
    Frame({"a": [1]}),
    pd.DataFrame({"a": [1]}), pd.Series([1, 2]), pd.Series([1, 2], name="a"), pd.Series([1, 2], index=[1, 2]), [1, 2],
    pd.Series([1, None]), pd.Series([1, None], dtype="Int64"), pd.Series([1, 0], dtype="Int64"),
    pd.Series([1, 0], dtype="Int32"),
    pd.Series([1, 0], dtype="int64[pyarrow]"), pd.Series([1, None], dtype="int64[pyarrow]"),
    pd.Series([True, None], dtype="boolean"),
    pd.Series([1.5, None], dtype="Float64"), pd.Series(["a", None], dtype="string"),
    pd.Series(["a", None], dtype=object),
    pd.Series(["a", "b"], dtype="category"), pd.Series(pd.Categorical(["a", "b"], ["b", "a"])),
    pd.Series(pd.Categorical(["a", "b"], ordered=True)), pd.Series(["a", "b"]), pd.arrays.SparseArray([0, 0, 1]),
    DAYS, pd.DatetimeIndex(list(DAYS)), pd.Series(DAYS), pd.date_range("2020", periods=3, tz="UTC"),
    pd.date_range("2020", periods=3, tz="Europe/Berlin"), pd.timedelta_range("1D", periods=3),
    pd.period_range("2020", periods=3, freq="M"), pd.period_range("2020", periods=3, freq="Y"),
    pd.IntervalIndex.from_breaks([1, 2, 3]), pd.IntervalIndex.from_breaks([1, 2, 3], closed="left"),
    pd.MultiIndex.from_product([["a"], [1, 2]]), pd.MultiIndex.from_product([["a"], [1, 2]], names=["n", None]),
    pd.RangeIndex(3), pd.Index([0, 1, 2]), pd.Index(["a"]), pd.Index(["a"], name="n"), pd.CategoricalIndex(["a"]),
    pd.NaT, pd.NA,
    None, pd.Timestamp("2020"), pd.Timestamp("2020", tz="UTC"), dt.datetime(2020, 1, 1), pd.Timedelta("1D"),
    dt.timedelta(1),
    pd.Period("2020-01"), pd.Period("2020", "Y"), pd.Interval(1, 2), pd.DateOffset(months=1), pd.offsets.MonthEnd(),
    pd.CategoricalDtype(["a"]), pd.CategoricalDtype(["b"]), pd.DatetimeTZDtype("ns", "UTC"),
    pd.DatetimeTZDtype("us", "UTC"),
    pd.PeriodDtype("M"), pd.IntervalDtype("int64"), pd.Int64Dtype(), pd.Int32Dtype(), pd.StringDtype(),
    pd.BooleanDtype(),
    pd.ArrowDtype(pa.int64()),
]  # fmt: skip


def test_pandas_apart() -> None:
    """Labels, index, types, values, categories, zones."""
    assert len({key(value) for value in PANDAS}) == len(PANDAS)


@pytest.mark.parametrize("value", PANDAS, ids=lambda value: f"{type(value).__name__}")
def test_pandas_copies(value: Any) -> None:
    """A deep copy and a pickle have the same digest."""
    assert key(copy.deepcopy(value)) == key(value) == key(pickle.loads(pickle.dumps(value)))


def test_pandas_blocks_do_not_show() -> None:
    """A frame from one array, from columns, put together step by step, cut out of a larger one."""
    values = np.random.default_rng(0).random((50, 4))
    whole = pd.DataFrame(values, columns=list("abcd"))
    by_column = pd.DataFrame({name: values[:, place].copy() for place, name in enumerate("abcd")})
    grown = pd.DataFrame(index=pd.RangeIndex(50))
    for place, name in enumerate("abcd"):
        grown[name] = values[:, place]
    cut = pd.concat([whole, whole.rename(columns=str.upper)], axis=1)[list("abcd")]
    assert key(whole) == key(by_column) == key(grown) == key(cut) == key(pd.concat([whole[:20], whole[20:]]))
    changed = whole.copy()
    changed.loc[25, "c"] += 1
    assert key(changed) != key(whole)


def test_pandas_what_lies_under_missing_values() -> None:
    """Masked values, categories' codes of every width, sparse fill, and the storage of strings."""
    hidden = pd.array([1, 5, 3], dtype="Int64")
    hidden[1] = pd.NA
    assert key(pd.Series(hidden)) == key(pd.Series([1, None, 3], dtype="Int64"))
    for na_value in (pd.NA, np.nan):
        python = pd.Series(["a", None, "€" * 3], dtype=pd.StringDtype("python", na_value=na_value))
        arrow = pd.Series(["a", None, "€" * 3], dtype=pd.StringDtype("pyarrow", na_value=na_value))
        assert key(python) == key(arrow)
        assert key(python[1:]) == key(arrow[1:])
    long = [f"text {number}" if number % 7 else None for number in range(150_000)]
    assert key(pd.Series(long, dtype="string[python]")) == key(pd.Series(long, dtype="string[pyarrow]"))


def test_pandas_attributes_and_subclasses() -> None:
    """`attrs`, flags, and what a subclass adds."""
    plain, noted = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    noted.attrs["source"] = "x"
    assert key(plain) != key(noted)
    one, other = Frame({"a": [1]}), Frame({"a": [1]})
    one.note, other.note = "m", "km"  # type: ignore[attr-defined]
    assert key(one) != key(other)
    other.note = "m"  # type: ignore[attr-defined]
    assert key(one) == key(other)
    used = pd.DataFrame({"a": [1]})
    assert used["a"].sum() == 1
    assert key(used) == key(plain)
