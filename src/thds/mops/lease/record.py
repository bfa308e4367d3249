"""What a session's blob says: whether its process lives, and who it is. Written by session and heartbeat, read by
waiters.

FROZEN with the storage layout, as `claim` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from thds.mops.lease.claim import encoded, fields_of, token
from thds.mops.lease.holder import Holder

if TYPE_CHECKING:
    from thds.mops.stores.base import Buffer


class Record(NamedTuple):
    """`locked`: the process holds an OS lock beside this blob, which then never changes. Otherwise the blob changes at
    least every `period_s` seconds, with one `beat` more and a new `nonce`."""

    id: str
    holder: Holder
    locked: bool
    period_s: float
    beat: int
    nonce: str

    def next(self) -> Record:
        return self._replace(beat=self.beat + 1, nonce=token())

    def encode(self) -> bytes:
        return encoded(self._asdict() | {"holder": self.holder._asdict()})


def decode(body: Buffer, key: str) -> Record | None:
    """None where the bytes are damaged. StoreError where a newer version wrote it."""
    fields = fields_of(body, "session", key)
    try:
        return Record(
            id=str(fields["id"]),
            holder=Holder.decode(fields.get("holder")),
            locked=fields["locked"] is True,
            period_s=float(fields["period_s"]),
            beat=int(fields["beat"]),
            nonce=str(fields["nonce"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
