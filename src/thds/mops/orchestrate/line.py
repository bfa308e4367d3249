"""THE LINE, from a miss on. A generator: it yields a future where it has to wait, and `BODY` where the function is to
run in the caller's own thread or task; blocking, awaited and submitted do the waiting and the running.

    lease -> look again -> run (here, or through a shim) -> commit -> outcome
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from typing import Any, Final, TypeAlias

from thds.mops.errors import AbandonedCallError, StoreUnwritableError
from thds.mops.lease.acquire import Abandoned, Held, acquire
from thds.mops.lease.claim import Claim
from thds.mops.lease.session import Session
from thds.mops.lease.waiter import Committed, Failed, Stale, describe, watch
from thds.mops.memo.failure import load_failure
from thds.mops.memo.lookup import Hit, Missing
from thds.mops.orchestrate import remote
from thds.mops.orchestrate.call import Call
from thds.mops.orchestrate.remote import LostClaim
from thds.mops.worker.job import Computed, Job, Raised, let_go, raised, returned, warn_not_stored


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
            if not isinstance(held, Held):
                return held
            ended = yield from _with_the_lease(call, held, missing)
        except StoreUnwritableError as reason:
            return (yield from _without_storing(call, missing, reason))
        if not isinstance(ended, LostClaim):
            return ended


def _with_the_lease(
    call: Call, held: Held, missing: Missing
) -> Generator[Future[Any] | Body, Any, Outcome | LostClaim]:
    """However this is left, the claim is not ours any more."""
    job = Job(call.store, call.address, call.about(), held, missing)
    try:
        # Somebody may have committed between our look and our lease.
        found = call.look() if call.store.cheap_looks or not held.fresh else missing
        if isinstance(found, Hit):
            let_go(job)
            return Found(found, waited=True)
        job.missing = found
        if call.place.inline:
            return (yield from _run_here(job))
        ended = yield from remote.run(call, job)
        return Found(ended, waited=False) if isinstance(ended, Hit) else ended
    except BaseException:
        let_go(job)
        raise


def _claim(call: Call, missing: Missing) -> Generator[Future[Any], Any, Held | Outcome]:
    """Wait until the call is ours to compute, or somebody else has an outcome for it."""
    session = Session.of(call.store, call.place.settings.lease_period_s)
    stale, waited_for = None, None
    while True:
        step = acquire(call.store, call.address, session, stale, waited_for)
        if isinstance(step, Held):
            return step
        if isinstance(step, Abandoned):
            raise _abandoned(call, step.claim)
        waited_for = waited_for or step.claim
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
            if ended.claim.is_abandoned:
                raise _abandoned(call, ended.claim)
            error = load_failure(call.store, call.address, ended.claim_id)
            if error is not None:
                return Raised(error)


def _abandoned(call: Call, claim: Claim) -> AbandonedCallError:
    holders = tuple(map(str, claim.holders))
    return AbandonedCallError(
        f"Every worker that computed {call.address.uri} died before it had an outcome: {describe(claim)}.",
        hint="Something about this call kills its worker (out of memory?). Call it again to try once more.",
        memo_uri=call.address.uri,
        holders=holders,
    )


def _run_here(job: Job) -> Line:
    try:
        value = yield BODY
    except Exception as error:  # noqa: BLE001 - whatever the function raises is the outcome
        return raised(job, error)
    return returned(job, value)


def _without_storing(call: Call, missing: Missing, reason: StoreUnwritableError) -> Line:
    """The root can be read at most: compute all the same, and say that nothing was kept."""
    if call.place.inline:
        outcome = yield from _run_here(Job(call.store, call.address, call.about(), None, missing))
    else:
        outcome = yield from remote.run_in_temporary_root(call)
    if isinstance(outcome, Computed):
        warn_not_stored(call.address, reason)
    return outcome
