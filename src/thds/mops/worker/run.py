"""The worker's line, from an invocation's address to an exit code. Started by `python -m thds.mops.worker`, by the
fork server, or by any shim that can call a function."""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Sequence
from typing import Any

from thds.mops.callkey.address import Address
from thds.mops.config import snapshot
from thds.mops.config.context import entered, running
from thds.mops.errors import ResultRefusedError, ShimError, StoreError
from thds.mops.lease.acquire import adopt
from thds.mops.lease.session import Session
from thds.mops.memo.failure import store_failure
from thds.mops.memo.invocation import Invocation, load_invocation
from thds.mops.memo.lookup import Hit, Missing, lookup
from thds.mops.serialize import pickler
from thds.mops.serialize.wire import PROGRAMS
from thds.mops.stores.registry import open_store
from thds.mops.worker.exit_codes import CLAIM_LOST, FUNCTION_RAISED, NOT_STORED, RESULT_STORED
from thds.mops.worker.importing import importing
from thds.mops.worker.job import Computed, Job, Raised, let_go, raised, returned

#: What a call will import sooner or later: a fork server imports it before it forks.
PRELOAD = (
    "cloudpickle",
    "encodings.ascii",
    "getpass",
    "json",
    "pwd",
    "resource",
    "socket",
    "thds.mops.stores.file",
    "thds.mops.stores.locality",
    "thds.mops.stores.oslock",
)

USAGE = "usage: python -m thds.mops.worker BLOB_ROOT INVOCATION_KEY   (what a shim is given)"


def main(argv: Sequence[str]) -> int:
    """Run one call. Its outcome goes to the blob store; the answer is an exit code of `exit_codes`. What goes wrong
    around the call goes to stderr, as exit code 1."""
    if len(argv) != 2:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        return _line(*argv)
    except Exception:  # noqa: BLE001 - the last stop of this process: the traceback must reach the log
        traceback.print_exc()
        return 1


def _line(root: str, key: str) -> int:
    store = open_store(root)
    address, claim = Address.of_invocation(root, key)
    invocation = load_invocation(store, address, key)
    held = adopt(store, address, claim, Session.of(store))
    if held is None:
        return CLAIM_LOST
    job = Job(store, address, invocation.about, held, Missing())
    found = lookup(store, address)
    if isinstance(found, Hit):  # somebody was faster
        let_go(job)
        return RESULT_STORED
    job.missing = found
    return _exit_code(_run(job, invocation))


def _run(job: Job, invocation: Invocation) -> Computed | Raised:
    try:
        with _settings_of_the_caller(invocation), running(job.address.uri):
            function, args, kwargs = _unpack(job, invocation)
            value = _call(function, args, kwargs)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt as well, as in the caller's thread
        return raised(job, error)
    outcome = returned(job, value)
    if isinstance(outcome, Computed) and outcome.parts is not None:
        _say_refused(job)
    return outcome


def _say_refused(job: Job) -> None:
    """The store had no room for the result; for a few words it may have."""
    assert job.held is not None
    what = f"The worker computed {job.address.uri}, but the store refused the result."
    error = ResultRefusedError(what, operation="put", key=job.address.result, errno=None)
    try:
        store_failure(job.store, job.address, job.about, job.held.claim.id, error)
    except StoreError:
        traceback.print_exc()  # then the exit code has to do


def _settings_of_the_caller(invocation: Invocation) -> entered:
    """Before anything of the user's is imported. A shim may run a worker in the caller's own process: then only the
    context is new, the settings are there."""
    settings: snapshot.Snapshot = pickler.load(invocation.settings)
    if invocation.process != PROGRAMS.process():
        PROGRAMS.working_for = invocation.program
        # Classes and functions of that `__main__` are to have the keys they have there.
        if invocation.label is not None:
            vars(sys.modules["__main__"])["__mops_main__"] = invocation.label
        snapshot.install(settings)
    return entered(settings.context)


def _unpack(job: Job, invocation: Invocation) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    try:
        with importing(may_look=True):
            sent, args, kwargs = pickler.load(invocation.call, invocation.buffers)
    except Exception as error:  # unpickling imports and runs users' code
        raise ShimError(
            f"The worker could not load the call {job.address.uri}: {type(error).__name__}: {error}",
            hint="Its interpreter, packages and files must allow the same imports as those of the caller.",
            memo_uri=job.address.uri,
            reported=f"{type(error).__name__}: {error}",
        ) from error
    # A decorated function would start over: it is its plain function that runs here.
    return (sent.__wrapped__ if hasattr(type(sent), "__mops_identity__") else sent), args, kwargs


def _call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = function(*args, **kwargs)
    if isinstance(value, types.CoroutineType):
        import asyncio

        return asyncio.run(value)
    return value


def _exit_code(outcome: Computed | Raised) -> int:
    if isinstance(outcome, Raised):
        return FUNCTION_RAISED
    return RESULT_STORED if outcome.parts is None else NOT_STORED
