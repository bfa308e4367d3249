"""May I be the one who computes a call? Asked by orchestrate and by workers. Saves work, and nothing else: whoever was
wrongly let through commits second, and everybody sees the first result.

A lease is created, and then only ever swapped or deleted by the very version that was read. After an answer from the
store that may be wrong (an error, or "no" to a write that was applied) it is read back: the nonce tells whose it is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from thds.mops.errors import StoreError
from thds.mops.lease.claim import MOST_TAKEOVERS, Claim, Observed, decode, first
from thds.mops.lease.holder import now
from thds.mops.stores.base import CREATE, Create, Delete, Found, Replace, Store, Version

if TYPE_CHECKING:
    from thds.mops.callkey.address import Address
    from thds.mops.lease.holder import Holder
    from thds.mops.lease.session import Session

_TRIES = 100


class Held(NamedTuple):
    """It is ours. `fresh`: there was no lease before; otherwise somebody may have committed since you last looked, so
    look again. On stores with cheap looks look again in any case: there, leases are deleted after use."""

    claim: Claim
    version: Version
    fresh: bool


class HeldBy(NamedTuple):
    """It is somebody else's: watch it."""

    claim: Claim
    version: Version


class Abandoned(NamedTuple):
    """All who took it over died: `claim.holders`, oldest first. Who calls later starts over."""

    claim: Claim


# Claims that this process could neither release nor fail, because the store refused: free for its next call.
_orphans: set[str] = set()


def acquire(
    store: Store,
    address: Address,
    session: Session,
    takeover_of: Observed | None = None,
    waited_for: Claim | None = None,
) -> Held | HeldBy | Abandoned:
    """The lease, if nobody holds it. `takeover_of`: what a waiter found stale; taken over if it is still exactly that.
    `waited_for`: the first claim it waited for; that it, and those after it, were given up is then told to it too.

    StoreError where the store does; then the lease is not ours, as far as anybody can tell.
    """
    if takeover_of is not None:
        waited_for = waited_for or takeover_of.claim
        answer = _take_over(store, address, session, takeover_of)
        if answer is not None:
            return answer
    mine = first(session.id, _holder(session))
    mode: Create | Replace = CREATE
    for attempt in range(_TRIES):
        version, found = _write(store, address.lease, mine, mode)
        if version is not None:
            return Held(mine, version, fresh=mode is CREATE)
        if found is None:  # released between our create and our read, or while we swapped
            mode = CREATE
            _pause(attempt)
            continue
        theirs = decode(found.body, address.lease)
        if theirs is not None and theirs.state == "held" and not _is_orphan(theirs, session):
            return HeldBy(theirs, found.version)
        if theirs is not None and theirs.is_abandoned and waited_for and waited_for.holder in theirs.holders:
            return Abandoned(theirs)  # meant for all who waited, whichever of them gave up
        mode = Replace(found.version)
    raise StoreError(
        f"the lease {store.uri}/{address.lease} changed {_TRIES} times while this process tried to take it",
        hint="very many processes make this call at once; try again",
        operation="acquire",
        key=address.lease,
    )


def adopt(store: Store, address: Address, claim_id: str, session: Session) -> Held | None:
    """For the worker that a claim was handed to: put its own session in. None where that claim is no longer held: it
    was taken over, or given up."""
    for _ in range(_TRIES):
        found = store.get(address.lease)
        theirs = decode(found.body, address.lease) if found is not None else None
        if found is None or theirs is None or theirs.id != claim_id or theirs.state != "held":
            return None
        mine = theirs.adopted(session.id, _holder(session))
        version, _ = _write(store, address.lease, mine, Replace(found.version))
        if version is not None:
            return Held(mine, version, fresh=False)
    return None


def release(store: Store, address: Address, held: Held) -> bool:
    """The call has its outcome, or needs none. Whether the lease was still ours."""
    try:
        if store.cheap_looks:
            return store.delete(address.lease, held.version)
        return _end(store, address, held, "done")
    except StoreError:
        _orphans.add(held.claim.id)
        raise


def fail(store: Store, address: Address, held: Held) -> bool:
    """This execution ended without a result: tell whoever waits for it. Whether the lease was still ours."""
    try:
        return _end(store, address, held, "failed")
    except StoreError:
        # On a full disk nothing can be swapped, but something deleted: better that waiters compute than that they wait.
        if store.cheap_looks and _deleted(store, address.lease, held.version):
            return True
        _orphans.add(held.claim.id)
        raise


# -- the steps -----------------------------------------------------------------------------------------------------


def _take_over(store: Store, address: Address, session: Session, stale: Observed) -> Held | Abandoned | None:
    """None where it is no longer what it was."""
    too_often = stale.claim.takeovers >= MOST_TAKEOVERS
    mine = stale.claim.given_up() if too_often else stale.claim.taken_over(session.id, _holder(session))
    version, _ = _write(store, address.lease, mine, Replace(stale.version))
    if version is None:
        return None
    return Abandoned(mine) if too_often else Held(mine, version, fresh=False)


def _end(store: Store, address: Address, held: Held, state: Literal["done", "failed"]) -> bool:
    version, _ = _write(store, address.lease, held.claim.ended(state), Replace(held.version))
    return version is not None


def _write(
    store: Store, key: str, mine: Claim, mode: Create | Replace
) -> tuple[Version | None, Found | None]:
    """The new version if `mine` is there now; else None, and what is there. StoreError where it remains unknown, or is
    known to have failed."""
    failure: StoreError | None = None
    try:
        version = store.put(key, [mine.encode()], mode)
        if version is not None:
            return version, None
    except StoreError as error:
        failure = error
    found = store.get(key)
    if found is not None:
        theirs = decode(found.body, key)
        if theirs is not None and theirs.nonce == mine.nonce:
            return found.version, None
    if failure is not None and (
        found is None or (isinstance(mode, Replace) and found.version == mode.version)
    ):
        raise failure
    return None, found


def _deleted(store: Delete, key: str, version: Version) -> bool:
    try:
        return store.delete(key, version)
    except StoreError:
        return False


def _is_orphan(claim: Claim, session: Session) -> bool:
    return claim.id in _orphans and claim.session == session.id


def _holder(session: Session) -> Holder:
    return session.holder._replace(since=now())


def _pause(attempt: int) -> None:
    if attempt > 3:
        time.sleep(min(0.001 * attempt, 0.005))
