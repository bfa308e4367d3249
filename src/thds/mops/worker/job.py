"""One execution under a claim, and what becomes of it. Used by the worker, and by orchestrate for calls in the
caller's own thread: what a function leaves behind is the same wherever it ran."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from thds.mops.callkey.address import Address
from thds.mops.config.tree import Where
from thds.mops.errors import (
    DamagedBlobWarning,
    MopsWarning,
    NotStoredWarning,
    StoreError,
    UnpicklableResultError,
)
from thds.mops.lease.acquire import Held, fail, release
from thds.mops.memo.commit import About, Lost, Stopwatch, commit, pack_result
from thds.mops.memo.failure import store_failure
from thds.mops.memo.lookup import Missing
from thds.mops.serialize import pickler
from thds.mops.serialize.unpicklable import where
from thds.mops.stores.base import Buffer, Store


class Computed:
    """The function returned. `value` is what all callers see: its own result, or that of whoever committed first.
    `parts` is the blob where it could not be stored, else None; they lie in the value's own memory."""

    __slots__ = ("parts", "value")

    def __init__(self, value: Any, parts: list[Buffer] | None) -> None:
        self.value = value
        self.parts = parts


class Raised:
    """The function raised, or its result could not be pickled."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Job:
    """One execution of one call. `held` is None where the root cannot be written: then nothing is stored."""

    __slots__ = ("about", "address", "held", "missing", "store", "watch")

    def __init__(
        self, store: Store, address: Address, about: About, held: Held | None, missing: Missing
    ) -> None:
        self.store = store
        self.address = address
        self.about = about
        self.held = held
        self.missing = missing
        self.watch = Stopwatch()


def returned(job: Job, value: Any) -> Computed | Raised:
    """Commit the value and release the claim. A store that fails does not lose the value: it is returned, with a
    warning."""
    try:
        pickled = pickler.dump(value)
    except Exception as reason:  # noqa: BLE001 - reducers are users' code and raise anything
        return raised(job, _unpicklable_result(job, value, reason))
    parts = pack_result(job.address, job.about, pickled, job.watch)
    if job.held is None:
        return Computed(value, parts)
    try:
        outcome = commit(job.store, job.address, parts, job.missing)
    except StoreError as reason:
        let_go(job)
        warn_not_stored(job.address, reason)
        return Computed(value, parts)
    let_go(job)
    if isinstance(outcome, Lost):
        return Computed(outcome.hit.value(), None)
    if outcome.damage:  # said last: where warnings are errors, the result is there all the same
        _warn(outcome.damage, DamagedBlobWarning)
    return Computed(value, None)


def raised(job: Job, error: BaseException) -> Raised:
    """Store the exception for whoever waits for this execution, and end the claim as failed."""
    if job.held is not None:
        claim = job.held.claim.id
        _quietly(lambda _: store_failure(job.store, job.address, job.about, claim, error), job)
        _quietly(lambda held: fail(job.store, job.address, held), job)
    return Raised(error)


def let_go(job: Job) -> None:
    """Release the claim, if it is still ours. Without an outcome, the next one computes."""
    _quietly(lambda held: release(job.store, job.address, held), job)


def _quietly(step: Callable[[Held], object], job: Job) -> None:
    """The outcome is known; a store that fails now only makes others wait longer or compute again."""
    if job.held is None:
        return
    try:
        step(job.held)
    except StoreError as reason:
        _warn(f"After {job.address.uri}: {reason}", NotStoredWarning)


def warn_not_stored(address: Address, reason: BaseException) -> None:
    _warn(f"The result of {address.uri} was computed but could not be stored: {reason}", NotStoredWarning)


def _warn(what: str, category: type[MopsWarning]) -> None:
    """At the user's line, however many of ours lie between."""
    where = Where.of_caller()
    warnings.warn_explicit(what, category, where.file, where.line)


def _unpicklable_result(job: Job, value: Any, reason: Exception) -> UnpicklableResultError:
    path, innermost = where(value, "result")
    innermost = innermost or reason
    error = UnpicklableResultError(
        f"{job.about.function} returned a value that cannot be stored: `{path}` cannot be pickled"
        f" ({type(innermost).__name__}: {innermost}). Address: {job.address.uri}",
        hint="Return plain data, or leave that part out. In this process the value is in this error's `.value`.",
        path=path,
    )
    error.value = value
    error.__cause__ = innermost
    return error
