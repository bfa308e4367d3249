"""What a value that is not an exact builtin is taken apart into, and how it refuses.

Made by the encoders (`encoders.py` and `adapters/`), read by the two walkers (`tree.py`, `graph.py`). Knows no types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    #: What takes a value apart.
    Encoder: TypeAlias = Callable[[Any], "Node"]


class Node:
    """`head` says what kind of thing this is and names its class; `parts` is any encodable value: builtins and
    children, in an order that means something. `elements` are encodable values in no order.

    With `plain`, messages name the children as those of an ordinary container: `['key']` rather than `.key`.
    """

    __slots__ = ("elements", "head", "parts", "plain")

    def __init__(
        self, head: bytes, parts: object, elements: Iterable[object] | None = None, *, plain: bool = False
    ) -> None:
        self.head = head
        self.parts = parts
        self.elements = elements
        self.plain = plain


def head(kind: str, name: str = "") -> bytes:
    """FROZEN. The tag of a kind, and the class's name, each with its length: no two can be confused."""
    tag, label = kind.encode(), name.encode("utf-8", "surrogatepass")
    return b"%d:%b%d:%b" % (len(tag), tag, len(label), label)


class Refused(Exception):
    """This value has no deterministic key. `reason` completes "`x.y` has no deterministic key: "."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
