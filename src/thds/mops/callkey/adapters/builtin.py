"""Exact builtins that the pickler would not encode canonically, and subclasses of sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thds.mops.callkey.content import stand_in
from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.node import Node, head

if TYPE_CHECKING:
    from collections.abc import Mapping


def complex_number(value: complex) -> Node:
    return Node(head("complex"), (value.real, value.imag))


def slice_or_range(value: slice | range) -> Node:
    return Node(head(type(value).__name__), {"start": value.start, "stop": value.stop, "step": value.step})


def singleton(value: object) -> Node:
    return Node(head("singleton"), repr(value))


def byte_array(value: bytearray) -> Node:
    return Node(head("bytearray"), stand_in(value))


def memory_view(value: memoryview) -> Node:
    content = value if value.c_contiguous else value.tobytes()
    return Node(head("memoryview"), (value.format, value.shape, stand_in(content)))


def mapping_proxy(value: Mapping[Any, Any]) -> Node:
    return Node(head("mappingproxy"), dict(value), plain=True)


def exact_set(value: set[Any] | frozenset[Any]) -> Node:
    return Node(head(type(value).__name__), None, value)


def set_like(value: Any) -> Node:
    """A subclass of `set` or `frozenset`. Its own reduction lists the elements in an order that depends on the hash
    seed."""
    cls = type(value)
    base: Any = set if issubclass(cls, set) else frozenset
    elements = list(base.__iter__(value))
    return labelled(f"{base.__name__} subclass", cls)(attributes(value, cached_properties(cls)), elements)
