"""Pydantic models: by class and declared fields, whatever the order they were given in. Which of them were given and
which are defaults does not show, as it does not for `==`."""

from __future__ import annotations

from typing import Any

from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.node import Node

_OWN_STATE = frozenset({"__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__"})


def model(value: Any) -> Node:
    cls = type(value)
    names = cls.__pydantic_fields__ if hasattr(cls, "__pydantic_fields__") else cls.model_fields
    found = attributes(value, (cached_properties(cls) | _OWN_STATE) - set(names))
    fields = {name: found.pop(name) for name in names if name in found}
    extra, private = value.__pydantic_extra__, value.__pydantic_private__
    return labelled("pydantic", cls)((fields, found or None, _sorted(extra), _sorted(private)))


def _sorted(members: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: members[name] for name in sorted(members)} if members else None
