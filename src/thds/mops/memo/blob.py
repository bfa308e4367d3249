"""The bytes of a blob: a fixed prefix, a JSON header for people and tools, a pickle, and its large buffers. FROZEN.

    0    8   magic "mopsblob"
    8    2   version of this format         10  2  flags (none defined yet: a reader refuses what it does not know)
    12   4   length of the header           16  8  length of the pickle
    24   4   number of buffers              28  4  zero
    32   8   length of the whole blob       40  8  zero
    48   32  SHA-256 of bytes 0..48 and of header, table and pickle
    80   32  signature (zero: unsigned)     112 16 id of the signing key
    128      header, table of buffers (offset, length, flags, BLAKE3 of each), pickle, buffers (each aligned to 64)

All numbers are little-endian. The header begins with `{"kind":…,"digest":…,"code":…,` in exactly this form, so that
a hit compares bytes and parses no JSON.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any, Final

from thds.mops.serialize.pickler import Pickled, load
from thds.mops.stores.base import Buffer

MAGIC: Final = b"mopsblob"
FORMAT: Final = 1
PREFIX_LENGTH: Final = 128
ALIGNMENT: Final = 64
_NUMBERS: Final = struct.Struct("<8sHHIQIIQ8x")
_ROW: Final = struct.Struct("<QQQ32s")
_READONLY: Final = 1


class Damage(Exception):
    """These bytes are not such a blob. Raised before anything of it is decoded; never leaves memo."""


def pack(opening: str, header_rest: dict[str, Any], pickled: Pickled) -> list[Buffer]:
    """The parts of a blob, in order; buffers are not copied. `opening` is the start of the header."""
    import json

    header = f"{opening}{json.dumps(header_rest, separators=(',', ':'), default=str)[1:]}".encode()
    rows, blocks, total = _lay_out(pickled, PREFIX_LENGTH + len(header) + len(pickled.data))
    numbers = _NUMBERS.pack(MAGIC, FORMAT, 0, len(header), len(pickled.data), len(rows), 0, total)
    table = b"".join(rows)
    digest = hashlib.sha256(numbers)
    for part in (header, table, pickled.data):
        digest.update(part)
    return [numbers + digest.digest() + bytes(48) + header + table, pickled.data, *blocks]


def _lay_out(pickled: Pickled, before: int) -> tuple[list[bytes], list[Buffer], int]:
    if not pickled.buffers:
        return [], [], before
    from thds.mops.callkey.content import blake3

    position = before + _ROW.size * len(pickled.buffers)
    rows: list[bytes] = []
    blocks: list[Buffer] = []
    for buffer in pickled.buffers:
        padding = -position % ALIGNMENT
        offset = position + padding
        rows.append(_ROW.pack(offset, buffer.nbytes, _READONLY if buffer.readonly else 0, blake3(buffer)))
        blocks += [bytes(padding), buffer]
        position = offset + buffer.nbytes
    return rows, blocks, position


class Blob:
    """A blob whose prefix, header, table and pickle were verified; buffers were not read.

    `body` stays alive as long as any decoded value that lies in it."""

    __slots__ = ("_buffers", "_header_end", "_pickle_start", "_table_end", "body")

    def __init__(self, body: Buffer) -> None:
        self.body = body
        try:
            magic, version, flags, header, pickled, self._buffers, _, total = _NUMBERS.unpack_from(body)
        except struct.error:
            raise Damage("it is shorter than a blob's prefix") from None
        if magic != MAGIC:
            raise Damage("it does not begin as a blob does")
        if version != FORMAT or flags:
            raise Damage(f"it has format {version} with flags {flags:#x}, which this version cannot read")
        if total != len(body):
            raise Damage(f"it should have {total} bytes and has {len(body)}")
        self._header_end = PREFIX_LENGTH + header
        self._table_end = self._header_end + _ROW.size * self._buffers
        self._pickle_start = self._table_end
        end = self._pickle_start + pickled
        digest = hashlib.sha256(body[:48])
        digest.update(memoryview(body)[PREFIX_LENGTH:end])
        if digest.digest() != body[48:80]:
            raise Damage("its checksum is wrong")

    def opens_with(self, opening: bytes) -> bool:
        return self.header_start(len(opening)) == opening

    def header_start(self, length: int) -> bytes:
        return bytes(self.body[PREFIX_LENGTH : PREFIX_LENGTH + length])

    def header(self) -> dict[str, Any]:
        import json

        parsed = json.loads(bytes(self.body[PREFIX_LENGTH : self._header_end]))
        assert isinstance(parsed, dict)
        return parsed

    def value(self) -> Any:
        """Decode. Buffers are private to the value and writable where they were: mapped memory as it is, read memory
        copied."""
        return load(*self.pickled())

    def pickled(self) -> tuple[memoryview, list[object]]:
        view = memoryview(self.body)
        if not self._buffers:
            return view[self._pickle_start :], []
        rows = _ROW.iter_unpack(view[self._header_end : self._table_end])
        spans = [(offset, length, flags) for offset, length, flags, _ in rows]
        end = spans[0][0]  # padding after the pickle does no harm: it ends with its own STOP
        return view[self._pickle_start : end], [_private(view, *span) for span in spans]

    def verify_buffers(self) -> None:
        """Read every byte. For blobs that came over a network, and for tools; a local file cannot be torn."""
        from thds.mops.callkey.content import blake3

        view = memoryview(self.body)
        for offset, length, _, digest in _ROW.iter_unpack(view[self._header_end : self._table_end]):
            if blake3(view[offset : offset + length]) != digest:
                raise Damage(f"the buffer at {offset} was changed")


def _private(view: memoryview, offset: int, length: int, flags: int) -> object:
    part = view[offset : offset + length]
    if flags & _READONLY:
        return part.toreadonly()
    return bytearray(part) if part.readonly else part


def joined(parts: Sequence[Buffer]) -> bytearray:
    """The blob as one writable piece of memory, for values that could not be stored."""
    return bytearray().join(parts)
