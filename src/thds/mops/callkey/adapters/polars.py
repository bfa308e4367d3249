"""Polars: schema, and the values that are there. Chunks and what lies under nulls do not show. Only Polars itself is
needed: where NumPy is missing the same bytes are made without it, more slowly; PyArrow is never used."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import polars as pl

from thds.mops.callkey.content import ROWS, Stream, Texts, Validity
from thds.mops.callkey.instances import labelled
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE_CODES = {
    pl.Int8: "b", pl.UInt8: "B", pl.Int16: "h", pl.UInt16: "H", pl.Int32: "i", pl.UInt32: "I", pl.Int64: "q",
    pl.UInt64: "Q", pl.Float32: "f", pl.Float64: "d",
}  # fmt: skip


def frame(value: Any) -> Node:
    columns = {name: values(series) for name, series in zip(value.columns, value.get_columns(), strict=True)}
    schema = [(name, dtype_parts(kind)) for name, kind in value.schema.items()]
    return _with_class(
        "DataFrame", pl.DataFrame, value, {"schema": schema, "rows": value.height, "columns": columns}
    )


def series(value: Any) -> Node:
    parts = {"name": value.name, "dtype": dtype_parts(value.dtype), "values": values(value)}
    return _with_class("Series", pl.Series, value, parts)


def dtype(value: Any) -> Node:
    return Node(head("polars", "DataType"), dtype_parts(value))


def lazy_frame(_value: Any) -> Node:
    raise Refused("a LazyFrame is a plan, and the files it will read are not part of it", "pass `.collect()`")


def dtype_parts(kind: Any) -> object:
    """Name and parameters; `pl.Int64` and `pl.Int64()` are one."""
    name = kind.base_type().__name__
    if isinstance(kind, pl.Struct):
        return name, [(field.name, dtype_parts(field.dtype)) for field in kind.fields]
    if isinstance(kind, (pl.List, pl.Array)):
        return name, dtype_parts(kind.inner), getattr(kind, "shape", None)
    if isinstance(kind, pl.Enum):
        return name, kind.categories.to_list()
    parameters = ("time_unit", "time_zone", "precision", "scale")
    found = [getattr(kind, parameter, None) for parameter in parameters]
    return name, [text if text is None or isinstance(text, int) else str(text) for text in found]


def values(value: Any) -> object:
    collector = _Collector(value.dtype)
    collector.add(value)
    return collector.parts()


class _Collector:
    """The values of one column. Nulls are marked, then dropped: the values below hold only what is there."""

    __slots__ = ("_children", "_items", "_texts", "_type", "_validity", "_values")

    def __init__(self, kind: Any) -> None:
        self._type = kind
        self._validity = Validity()
        self._values = Stream()
        self._texts = Texts()
        self._items: list[object] = []
        self._children: list[_Collector] = []
        if isinstance(kind, pl.Struct):
            self._children = [_Collector(field.dtype) for field in kind.fields]
        elif isinstance(kind, (pl.List, pl.Array)):
            self._children = [_Collector(kind.inner)]

    def parts(self) -> object:
        own = (self._values.stand_in(), self._texts.stand_in(), self._items)
        return self._validity.stand_in(), own, [child.parts() for child in self._children]

    def add(self, series: Any) -> None:
        for piece in _pieces(series):
            if self._type != pl.Null and piece.null_count():
                self._validity.add(len(piece), _numbers(piece.is_not_null().cast(pl.UInt8)))
                piece = piece.drop_nulls()
            else:
                self._validity.add(len(piece))
            if len(piece):
                self._add_values(piece)

    def _add_values(self, series: Any) -> None:
        kind = self._type
        if kind == pl.Null:
            return
        if isinstance(kind, pl.Struct):
            for child, field in zip(self._children, kind.fields, strict=True):
                child.add(series.struct.field(field.name))
        elif isinstance(kind, pl.List):
            lengths = series.list.len().cast(pl.Int64)
            self._values.update(_numbers(lengths))
            self._children[0].add(_exploded(series.filter(lengths > 0)))
        elif isinstance(kind, pl.Array):
            self._children[0].add(series.reshape((-1,)) if kind.shape[0] else series.clear())
        elif kind == pl.Boolean:
            self._values.update(_numbers(series.cast(pl.UInt8)))
        elif kind in (pl.Categorical, pl.Enum, pl.String):
            self._texts.add(series.cast(pl.String).to_list())
        elif kind == pl.Binary:
            self._texts.add(series.to_list())
        elif kind == pl.Object:
            self._items += series.to_list()
        else:
            self._add_numbers(series.to_physical())

    def _add_numbers(self, series: Any) -> None:
        if series.dtype in _TYPE_CODES:
            self._values.update(_numbers(series))
        else:  # 128 bits, 16 bits: few, and not known to every version
            self._texts.add([repr(number) for number in series.to_list()])


def _numbers(series: Any) -> Any:
    """The bytes of a numeric series without nulls, little-endian."""
    if find_spec("numpy") is not None:
        return memoryview(series.to_numpy()).cast("B") if len(series) else b""
    from array import array

    return array(_TYPE_CODES[series.dtype], series.to_list())


def _pieces(series: Any) -> Iterator[Any]:
    for start in range(0, len(series), ROWS):
        yield series.slice(start, ROWS)


def _with_class(kind: str, exact: type, value: Any, parts: dict[str, object]) -> Node:
    if type(value) is exact:
        return Node(head("polars", kind), parts)
    more = {name: vars(value)[name] for name in sorted(vars(value)) if name not in ("_df", "_s")}
    return labelled(f"polars {kind} subclass", type(value))((parts, more))


def _exploded(lists: Any) -> Any:
    """The items of lists none of which is empty. Some versions want to be told what to do with empty ones."""
    import inspect

    asks = "empty_as_null" in inspect.signature(type(lists).explode).parameters
    return lists.explode(empty_as_null=False) if asks else lists.explode()
