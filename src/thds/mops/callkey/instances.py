"""What every encoder of instances needs: a label for the class, and the attributes in an order of their own.

Called by `encoders.py`, `reduction.py` and the adapters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thds.mops.callkey.naming import class_name
from thds.mops.callkey.node import Node, head

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

#: Attributes that are not content: attrs' hash memory, which differs with the hash seed.
_BOOKKEEPING = frozenset({"_attrs_cached_hash"})


def labelled(kind: str, cls: type) -> Callable[..., Node]:
    """Makes nodes of that kind and class: `(parts, elements=None, plain=False)`. A class that no name leads back to
    stands in the parts itself, by its definition."""
    name = class_name(cls)
    label = head(kind, name or "")

    def node(parts: object, elements: Iterable[object] | None = None, *, plain: bool = False) -> Node:
        return Node(label, parts if name else (cls, parts), elements, plain=plain)

    return node


def cached_properties(cls: type) -> frozenset[str]:
    """Names whose values in an instance are only remembered: they follow from the rest."""
    names = {
        name
        for base in cls.__mro__
        for name, member in vars(base).items()
        if type(member).__name__ == "cached_property"
    }
    return frozenset(names | _BOOKKEEPING)


def ordered_state(state: object, left_out: Collection[str]) -> object:
    """A state as `__getstate__` and `__reduce_ex__` give it, its attributes sorted by name, without `left_out`."""
    if type(state) is tuple and len(state) == 2 and type(state[1]) is dict:
        return ordered_state(state[0], left_out), ordered_state(state[1], left_out)
    if type(state) is dict and all(type(name) is str for name in state):
        return {name: state[name] for name in sorted(state) if name not in left_out}
    return state


def attributes(obj: Any, left_out: Collection[str]) -> dict[str, object]:
    """Instance attributes, from `__dict__` and slots, sorted by name, without `left_out`."""
    state = object.__getstate__(obj)  # copies; it also finds mangled slots
    both = state if type(state) is tuple else (state, None)
    merged = {name: value for part in both if part for name, value in part.items()}
    return {name: merged[name] for name in sorted(merged) if name not in left_out}
