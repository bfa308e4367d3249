"""What sessions say; the golden blob is what other versions have stored."""

from __future__ import annotations

import pytest

from thds.mops.errors import StoreError
from thds.mops.lease.holder import Holder
from thds.mops.lease.record import Record, decode

_RECORD = Record(
    "s1",
    Holder("lap7", "ana", 123, "b-1", "2026-11-22T10:00:00Z"),
    locked=True,
    period_s=30.0,
    beat=4,
    nonce="n1",
)
_GOLDEN = (
    b'{"format":1,"id":"s1",'
    b'"holder":{"host":"lap7","user":"ana","pid":123,"boot_id":"b-1","since":"2026-11-22T10:00:00Z"},'
    b'"locked":true,"period_s":30.0,"beat":4,"nonce":"n1"}'
)


def test_the_golden_blob() -> None:
    """Frozen: what is stored is read, and written, for ever."""
    assert decode(_GOLDEN, "k") == _RECORD
    assert _RECORD.encode() == _GOLDEN
    assert decode(_GOLDEN.replace(b'"beat"', b'"new": [], "beat"'), "k") == _RECORD


@pytest.mark.parametrize(
    "body", [b"", b"[]", _GOLDEN[:-1], _GOLDEN.replace(b"30.0", b'"x"'), _GOLDEN.replace(b'"locked"', b'"l"')]
)
def test_damaged_blobs(body: bytes) -> None:
    """Never raise."""
    assert decode(body, "k") is None


def test_a_newer_format_is_an_error() -> None:
    """As for leases."""
    with pytest.raises(StoreError, match="newer version"):
        decode(_GOLDEN.replace(b'"format":1', b'"format":2'), "k")


def test_each_beat_is_another_blob() -> None:
    """One beat more, and a new nonce."""
    after = _RECORD.next()
    assert after == _RECORD._replace(beat=5, nonce=after.nonce)
    assert after.nonce != _RECORD.nonce
