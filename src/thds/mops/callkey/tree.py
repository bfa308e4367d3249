"""The fast walk: trees of exact builtins through the C pickler, everything else as Merkle nodes.

Called by `canonical.digest`. FROZEN: what goes into the hashers here is the key format. The pickler runs in `fast`
mode (no memo, so nothing depends on which objects are shared), protocol 4, and asks `persistent_id` about every
object; its output is streamed to the hasher in frames of 64 KiB. A node is encoded once per walk: `fast` mode alone
would expand shared instances without end.

Raises `Cyclic` (or the pickler's `ValueError`) for values that contain themselves, `RecursionError` for deep ones,
`Refused` for what has no deterministic key. It knows no paths: `canonical` finds them afterwards, so success pays
nothing for them.
"""

from __future__ import annotations

from hashlib import sha256
from pickle import Pickler
from typing import TYPE_CHECKING, Any

from thds.mops.callkey import content, encoders
from thds.mops.callkey.node import Refused
from thds.mops.callkey.registry import known
from thds.mops.callkey.scalars import scalar_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.callkey.node import Encoder, Node

#: More objects than this in one value (shared ones counted each time) is taken for an explosion.
MOST_VISITED = 100_000_000

_NAN = b"nan"
_UNCHECKED = frozenset({int, bool, type(None)})
_CONTAINERS = frozenset({list, dict, tuple})


class Cyclic(Exception):
    """The value contains itself."""


class TooLarge(Exception):
    """More than MOST_VISITED objects."""


class _Sink:
    __slots__ = ("write",)

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


class _Pickler(Pickler):
    __slots__ = ("walk",)

    walk: Walk

    def persistent_id(self, obj: Any) -> bytes | None:
        """None: the pickler encodes it. Otherwise the token that stands for it."""
        kind = type(obj)
        if kind is str:
            return None if len(obj) < content.LARGE else self.walk.large(obj, b"S", content.text_digest)
        if kind in _UNCHECKED:
            return None
        if kind is float:
            return None if obj == obj else _NAN
        if kind in _CONTAINERS:
            walk = self.walk
            walk.visited += len(obj)
            if walk.visited > MOST_VISITED:
                raise TooLarge
            return None
        if kind is bytes:
            return None if len(obj) < content.LARGE else self.walk.large(obj, b"B", content.blake3)
        return self.walk.token(obj)


class Walk:
    """One call of `digest`. `nodes` are ready expansions by `id`, for objects that live as long as the walk."""

    __slots__ = ("_active", "_encoders", "_kept", "_tokens", "nodes", "visited")

    def __init__(self) -> None:
        self.nodes: dict[int, Node] = {}
        self.visited = 0
        self._active: set[int] = set()
        self._encoders: dict[type, Encoder] = {}  # of local classes; those of others are in `known`
        self._kept: list[object] = []  # an id is good only while its object lives
        self._tokens: dict[int, bytes] = {}

    def digest(self, value: object) -> bytes:
        """SHA-256 of the canonical encoding."""
        hasher = sha256()
        self._dump(value, hasher)
        return hasher.digest()

    def token(self, obj: object) -> bytes:
        key = id(obj)
        token = self._tokens.get(key)
        if token is not None:
            return token
        if key in self._active:
            raise Cyclic
        node = self.nodes.get(key) or self.expand(obj)
        self._active.add(key)
        hasher = sha256(node.head)
        self._dump(node.parts, hasher)
        if node.elements is not None:
            digests = sorted([scalar_digest(element) or self.digest(element) for element in node.elements])
            self.visited += len(digests)
            hasher.update(b"%d:" % len(digests) + b"".join(digests))
        self._active.discard(key)
        return self._remember(obj, b"N" + hasher.digest())

    def large(self, obj: Any, tag: bytes, digest: Callable[[Any], bytes]) -> bytes:
        return self._tokens.get(id(obj)) or self._remember(obj, tag + digest(obj))

    def expand(self, obj: object) -> Node:
        """The object taken apart. Whatever its own code raises becomes a `Refused`."""
        try:
            return (known.get(type(obj)) or self._encoder(type(obj)))(obj)
        except (Refused, RecursionError, MemoryError):
            raise
        except Exception as error:  # a user's `__reduce__`, `__mops_key__`, property ... may raise anything
            raise Refused(f"taking it apart failed: {type(error).__name__}: {error}") from error

    def _encoder(self, kind: type) -> Encoder:
        encoder = self._encoders.get(kind)
        if encoder is None:
            encoder = self._encoders[kind] = encoders.encoder_for(kind)
        return encoder

    def _dump(self, value: object, hasher: Any) -> None:
        pickler = _Pickler(_Sink(hasher.update), 4)
        pickler.fast = True
        pickler.walk = self
        pickler.dump(value)

    def _remember(self, obj: object, token: bytes) -> bytes:
        self._tokens[id(obj)] = token
        self._kept.append(obj)
        return token
