"""Which encoder takes apart which class; the order of the questions is the rule book.

Called by `tree.Walk`, once per class and walk. What is not listed goes by its reduction (`reduction.py`), and what
has none is refused.
"""

from __future__ import annotations

from types import ModuleType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any

from thds.mops.callkey import registry
from thds.mops.callkey.naming import class_name
from thds.mops.callkey.node import Node, Refused

if TYPE_CHECKING:
    from thds.mops.callkey.node import Encoder

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def encoder_for(cls: type) -> Encoder:
    encoder = registry.known.get(cls)
    if encoder is None:
        encoder = _find(cls)
        if class_name(cls) is not None:
            registry.known[cls] = encoder
    return encoder


def _find(cls: type) -> Encoder:
    if issubclass(cls, type):
        from thds.mops.callkey.adapters.classes import class_value

        return class_value
    if hasattr(cls, "__mops_node__"):  # our own
        return cls.__mops_node__  # type: ignore[no-any-return]
    if hasattr(cls, "__mops_identity__"):
        from thds.mops.callkey.adapters.functions import decorated

        return decorated
    if hasattr(cls, "__mops_key__"):
        return registry.said_by(cls, "__mops_key__", lambda obj: obj.__mops_key__())
    return registry.find(cls) or _by_shape(cls)


def _by_shape(cls: type) -> Encoder:
    if issubclass(cls, ModuleType):
        from thds.mops.callkey.adapters.functions import module

        return module
    if issubclass(cls, (set, frozenset)):
        from thds.mops.callkey.adapters.builtin import set_like

        return set_like
    if cls is object:
        return _refuse_bare_object
    if isinstance(getattr(cls, "__next__", None), WrapperDescriptorType) and cls.__module__ != "_io":
        return _refuse_iterator
    if _keeps_all_in_attributes(cls):
        if hasattr(cls, "__dataclass_fields__"):
            from thds.mops.callkey.adapters.classes import dataclass_encoder

            return dataclass_encoder(cls)
        if hasattr(cls, "__attrs_attrs__"):
            from thds.mops.callkey.adapters.classes import attrs_encoder

            return attrs_encoder(cls)
    from thds.mops.callkey.reduction import reduction_encoder

    return reduction_encoder(cls)


def _keeps_all_in_attributes(cls: type) -> bool:
    """Whether no base written in C (`dict`, `Exception` ...) holds content that is not an attribute."""
    return cls.__itemsize__ == 0 and all(
        base is object or base.__flags__ & _HEAP_TYPE for base in cls.__mro__
    )


def _refuse_bare_object(_obj: Any) -> Node:
    hint = "make it an instance of a class of its own, or an enum member"
    raise Refused("a bare `object()` is only its identity", hint)


def _refuse_iterator(_obj: Any) -> Node:
    raise Refused("an iterator is used up by being read", "pass what it iterates over, such as a list")
