"""What the three ways to walk the line have in common: who may compute, and what each waiter gets in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thds.mops.config.context import current
from thds.mops.errors import ImportTimeCallError, ResultRequiredError, SelfCallError
from thds.mops.futures import IN_FLIGHT, Execution, Failed, Interrupted, Shared, Stored, Unstored
from thds.mops.memo.blob import joined
from thds.mops.memo.lookup import hit_of
from thds.mops.orchestrate.call import Call
from thds.mops.orchestrate.line import Found, Outcome
from thds.mops.orchestrate.reuse import emit, reuse
from thds.mops.worker import importing
from thds.mops.worker.job import Computed, Raised


def enter(call: Call) -> tuple[Execution, bool]:
    """May this call be computed at all? Then by whom in this process?"""
    context, uri = current(), call.address.uri
    function = call.target.identity.function_id
    if context.require_all:
        raise ResultRequiredError(
            f"There is no result of {function} at {uri}, and `require_all` is in force.",
            hint="Compute it outside of `require_all`, or look why it has another key than you expect.",
            memo_uri=uri,
        )
    if uri in context.ancestors:
        raise SelfCallError(
            f"{function} calls itself with its own arguments: {uri}",
            hint="In plain Python this call would never end.",
            memo_uri=uri,
        )
    if importing.under_way:
        raise refused_while_importing(function, uri)
    return IN_FLIGHT.join(uri, context.ancestors)


def refused_while_importing(function: str, uri: str) -> ImportTimeCallError:
    stretch = importing.current()
    if stretch is not None:
        stretch.refused = True
    return ImportTimeCallError(
        f"{function} was called while a module is imported for a worker, and its result is not there yet: {uri}",
        hint="Call it inside a function, not at the top level of a module; the traceback says where.",
        memo_uri=uri,
    )


def ended_by(error: BaseException) -> Callable[[int], Shared]:
    """An error of ours, such as a store that fails, is everybody's; an interrupt is only of the one it hit."""
    shared = Failed(error) if isinstance(error, Exception) else Interrupted()
    return lambda _: shared


def to_share(outcome: Outcome, waiters: int) -> Shared:
    if isinstance(outcome, Raised):
        return Failed(outcome.error)
    if isinstance(outcome, Computed) and outcome.parts is not None:
        return Unstored(joined(outcome.parts) if waiters > 1 else None)
    return Stored()


def own_value(call: Call, outcome: Outcome, since: float) -> Any:
    """For the one who ran it: the original object, where there is one in this process."""
    if isinstance(outcome, Found):
        return reuse(call, outcome.hit, "waited" if outcome.waited else "computed", since)
    emit(call, "failed" if isinstance(outcome, Raised) else "computed", since)
    if isinstance(outcome, Raised):
        raise outcome.error
    return outcome.value


def value_of_shared(call: Call, shared: Shared, since: float) -> tuple[bool, Any]:
    """For those who waited: whether there is a value, and a copy of it of their own."""
    if isinstance(shared, Failed):
        emit(call, "failed", since)
        raise shared.error
    if isinstance(shared, Unstored):
        assert shared.body is not None
        return True, reuse(call, hit_of(bytearray(shared.body), call.address), "waited", since)
    return False, None
