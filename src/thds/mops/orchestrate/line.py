"""THE LINE, from a miss on. A generator: it yields a future where it has to wait, and `BODY` where the function is to
run in the caller's own thread or task; blocking, awaited and submitted do the waiting and the running.

    lease -> look again -> run (here, or through a shim) -> commit -> outcome
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from typing import Any, Final, TypeAlias

from thds.mops.errors import AbandonedCallError, StoreUnwritableError
from thds.mops.lease.acquire import Abandoned, Held, acquire, release
from thds.mops.lease.session import Session
from thds.mops.lease.waiter import Committed, Failed, Stale, describe, watch
from thds.mops.memo.failure import load_failure
from thds.mops.memo.lookup import Hit, Missing
from thds.mops.orchestrate import remote
from thds.mops.orchestrate.call import Call
from thds.mops.worker.job import Computed, Job, Raised, interrupted, raised, returned, warn_not_stored


class Body:
    """Yielded by the line: run the function here."""

    __slots__ = ()


BODY: Final = Body()


class Found:
    """The result is at the address. `waited`: it is of an execution that was not ours."""

    __slots__ = ("hit", "waited")

    def __init__(self, hit: Hit, *, waited: bool) -> None:
        self.hit = hit
        self.waited = waited


Outcome: TypeAlias = Computed | Raised | Found
Line: TypeAlias = Generator[Future[Any] | Body, Any, Outcome]


def the_line(call: Call, missing: Missing) -> Line:
    while True:
        try:
            held = yield from _claim(call, missing)
        except StoreUnwritableError as reason:
            return (yield from _without_storing(call, missing, reason))
        if not isinstance(held, Held):
            return held
        # Somebody may have committed between our look and our lease.
        found = call.look() if call.store.cheap_looks or not held.fresh else missing
        if isinstance(found, Hit):
            release(call.store, call.address, held)
            return Found(found, waited=True)
        if call.place.inline:
            return (yield from _run_here(Job(call.store, call.address, call.about(), held, found)))
        ended = yield from remote.run(call, call.store, call.address, held)
        if isinstance(ended, Raised):
            return ended
        if isinstance(ended, Hit):
            return Found(ended, waited=False)


def _claim(call: Call, missing: Missing) -> Generator[Future[Any], Any, Held | Outcome]:
    """Wait until the call is ours to compute, or somebody else has an outcome for it."""
    session = Session.of(call.store, call.place.settings.lease_period_s)
    stale = None
    while True:
        step = acquire(call.store, call.address, session, stale)
        if isinstance(step, Held):
            return step
        if isinstance(step, Abandoned):
            raise _abandoned(call, step)
        ended = yield watch(
            call.store, call.address, step.claim, call.place.settings.lease_period_s, missing.over
        )
        stale = ended.observed if isinstance(ended, Stale) else None
        if isinstance(ended, Committed):
            found = call.look()
            if isinstance(found, Hit):
                return Found(found, waited=True)
            missing = found
        if isinstance(ended, Failed):
            error = load_failure(call.store, call.address, ended.claim_id)
            if error is not None:
                return Raised(error, here=False)


def _abandoned(call: Call, abandoned: Abandoned) -> AbandonedCallError:
    holders = tuple(map(str, abandoned.claim.holders))
    return AbandonedCallError(
        f"Every worker that computed {call.address.uri} died before it had an outcome: {describe(abandoned.claim)}.",
        hint="Something about this call kills its worker (out of memory?). Call it again to try once more.",
        memo_uri=call.address.uri,
        holders=holders,
    )


def _run_here(job: Job) -> Line:
    try:
        value = yield BODY
    except Exception as error:  # noqa: BLE001 - whatever the function raises is the outcome
        return raised(job, error)
    except BaseException:
        interrupted(job)
        raise
    return returned(job, value)


def _without_storing(call: Call, missing: Missing, reason: StoreUnwritableError) -> Line:
    """The root can be read at most: compute all the same, and say that nothing was kept."""
    warn_not_stored(call.address, reason)
    if not call.place.inline:
        return (yield from remote.run_in_temporary_root(call))
    return (yield from _run_here(Job(call.store, call.address, call.about(), None, missing)))
