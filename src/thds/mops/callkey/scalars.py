"""The short cut for one small exact scalar: the very bytes the tree walk would hash, without making a pickler.

Called by `canonical.digest` and for the elements of sets. A test holds it to the general way.
"""

from __future__ import annotations

from hashlib import sha256
from pickle import dumps
from struct import Struct

from thds.mops.callkey.content import LARGE

# Pickle, protocol 4: PROTO 4, FRAME of n bytes, the opcode with its length, then the bytes and STOP.
_SHORT = Struct("<3sQBB").pack
_LONG = Struct("<3sQBI").pack
_START = b"\x80\x04\x95"
_SHORT_BINUNICODE, _BINUNICODE, _SHORT_BINBYTES, _BINBYTES = 0x8C, 0x58, 0x43, 0x42


def scalar_digest(value: object) -> bytes | None:
    """The digest, or None where the value has to go the general way."""
    kind = type(value)
    if kind is int or kind is bool or value is None:
        return sha256(dumps(value, 4)).digest()
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")  # type: ignore[attr-defined]
        return _counted(data, _SHORT_BINUNICODE, _BINUNICODE)
    if kind is float:
        return sha256(dumps(value, 4)).digest() if value == value else None
    if kind is bytes:
        return _counted(value, _SHORT_BINBYTES, _BINBYTES)  # type: ignore[arg-type]
    return None


def _counted(data: bytes, short: int, long: int) -> bytes | None:
    size = len(data)
    if 0 < size < 256:  # an empty one is too short for a frame
        return sha256(_SHORT(_START, size + 3, short, size) + data + b".").digest()
    # From here on the pickler writes the bytes outside of a frame.
    if 256 <= size < LARGE - 64:
        return sha256(_LONG(_START, size + 6, long, size) + data + b".").digest()
    return None
