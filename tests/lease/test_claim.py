"""What leases say; the golden blob is what other versions have stored."""

from __future__ import annotations

import json

import pytest

from thds.mops.errors import StoreError
from thds.mops.lease.claim import ABANDONED, Claim, decode, first
from thds.mops.lease.holder import Holder, this_process

_ANA = Holder("lap7", "ana", 123, "b-1", "2026-11-22T10:00:00Z")
_BEN = Holder("pod-9", "ben", 7, "b-2", "0001-01-01T00:00:00Z")
_CLAIM = Claim("c1", "s1", "held", 1, _ANA, (_BEN,), "", "n1")
_GOLDEN = (
    b'{"format":1,"id":"c1","session":"s1","state":"held","takeovers":1,'
    b'"holder":{"host":"lap7","user":"ana","pid":123,"boot_id":"b-1","since":"2026-11-22T10:00:00Z"},'
    b'"holders":[{"host":"pod-9","user":"ben","pid":7,"boot_id":"b-2","since":"0001-01-01T00:00:00Z"}],'
    b'"reason":"","nonce":"n1","caller":""}'
)


def test_the_golden_blob() -> None:
    """Frozen: what is stored is read, and written, for ever."""
    assert decode(_GOLDEN, "k") == _CLAIM
    assert _CLAIM.encode() == _GOLDEN


def test_what_is_not_known_is_ignored() -> None:
    """And what is only for people may be missing."""
    fields = json.loads(_GOLDEN) | {"new": {"x": [1]}, "holder": {"new": 1}}
    del fields["reason"], fields["holders"]
    claim = decode(json.dumps(fields).encode(), "k")
    assert claim is not None
    assert claim._replace(holder=_ANA, holders=(_BEN,)) == _CLAIM
    assert claim.holders == ()
    assert str(claim.holder) == "? on ? (process 0) since ?"


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"\0" * 100,
            b"null",
            b"[]",
            b"{}",
            b'"held"',
            b"\xff\xfe",
            b"[" * 100_000,
            _GOLDEN[:-1],
            _GOLDEN[1:],
        ),
        *(_GOLDEN.replace(b'"format":1', was) for was in (b'"format":0', b'"format":"1"', b'"x":1')),
        *(
            _GOLDEN.replace(b'"id":"c1"', was)
            for was in (b'"id":"../c"', b'"id":""', b'"id":"a/b"', b'"id":1', b'"x":1')
        ),
        *(_GOLDEN.replace(b'"session":"s1"', was) for was in (b'"session":".."', b'"session":null')),
        *(_GOLDEN.replace(b'"held"', was) for was in (b'"lost"', b"true", b"[]", b"{}")),
        *(
            _GOLDEN.replace(b'"takeovers":1', was)
            for was in (b'"takeovers":"1"', b'"takeovers":1.5', b'"takeovers":true')
        ),
        _GOLDEN.replace(b'"nonce":"n1"', b'"nonce":1'),
        _GOLDEN.replace(b'"holders":[', b'"holders":7,"x":['),
    ],
)
def test_damaged_blobs(body: bytes) -> None:
    """Are told apart from claims, and never raise."""
    assert decode(body, "k") is None


def test_a_newer_format_is_an_error() -> None:
    """Its rules are not known here, so it is not taken for damaged."""
    with pytest.raises(StoreError, match="newer version") as caught:
        decode(_GOLDEN.replace(b'"format":1', b'"format":2'), "mops/1/x.lease")
    assert caught.value.key == "mops/1/x.lease"  # type: ignore[attr-defined]
    assert "upgrade" in caught.value.hint


def test_transitions() -> None:
    """The id goes with the execution, the history with the call, and each write has a nonce of its own."""
    me = this_process()
    taken = _CLAIM.taken_over("s2", me)
    adopted = taken.adopted("s3", _ANA)
    failed = adopted.ended("failed")
    given_up = adopted.given_up()
    assert taken._replace(id="", nonce="") == Claim("", "s2", "held", 2, me, (_BEN, _ANA), "", "")
    assert adopted == taken._replace(session="s3", caller="s2", holder=_ANA, nonce=adopted.nonce)
    assert failed == adopted._replace(state="failed", nonce=failed.nonce)
    assert given_up == failed._replace(reason=ABANDONED, holders=(_BEN, _ANA, _ANA), nonce=given_up.nonce)
    assert (given_up.is_abandoned, failed.is_abandoned) == (True, False)
    claims = [_CLAIM, taken, adopted, failed, given_up, first("s", me), first("s", me)]
    assert len({claim.nonce for claim in claims}) == len(claims)
    assert len({claim.id for claim in claims}) == 4
    assert all(decode(claim.encode(), "k") == claim for claim in claims)
