"""Classes as values, and instances whose content is declared: dataclasses and attrs."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.adapters.functions import Method
from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.naming import class_name
from thds.mops.callkey.node import Node, head

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from thds.mops.callkey.node import Encoder

#: In a class's namespace, but not of its author's making, or said elsewhere, or of no influence.
_NOT_DEFINITION = frozenset({
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__",
    "__attrs_attrs__", "__attrs_props__", "__class_vars__", "__dataclass_fields__", "__dataclass_params__",
    "__dict__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__", "__parameters__",
    "__private_attributes__", "__protocol_attrs__", "__qualname__", "__signature__", "__slotnames__",
    "__static_attributes__", "__type_params__", "__weakref__", "_abc_impl",
})  # fmt: skip


def class_value(cls: type) -> Node:
    """A class as a value: its name, or where no name leads back to it, what its author wrote."""
    name = class_name(cls)
    if name is not None:
        return Node(head("class", name), None)
    metaclass = None if type(cls) is type else type(cls)
    bases = cls.__bases__
    return Node(head("class by value"), (cls.__qualname__, metaclass, bases, dict(_definition(cls))))


def dataclass_encoder(cls: type) -> Encoder:
    fields: dict[str, Any] = cls.__dataclass_fields__  # type: ignore[attr-defined]
    names = tuple(name for name, field in fields.items() if field._field_type.name == "_FIELD")
    return _by_fields("dataclass", cls, names)


def attrs_encoder(cls: type) -> Encoder:
    names = tuple(field.name for field in cls.__attrs_attrs__)  # type: ignore[attr-defined]
    # A slotted class remembers its cached properties in slots beside those of the fields.
    slots = {
        slot
        for base in cls.__mro__
        if "__attrs_attrs__" in vars(base)
        for slot in vars(base).get("__slots__", ())
    }
    return _by_fields("attrs", cls, names, slots)


def _by_fields(kind: str, cls: type, names: tuple[str, ...], remembered: Collection[str] = ()) -> Encoder:
    """Declared fields in their order; then whatever else an instance carries, so that no difference is lost."""
    make = labelled(kind, cls)
    left_out = (cached_properties(cls) | set(remembered)) - set(names)

    def encode(obj: Any) -> Node:
        found = attributes(obj, left_out)
        fields = {name: found.pop(name) for name in names if name in found}
        return make((fields, found or None))

    return encode


def _definition(cls: type) -> Iterator[tuple[str, object]]:
    members = vars(cls)
    if "__attrs_attrs__" in members:
        yield (
            "__attrs_attrs__",
            [(a.name, a.default, a.validator, a.converter) for a in members["__attrs_attrs__"]],
        )
    enum_members = members.get("_member_map_") or {}
    if enum_members:
        yield "_member_map_", {name: member._value_ for name, member in enum_members.items()}
    for name in sorted(members):
        sunder_of_enum = "_member_map_" in members and name.startswith("_") and name.endswith("_")
        if name in _NOT_DEFINITION or name in enum_members or name.startswith("__pydantic_"):
            continue
        if (sunder_of_enum and not name.startswith("__")) or _generated_by_attrs(members[name]):
            continue
        yield name, _member(cls, members[name])


def _generated_by_attrs(member: Any) -> bool:
    """It follows from the fields; and its code has a constant in it that differs with the hash seed."""
    return isinstance(member, FunctionType) and member.__code__.co_filename.startswith("<attrs generated")


def _member(cls: type, member: Any) -> object:
    """A member of a class, in which the class's own functions go by value."""
    if isinstance(member, FunctionType):
        return Method(member) if member.__qualname__.startswith(f"{cls.__qualname__}.") else member
    if type(member) in (staticmethod, classmethod):
        return type(member).__name__, _member(cls, member.__func__)
    if type(member) is property:
        return "property", [_member(cls, part) for part in (member.fget, member.fset, member.fdel)]
    if getattr(member, "__objclass__", None) is cls:
        return "slot", member.__name__
    return member
