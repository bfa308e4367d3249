"""Is there a result at an address? One read. Called by orchestrate, for every call."""

from __future__ import annotations

from typing import Any

from thds.mops.callkey.address import Address
from thds.mops.errors import UnloadableResultError
from thds.mops.memo.blob import Blob, Damage
from thds.mops.memo.metadata import Metadata, opening
from thds.mops.stores.base import CREATE, Buffer, Found, Get, Put, Version

_RESULT = opening("result", "#").encode().split(b"#")
_CODE_AT = len(b"".join(_RESULT)) + 64
_LONGEST_CODE = 32


class Hit:
    """A verified result, not yet decoded. `code` names the interpreter and code that made it."""

    __slots__ = ("_blob", "address", "code")

    def __init__(self, blob: Blob, code: str, address: Address) -> None:
        self._blob = blob
        self.code = code
        self.address = address

    @property
    def body(self) -> Buffer:
        return self._blob.body

    def value(self) -> Any:
        """Decode it. Once per hit: large parts of the value lie in the hit's own memory."""
        try:
            return self._blob.value()
        except MemoryError:
            raise
        except Exception as error:
            raise UnloadableResultError(
                f"The result at {self.address.uri} cannot be loaded here: {type(error).__name__}: {error}",
                hint="Bring back the class or module it needs, or take it out of use: `forget`, or another logic key.",
                path="result",
                memo_uri=self.address.uri,
            ) from error

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
    return Missing() if found is None else judged(found, address)


def judged(found: Found, address: Address) -> Hit | Missing:
    """What a blob at the result's key is."""
    try:
        return _read(found.body, address) or Missing(found.version)
    except Damage as damage:
        return Missing(found.version, str(damage), found.body)


def _read(body: Buffer, address: Address) -> Hit | None:
    """None for a tombstone."""
    digest = address.digest
    blob = Blob(body)
    start = blob.header_start(_CODE_AT + _LONGEST_CODE)
    if start.startswith(digest.encode().join(_RESULT)):
        return Hit(blob, start[_CODE_AT : start.index(b'"', _CODE_AT)].decode(), address)
    if blob.opens_with(opening("tombstone", digest).encode()):
        return None
    raise Damage("it is the blob of another call")


def hit_of(body: Buffer, address: Address) -> Hit:
    """A result that was packed here but could not be stored."""
    hit = _read(body, address)
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
