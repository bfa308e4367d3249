"""Arrow: schema, and the values that are there. Chunks, offsets, dictionaries and what lies under nulls do not show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from thds.mops.callkey.content import Stream, Validity
from thds.mops.callkey.node import Node, head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What cannot be read in place is copied in pieces of this many rows.
_ROWS = 1 << 18

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
_TEXT_VIEW = tuple(
    getattr(pa.types, name) for name in ("is_string_view", "is_binary_view") if hasattr(pa.types, name)
)
_LISTS = tuple(
    getattr(pa.types, name)
    for name in ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
    if hasattr(pa.types, name)
)


def table(value: Any) -> Node:
    columns = {}
    for place, name in enumerate(value.schema.names):
        columns[f"{place}:{name}"] = values(value.column(place))
    kind = "Table" if isinstance(value, pa.Table) else "RecordBatch"
    return Node(
        head("arrow", kind),
        {"schema": _schema_parts(value.schema), "rows": value.num_rows, "columns": columns},
    )


def array(value: Any) -> Node:
    kind = "ChunkedArray" if isinstance(value, pa.ChunkedArray) else "Array"
    return Node(head("arrow", kind), column(value))


def scalar(value: Any) -> Node:
    return Node(head("arrow", "Scalar"), column(pa.repeat(value, 1)))


def dtype(value: Any) -> Node:
    return Node(head("arrow", "DataType"), dtype_parts(value))


def field(value: Any) -> Node:
    return Node(head("arrow", "Field"), _field_parts(value))


def schema(value: Any) -> Node:
    return Node(head("arrow", "Schema"), _schema_parts(value))


def column(value: Any) -> object:
    """Type and values of an Array or ChunkedArray."""
    return dtype_parts(value.type), values(value)


def values(value: Any) -> object:
    collector = _Collector(value.type)
    for chunk in value.chunks if isinstance(value, pa.ChunkedArray) else (value,):
        collector.add(chunk)
    return collector.parts()


def texts(value: Any) -> object:
    """What `content.Texts` says of the same text or bytes."""
    lengths, data = Stream(), Stream()
    for piece in _pieces(value.chunks if isinstance(value, pa.ChunkedArray) else (value,)):
        piece = _plain(piece)
        lengths.update(_flat(pc.fill_null(pc.cast(pc.binary_length(piece), pa.int64()), -1), 8))
        data.update(_text_bytes(piece.drop_null() if piece.null_count else piece))
    return lengths.stand_in(), data.stand_in()


def dtype_parts(value: Any) -> object:
    """A type taken apart down to its leaves, whose text says all about them. How the items of lists are called
    does not count, as it does not for `equals`."""
    if isinstance(value, pa.BaseExtensionType):
        more = value.__arrow_ext_serialize__() if hasattr(value, "__arrow_ext_serialize__") else None
        return "extension", value.extension_name, dtype_parts(value.storage_type), more
    kind = str(value).partition("<")[0].partition("[")[0]
    if pa.types.is_dictionary(value):
        return "dictionary", dtype_parts(value.index_type), dtype_parts(value.value_type), value.ordered
    if pa.types.is_run_end_encoded(value):
        return "run_end_encoded", dtype_parts(value.run_end_type), dtype_parts(value.value_type)
    if pa.types.is_map(value):
        item = value.item_field
        return (
            "map",
            dtype_parts(value.key_type),
            dtype_parts(value.item_type),
            item.nullable,
            value.keys_sorted,
        )
    if any(test(value) for test in _LISTS):
        size = value.list_size if pa.types.is_fixed_size_list(value) else None
        return "list", kind, dtype_parts(value.value_type), value.value_field.nullable, size
    if value.num_fields:
        codes = list(value.type_codes) if pa.types.is_union(value) else None
        return "fields", kind, [_field_parts(value.field(i)) for i in range(value.num_fields)], codes
    return str(value)


class _Collector:
    """The values of one column, from arrays that may come in many pieces. Nulls are marked, then dropped: the values
    below hold only what is there."""

    __slots__ = ("_children", "_items", "_lengths", "_type", "_validity", "_values")

    def __init__(self, kind: Any) -> None:
        self._type = _stored_as(kind)
        self._validity = Validity()
        self._values = Stream()
        self._lengths = Stream()
        self._items: list[object] = []
        self._children = [_Collector(child) for child in _child_types(self._type)]

    def parts(self) -> object:
        children = [child.parts() for child in self._children]
        own = (self._values.stand_in(), self._lengths.stand_in(), self._items)
        return self._validity.stand_in(), own, children

    def add(self, array: Any) -> None:
        for piece in _pieces((array,)):
            piece = _plain(piece)
            if piece.null_count and not pa.types.is_null(self._type):
                self._validity.add(len(piece), _flat(pc.cast(pc.is_valid(piece), pa.uint8()), 1))
                piece = piece.drop_null()
            else:
                self._validity.add(len(piece))
            self._add_values(piece)

    def _add_values(self, array: Any) -> None:
        kind = self._type
        if pa.types.is_null(kind):
            return
        if pa.types.is_boolean(kind):
            self._values.update(_flat(pc.cast(array, pa.uint8()), 1))
        elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
            self._lengths.update(_flat(pc.cast(pc.binary_length(array), pa.int64()), 8))
            self._values.update(_text_bytes(array))
        elif any(test(kind) for test in _LISTS):
            self._lengths.update(_flat(pc.cast(pc.list_value_length(array), pa.int64()), 8))
            self._children[0].add(array.flatten())
        elif pa.types.is_struct(kind):
            for child, values_of_field in zip(self._children, array.flatten(), strict=True):
                child.add(values_of_field)
        elif pa.types.is_union(kind):
            self._items += [(item.type_code, item.as_py()) for item in array]  # `type_codes` forgets slices
        else:
            self._values.update(_flat(array, kind.bit_width // 8))


def _stored_as(kind: Any) -> Any:
    """The type whose values are collected for it: encodings and extensions do not change what a value is."""
    if isinstance(kind, pa.BaseExtensionType):
        return _stored_as(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _stored_as(kind.value_type)
    if pa.types.is_map(kind):
        return pa.list_(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)]))
    if any(test(kind) for test in (*_TEXT, *_TEXT_VIEW)):
        return pa.large_string() if "string" in str(kind) else pa.large_binary()
    return kind


def _child_types(kind: Any) -> Iterable[Any]:
    if any(test(kind) for test in _LISTS):
        return (kind.value_type,)
    return [kind.field(i).type for i in range(kind.num_fields)] if pa.types.is_struct(kind) else ()


def _plain(array: Any) -> Any:
    """The array as an array of `_stored_as` its type, text apart."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(array.storage)
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array))
    viewless = _stored_as(kind) if pa.types.is_map(kind) else _viewless(kind)
    return array if viewless is kind else array.cast(viewless)


