"""The bytes of a blob, as the format's description says them: written here a second time, independently."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from collections.abc import Sequence
from typing import Any

import blake3
import pytest

from thds.mops.memo.blob import Blob, Damage, pack
from thds.mops.serialize.pickler import Pickled, dump

OPENING = '{"kind":"result","digest":"' + "ab" * 32 + '","code":"3.11:0123456789abcdef",'


def by_the_book(header: bytes, data: bytes, buffers: Sequence[tuple[bytes, bool]] = ()) -> bytes:
    """The layout of `memo/blob.py`, from its description."""
    table = body = b""
    at = 128 + len(header) + 56 * len(buffers) + len(data)
    for content, readonly in buffers:
        padding = -at % 64
        body += bytes(padding) + content
        at += padding
        table += struct.pack("<QQQ", at, len(content), int(readonly)) + blake3.blake3(content).digest()
        at += len(content)
    start = struct.pack("<8sHHIQIIQQ", b"mopsblob", 1, 0, len(header), len(data), len(buffers), 0, at, 0)
    checksum = hashlib.sha256(start + header + table + data).digest()
    return start + checksum + bytes(32) + bytes(16) + header + table + data + body


def packed(value: object, rest: dict[str, Any]) -> bytes:
    return b"".join(pack(OPENING, rest, dump(value)))


def test_a_small_blob_byte_for_byte() -> None:
    """Prefix, header, pickle."""
    data = pickle.dumps([1, "two"], 5)
    header = OPENING.encode() + b'"shim":"\'samethread\'","pid":5}'
    assert packed([1, "two"], {"shim": "'samethread'", "pid": 5}) == by_the_book(header, data)


def test_a_blob_with_buffers_byte_for_byte() -> None:
    """Large buffers come last, aligned to 64 bytes, with offset, length, flags and BLAKE3 in the table."""
    frozen, mutable = bytes(range(256)) * 20, bytearray(b"xyz" * 2000)
    pickled = dump([pickle.PickleBuffer(frozen), pickle.PickleBuffer(mutable)])
    assert len(pickled.buffers) == 2
    made = b"".join(pack(OPENING, {"a": 1}, pickled))
    assert made == by_the_book(
        OPENING.encode() + b'"a":1}', pickled.data, [(frozen, True), (bytes(mutable), False)]
    )
    blob = Blob(bytearray(made))
    assert [bytes(part) for part in blob.value()] == [frozen, bytes(mutable)]
    blob.verify_buffers()


def test_the_checksum_of_a_golden_blob() -> None:
    """If this changes, blobs that people have stored can no longer be read: that is a new version of the format."""
    header = OPENING.encode() + b'"a":1}'
    data = b"\x80\x05K\x07."
    golden = by_the_book(header, data, [(b"b" * 5000, False)])
    assert (
        hashlib.sha256(golden).hexdigest()
        == "551023b47e40568edf5c16bdd82b1d695496b37e95fbf82538d3cf3ef35473a7"
    )
    blob = Blob(golden)
    assert blob.value() == 7
    assert blob.header() == {**json.loads(OPENING + '"a":1}')}


def test_the_start_is_for_people() -> None:
    """`head -c` shows what it is: the header is readable text from byte 128 on, and begins in exactly this form."""
    made = packed(None, {"function": "mine.f", "user": "ana"})
    assert made[:8] == b"mopsblob"
    text = made[128 : 128 + struct.unpack_from("<I", made, 12)[0]].decode()
    assert text.startswith('{"kind":"result","digest":"ab')
    assert json.loads(text)["user"] == "ana"


@pytest.mark.parametrize("body", [bytes, bytearray, memoryview])
def test_every_kind_of_memory_can_be_read(body: Any) -> None:
    """As stores hand it out."""
    made = packed({"a": pickle.PickleBuffer(bytearray(10_000))}, {"a": 1})
    assert Blob(body(made)).value() == {"a": bytearray(10_000)}


def test_values_lie_in_the_memory_that_was_read() -> None:
    """No copy where the memory is private; a copy where it is not, so that nobody changes what others see."""
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(10_000)
    made = packed(array, {"a": 1})
    private = bytearray(made)
    value = Blob(private).value()
    value[:] = 0
    assert private != made
    shared = Blob(made).value()
    shared[:] = 0
    assert numpy.array_equal(Blob(made).value(), array)


def test_readonly_buffers_stay_readonly() -> None:
    """And writable ones writable."""
    numpy = pytest.importorskip("numpy")
    frozen = numpy.arange(10_000)
    frozen.flags.writeable = False
    value, other = Blob(bytearray(packed([frozen, numpy.arange(10_000)], {"a": 1}))).value()
    assert not value.flags.writeable
    assert other.flags.writeable


def test_every_single_bit_counts() -> None:
    """Whatever one flips in prefix, header or pickle is found before anything is decoded; signature fields are checked
    by whoever checks signatures."""
    made = packed({"x": [1, 2]}, {"function": "f"})
    for index in [*range(80), *range(128, len(made))]:
        damaged = bytearray(made)
        damaged[index] ^= 1
        with pytest.raises(Damage):
            Blob(damaged)


@pytest.mark.parametrize("length", [0, 1, 47, 48, 79, 127, 128, 200, -1])
def test_every_cut_is_found(length: int) -> None:
    """Also cuts inside the prefix."""
    made = packed({"x": [1, 2]}, {"function": "f"})
    with pytest.raises(Damage):
        Blob(made[:length])


def test_a_changed_buffer_is_found_when_asked_for() -> None:
    """`verify_buffers` reads every byte."""
    made = bytearray(packed([pickle.PickleBuffer(b"x" * 5000)], {"a": 1}))
    assert made[-1] == ord("x")
    made[-1] ^= 1
    with pytest.raises(Damage, match="buffer"):
        Blob(made).verify_buffers()


def test_an_empty_buffer_and_many_of_them() -> None:
    """The table has a row for each."""
    pickled = Pickled(pickle.dumps(3), [memoryview(bytes(n)) for n in (0, 1, 63, 64, 65)])
    made = b"".join(pack(OPENING, {"a": 1}, pickled))
    blob = Blob(made)
    blob.verify_buffers()
    assert blob.value() == 3
    assert [len(bytes(buffer)) for buffer in blob.pickled()[1]] == [0, 1, 63, 64, 65]  # type: ignore[call-overload]
