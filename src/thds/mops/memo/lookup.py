"""Is there a result at an address? One read. Called by orchestrate, for every call."""

from __future__ import annotations

from typing import Any

from thds.mops.callkey.address import Address
from thds.mops.memo.blob import Blob, Damage
from thds.mops.memo.metadata import Metadata, opening
from thds.mops.stores.base import CREATE, Buffer, Get, Put, Version

_RESULT = opening("result", "#").encode().split(b"#")
_CODE_AT = len(b"".join(_RESULT)) + 64
_LONGEST_CODE = 32


class Hit:
    """A verified result, not yet decoded. `code` names the interpreter and code that made it."""

    __slots__ = ("_blob", "code")

    def __init__(self, blob: Blob, code: str) -> None:
        self._blob = blob
        self.code = code

    @property
    def body(self) -> Buffer:
        return self._blob.body

    def value(self) -> Any:
        """Decode it. Once per hit: large parts of the value lie in the hit's own memory."""
        return self._blob.value()

    def metadata(self) -> Metadata:
        return Metadata.of_header(self._blob.header())


class Missing:
    """There is no result. `over`: the version of what lies there all the same, a tombstone or damaged bytes, and gives
    way to a new result; None where nothing does. `damage` says what is wrong with those bytes."""

    __slots__ = ("body", "damage", "over")

    def __init__(self, over: Version | None = None, damage: str = "", body: Buffer = b"") -> None:
        self.over = over
        self.damage = damage
        self.body = body


def lookup(store: Get, address: Address) -> Hit | Missing:
    found = store.get(address.result)
    if found is None:
        return Missing()
    try:
        return _read(found.body, address.digest) or Missing(found.version)
    except Damage as damage:
        return Missing(found.version, str(damage), found.body)


def _read(body: Buffer, digest: str) -> Hit | None:
    """None for a tombstone."""
    blob = Blob(body)
    start = blob.header_start(_CODE_AT + _LONGEST_CODE)
    if start.startswith(digest.encode().join(_RESULT)):
        return Hit(blob, start[_CODE_AT : start.index(b'"', _CODE_AT)].decode())
    if blob.opens_with(opening("tombstone", digest).encode()):
        return None
    raise Damage("it is the blob of another call")


def hit_of(body: Buffer, address: Address) -> Hit:
    """A result that was packed here but could not be stored."""
    hit = _read(body, address.digest)
    assert hit is not None
    return hit


def set_aside(store: Put, address: Address, missing: Missing) -> str:
    """Keep the damaged bytes under a name of their own. By the holder of the lease, before it commits. What is to be
    said about it, once the new result is safe."""
    import os

    kept_at = address.damaged(os.urandom(4).hex())
    store.put(kept_at, [missing.body], CREATE)
    return (
        f"The result at {address.uri} was damaged: {missing.damage}. It was computed again; the damaged bytes are kept"
        f" at {address.root}/{kept_at}."
    )
