"""The part of the line where the body runs through a shim: write the invocation, start the worker, read the outcome.

The claim goes over to the worker, so that the call survives its caller.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeAlias

from thds.mops.callkey.address import Address
from thds.mops.callkey.naming import main_label
from thds.mops.config import snapshot
from thds.mops.errors import (
    MopsError,
    ResultRefusedError,
    SettingsError,
    ShimError,
    StoreError,
    UnpicklableArgumentError,
)
from thds.mops.lease.acquire import Held, acquire, adopt
from thds.mops.lease.session import Session
from thds.mops.memo.failure import load_failure
from thds.mops.memo.invocation import Invocation, pack_invocation
from thds.mops.memo.lookup import Hit, Missing, lookup
from thds.mops.orchestrate.call import Call
from thds.mops.serialize import pickler
from thds.mops.serialize.unpicklable import failure, where
from thds.mops.serialize.wire import PROGRAMS
from thds.mops.shims.base import load
from thds.mops.stores.base import CREATE, Store
from thds.mops.stores.registry import open_store
from thds.mops.worker.job import Computed, Job, Raised, let_go, raised


class LostClaim:
    """Another process holds the call now: wait for that one."""

    __slots__ = ()


Ended: TypeAlias = Hit | Raised | LostClaim


def run(call: Call, job: Job) -> Generator[Future[Any], Any, Ended]:
    """One execution through the shim, at the job's address: the call's own, or the same in a temporary root."""
    assert job.held is not None
    store, address = job.store, job.address
    key = address.invocation(job.held.claim.id)
    working: Future[Any] | None = None
    problem: BaseException | None = None
    try:
        invocation = pack_invocation(address, _invocation(call))
    except UnpicklableArgumentError as error:
        return raised(job, error)
    store.put(key, invocation, CREATE)
    try:
        working = _start(call, [address.root, key])
        if working is not None:
            yield working
    except Exception as error:  # noqa: BLE001 - shims are users' code; the store says what became of the call
        problem = error
    except BaseException:
        if working is not None:
            working.cancel()
        _take_back(job)
        _remove(store, key)
        raise
    _remove(store, key)
    return _outcome(job, problem)


def _start(call: Call, worker_arguments: list[str]) -> Future[Any] | None:
    if _cannot_leave(call):
        raise SettingsError(
            f"{call.target.identity.path} cannot run by shim 'subprocess' with blob root {call.store.uri}:"
            " no other process can see it.",
            hint="Use a file:// root, or shim 'samethread'.",
        )
    build = load(call.place.settings.shim.value, f"the shim of {call.target.identity.path}")
    shim = build(call.target.function, call.args, call.kwargs)
    if not callable(shim):
        raise _nonsense(
            call, "the shim builder", shim, "It must return a shim: a callable that takes a list."
        )
    working = shim(worker_arguments)
    if working is not None and not isinstance(working, Future):
        raise _nonsense(call, "the shim", working, "It must return a concurrent Future, or None when done.")
    return working


def _cannot_leave(call: Call) -> bool:
    return call.shim_name == "subprocess" and call.store.uri.startswith("memory:")


def _nonsense(call: Call, who: str, answer: object, hint: str) -> ShimError:
    what = f"{who} {call.shim_name} returned {answer!r}"
    uri = call.address.uri
    return ShimError(
        f"{call.target.identity.path}: {what}. Address: {uri}", hint=hint, memo_uri=uri, reported=what
    )


def _outcome(job: Job, problem: BaseException | None) -> Ended:
    """What the store says, whatever the shim said: a worker may be killed after it committed."""
    assert job.held is not None
    found = lookup(job.store, job.address)
    if isinstance(found, Hit):
        return found
    claim = job.held.claim.id
    error = load_failure(job.store, job.address, claim)
    if isinstance(error, ResultRefusedError):
        _remove(job.store, job.address.failure(claim))
        raise error
    if error is not None:
        return Raised(error)
    job.held = adopt(job.store, job.address, claim, Session.of(job.store))
    if job.held is None and (problem is None or job.store.get(job.address.lease) is not None):
        return LostClaim()
    return raised(job, _without_outcome(job, problem))


def _without_outcome(job: Job, problem: BaseException | None) -> BaseException:
    if isinstance(problem, MopsError):
        return problem
    what = f"{job.about.function} was to run by shim {job.about.shim}"
    if problem is None:
        reported = "there is no outcome: its worker ended before it had stored one"
        hint = "Does the function leave by os._exit? A shim of yours must not return None before the worker has ended."
    else:
        reported = f"its shim failed with {type(problem).__name__}: {problem}"
        hint = "The shim's own error is the cause of this one."
    error = ShimError(
        f"{what}, and {reported}. Address: {job.address.uri}",
        hint=hint,
        memo_uri=job.address.uri,
        reported=reported,
    )
    error.__cause__ = problem
    return error


def _take_back(job: Job) -> None:
    """The user interrupts: the worker is stopped, and what it may have claimed meanwhile is released."""
    assert job.held is not None
    job.held = adopt(job.store, job.address, job.held.claim.id, Session.of(job.store))
    let_go(job)


def _remove(store: Store, key: str) -> None:
    try:
        store.delete(key)
    except StoreError:
        pass  # it is small, has a name of its own, and whoever cleans up finds it by its age


def _invocation(call: Call) -> Invocation:
    settings = snapshot.take().replace_callables(_sendable)
    try:
        sent = pickler.dump((call.target.sent, call.args, call.kwargs), whole=True)
    except Exception as reason:
        raise _unpicklable_argument(call, reason) from reason
    return Invocation(
        settings=pickler.dump(settings, out_of_band=False).data,
        call=sent.data,
        buffers=[*sent.buffers],
        about=call.about(),
        program=PROGRAMS.current(),
        process=PROGRAMS.process(),
        label=main_label(vars(sys.modules["__main__"])),
    )


def _sendable(shim: Callable[..., Any]) -> Callable[..., Any]:
    """A shim that cannot be pickled is an error only where a nested call needs it."""
    reason = failure(shim)
    if reason is None:
        return shim
    return snapshot.UnavailableShim(
        ShimError(
            f"The shim {shim!r} is needed inside a worker, but could not be sent there: {reason}",
            hint="Define it at the top level of a module.",
            memo_uri="",
            reported=str(reason),
        )
    )


def _unpicklable_argument(call: Call, reason: Exception) -> UnpicklableArgumentError:
    function = call.target.identity.function_id
    named = call.target.keys.bound(call.args, call.kwargs)
    for name, value in named:
        path, innermost = where(value, name)
        if innermost is not None:
            break
    else:
        path, innermost = where(call.target.sent, f"<the function {function}>")
    innermost = innermost or reason
    return UnpicklableArgumentError(
        f"{function} cannot be sent to shim {call.shim_name}: `{path}` cannot be pickled"
        f" ({type(innermost).__name__}: {innermost}). Address: {call.address.uri}",
        hint="Leave it out of the arguments, or run this function with shim 'samethread'.",
        path=path,
    )


def run_in_temporary_root(call: Call) -> Generator[Future[Any], Any, Computed | Raised]:
    """For a root that cannot be written: the worker's invocation and outcome need some place to lie."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="mops-") as folder:
        store = open_store(f"file://{folder}")
        address = Address(store.uri, call.place.folder, call.key.digest)
        session = Session.of(store)
        try:
            held = acquire(store, address, session)
            assert isinstance(held, Held)
            ended = yield from run(call, Job(store, address, call.about(), held, Missing()))
        finally:
            session.close()  # it keeps a file open, and there is such a root for each call
        assert not isinstance(ended, LostClaim)
        return Computed(ended.value(), [ended.body]) if isinstance(ended, Hit) else ended
