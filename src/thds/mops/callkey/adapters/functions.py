"""Functions as values: by name and logic key where the name leads back to them, else by what they would do."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from thds.mops.callkey import naming
from thds.mops.callkey.code import code_digest, global_names
from thds.mops.callkey.function import ABSENT, cells, function_id, logic_key, logic_keys, named_value
from thds.mops.callkey.node import Node, head

if TYPE_CHECKING:
    from types import CodeType, MethodType

_NAMED = head("function")


def function(value: FunctionType) -> Node:
    if naming.importable(value):
        return Node(_NAMED, (function_id(value), logic_key(value), ()))
    return by_value(value)


def decorated(value: Any) -> Node:
    """One of ours: as its plain function would be, with the logic keys it declares in `calls`."""
    identity, wrapped = value.__mops_identity__, value.__wrapped__
    calls = logic_keys(getattr(value, "__mops_calls__", None) or ())
    bound_to = getattr(value, "__self__", None)
    if bound_to is None and isinstance(wrapped, FunctionType) and "<" not in wrapped.__qualname__:
        return Node(_NAMED, (identity.function_id, identity.logic_key, calls))
    parts = {"logic_keys": (identity.logic_key, calls), "__wrapped__": wrapped, "__self__": bound_to}
    return Node(head("decorated function"), parts)


def by_value(value: FunctionType) -> Node:
    """What it would do: its code, and the values of everything the code reads, at this moment."""
    parts = {
        "code": code_digest(value.__code__),
        "__defaults__": value.__defaults__,
        "__kwdefaults__": _sorted(value.__kwdefaults__),
        "captured": dict(cells(value)),
        "globals": dict(_globals(value)),
        "__dict__": _sorted(value.__dict__),
    }
    return Node(head("function by value"), parts)


class Method:
    """A function in the definition of a class: it is not found under its name unless the class is."""

    __slots__ = ("function",)

    def __init__(self, function: FunctionType) -> None:
        self.function = function

    def __mops_node__(self) -> Node:
        return by_value(self.function)


def bound_method(value: MethodType) -> Node:
    return Node(head("method"), {"__self__": value.__self__, "__func__": value.__func__})


def builtin(value: Any) -> Node:
    """A function written in C, or a method of a value that is one."""
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        return Node(head("builtin", f"{value.__module__}.{value.__qualname__}"), None)
    return Node(head("builtin method", value.__name__), {"__self__": owner})


def descriptor(value: Any) -> Node:
    return Node(head("descriptor", value.__name__), value.__objclass__)


def wrapping(value: Any) -> Node:
    return Node(head(type(value).__name__), {"__func__": value.__func__})


def property_(value: property) -> Node:
    return Node(head("property"), {"fget": value.fget, "fset": value.fset, "fdel": value.fdel})


def code(value: CodeType) -> Node:
    return Node(head("code"), code_digest(value))


def module(value: ModuleType) -> Node:
    name = value.__name__
    if name in naming.MAINS and value is sys.modules.get(name):
        name = naming.main_label(vars(value)) or "__main__"
    return Node(head("module", name), None)


def _globals(value: FunctionType) -> Any:
    """Name and content, `ABSENT` where there is none yet. Builtins are what they are."""
    import builtins

    for name in global_names(value.__code__):
        if name in value.__globals__:
            yield name, named_value(value.__globals__[name])
        elif not hasattr(builtins, name):
            yield name, ABSENT


def _sorted(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: values[name] for name in sorted(values)} if values else None
