"""What a waiter looks at, and what it concludes. Called by waiter's thread alone; holds no lock and starts nothing.

A holder is found dead without comparing clocks: by its OS lock, where that can be trusted, else by a session that
stayed the same for a whole period of the watcher's own monotonic clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from thds.mops.callkey import address as addresses
from thds.mops.lease import record
from thds.mops.lease.claim import Claim, Observed, decode, is_name
from thds.mops.lease.holder import boot_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.callkey.address import Address
    from thds.mops.stores.base import Buffer, Entry, Store, Version


class Committed(NamedTuple):
    """There is a result. `entry` is of its blob."""

    entry: Entry


class Failed(NamedTuple):
    """The execution ended without a result; its exception lies at `address.failure(claim_id)`, unless `claim` was
    abandoned, or its process could not even store that."""

    claim_id: str
    claim: Claim


class Gone(NamedTuple):
    """The claim was released, or is another one now, with neither result nor failure."""

    claim_id: str


class Stale(NamedTuple):
    """Its holder is dead or silent: `acquire(..., takeover_of=observed)`."""

    observed: Observed


Ended: TypeAlias = Committed | Failed | Gone | Stale


class SessionWatch:
    """One session as seen from here, whatever number of its claims are watched. `turn` numbers the rounds of looking:
    in one round it is looked at once."""

    def __init__(self, store: Store, session: str) -> None:
        self._store = store
        self._key = addresses.session(session)
        self._lock_key = addresses.session_lock(session)
        self._turn = -1
        self._is_held: Callable[[str], bool | None] | None = None
        self._locks_tell = True
        self._known: Version | None = None
        self._looked_at: float | None = None
        self._gone = False
        self._silent_s = 0.0
        self.period_s = 0.0

    def is_dead(self, turn: int, period_s: float) -> bool:
        if turn != self._turn:
            self._look(period_s)
            self._turn = turn
        return self._gone or (self._is_held is None and self._silent_s >= max(period_s, self.period_s))

    def _look(self, period_s: float) -> None:
        if self._is_held is None:
            self._look_at_the_blob(period_s)
        if self._is_held is not None:
            held = self._is_held(self._lock_key)
            self._gone = held is False
            if held is None:  # not from here: the root is on a network, though its holder has it locally
                self._is_held, self._locks_tell = None, False

    def _look_at_the_blob(self, period_s: float) -> None:
        found = self._store.get(self._key)
        now = time.monotonic()
        # It is there from before its first lease to the orderly end of its process.
        self._gone = found is None
        if found is None:
            return
        if found.version != self._known:
            self._known, self._silent_s = found.version, 0.0
            self._read(found.body)
        elif self._looked_at is not None:
            # A long time without a look says little: perhaps this process and that one slept, and that one had no time
            # yet to say that it is awake.
            self._silent_s += min(now - self._looked_at, max(period_s, self.period_s) / 2)
        self._looked_at = now

    def _read(self, body: Buffer) -> None:
        found = record.decode(body, self._key)
        if found is None:
            return
        self.period_s = found.period_s
        if self._locks_tell and found.locked and found.holder.boot_id and found.holder.boot_id == boot_id():
            self._is_held = getattr(self._store, "is_held", None)


class Watched:
    """One claim on one call, as seen from here."""

    def __init__(
        self, store: Store, address: Address, claim: Claim, session_of: Callable[[str], SessionWatch]
    ) -> None:
        self.store = store
        self.address = address
        self.claim = claim
        self._version: Version | None = None
        self._session_of = session_of
        self.session = session_of(claim.session)
        self._orphaned_at: float | None = None

    def result(self) -> Entry | None:
        return self.store.head(self.address.result)

    def ended(self, turn: int, period_s: float) -> Ended | None:
        """None as long as its holder has it, and lives. Ask for the result before and after: it may come in between."""
        if self.store.cheap_looks and self._has_failed():
            return Failed(self.claim.id, self.claim)
        ended = self._of_the_lease()
        if ended is None and self._is_orphaned(turn, period_s):
            ended = self._of_the_lease() or Stale(Observed(self.claim, self._version))
            if isinstance(ended, Stale) and not self.session.is_dead(turn, period_s):
                return None  # adopted in between: another session
        if ended is not None and self._has_failed():
            return Failed(self.claim.id, self.claim)
        return ended

    def _is_orphaned(self, turn: int, period_s: float) -> bool:
        """Its holder is dead, and so is the caller who started that worker. A caller that lives knows better what
        became of it, and is given a lease period to say so."""
        if not self.session.is_dead(turn, period_s):
            self._orphaned_at = None
            return False
        caller = self.claim.caller
        if not is_name(caller) or self._session_of(caller).is_dead(turn, period_s):
            return True
        if self._orphaned_at is None:
            self._orphaned_at = time.monotonic()
        return time.monotonic() - self._orphaned_at >= max(period_s, self.session.period_s)

    def _has_failed(self) -> bool:
        return self.store.head(self.address.failure(self.claim.id)) is not None

    def _of_the_lease(self) -> Ended | None:
        """Read it again if it changed."""
        if self._version is not None and self.store.cheap_looks:
            entry = self.store.head(self.address.lease)
            if entry is not None and entry.version == self._version:
                return None
        found = self.store.get(self.address.lease)
        claim = decode(found.body, self.address.lease) if found is not None else None
        if found is None or claim is None or claim.id != self.claim.id or claim.state == "done":
            return Gone(self.claim.id)
        if claim.session != self.claim.session:
            self.session = self._session_of(claim.session)
        self.claim, self._version = claim, found.version
        return Failed(claim.id, claim) if claim.state == "failed" else None