def _viewless(kind: Any) -> Any:
    """The type with offsets in place of views, which few of Arrow's functions know; itself where it has none."""
    if any(test(kind) for test in _TEXT_VIEW):
        return _stored_as(kind)
    if pa.types.is_list(kind) or pa.types.is_large_list(
        kind
    ):  # not list views: casting one loses items (PyArrow 26)
        inner = _viewless(kind.value_type)
        return kind if inner is kind.value_type else pa.large_list(kind.value_field.with_type(inner))
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        inside = [_viewless(field.type) for field in fields]
        if all(new is field.type for new, field in zip(inside, fields, strict=True)):
            return kind
        return pa.struct([field.with_type(new) for field, new in zip(fields, inside, strict=True)])
    return kind


def _pieces(arrays: Iterable[Any]) -> Iterator[Any]:
    for array in arrays:
        for start in range(0, len(array), _ROWS):
            yield array.slice(start, _ROWS)


def _flat(array: Any, width: int) -> Any:
    """The bytes of a fixed-width array without nulls, in place."""
    buffer = array.buffers()[1]
    if buffer is None or len(array) == 0:
        return b""
    return memoryview(buffer).cast("B")[array.offset * width : (array.offset + len(array)) * width]


def _text_bytes(array: Any) -> Any:
    """All the bytes of a text array without nulls, in place."""
    _, offsets, data = array.buffers()
    if data is None or len(array) == 0:
        return b""
    large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    places = memoryview(offsets).cast("B").cast("q" if large else "i")
    return memoryview(data).cast("B")[places[array.offset] : places[array.offset + len(array)]]


def _field_parts(value: Any) -> object:
    return value.name, dtype_parts(value.type), value.nullable, _metadata(value.metadata)


def _schema_parts(value: Any) -> object:
    return [_field_parts(field) for field in value], _metadata(value.metadata)


def _metadata(metadata: Any) -> object:
    """Sorted. What pandas writes into it names versions of libraries; those are left out."""
    if not metadata:
        return None
    found = {key: metadata[key] for key in sorted(metadata)}
    if b"pandas" in found:
        try:
            said = json.loads(found[b"pandas"])
            for name in ("creator", "pandas_version"):
                said.pop(name, None)
            found[b"pandas"] = json.dumps(said, sort_keys=True).encode()
        except (ValueError, AttributeError):
            pass  # not pandas' own: as it stands
    return found
