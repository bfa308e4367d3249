"""A miss that blocks its caller. Called by `blocking`; loaded with the first miss, so that those who only reuse results
do not pay for it."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from thds.mops.config.context import current, running
from thds.mops.futures import IN_FLIGHT, Execution
from thds.mops.memo.lookup import Hit, Missing
from thds.mops.orchestrate.call import Call
from thds.mops.orchestrate.ending import ended_by, enter, own_value, to_share, value_of_shared
from thds.mops.orchestrate.line import BODY, Line, Outcome, the_line
from thds.mops.orchestrate.reuse import reuse
from thds.mops.orchestrate.submitted import start


def compute(call: Call, missing: Missing) -> Any:
    return _compute_here(call, missing) if call.place.inline else _compute_elsewhere(call, missing)


def _compute_elsewhere(call: Call, missing: Missing) -> Any:
    """As a future that is waited for: an interrupt gives up this waiter only."""
    future = start(call, missing)
    try:
        return future.result()
    finally:
        future.cancel()  # after an interrupt; does nothing to a future that has ended


def _compute_here(call: Call, missing: Missing) -> Any:
    since = time.monotonic()
    while True:
        execution, mine = enter(call)
        inside = current().ancestors
        try:
            if mine:
                return _own(call, execution, missing, since)
            known, value = _wait(call, execution, since)
        finally:
            IN_FLIGHT.no_longer_waits(call.address.uri, inside)
        if known:
            return value
        looked = call.look()
        if isinstance(looked, Hit):
            return reuse(call, looked, "waited", since)
        missing = looked


def _wait(call: Call, execution: Execution, since: float) -> tuple[bool, Any]:
    try:
        shared = execution.future.result()
    except BaseException:
        IN_FLIGHT.leave(execution)
        raise
    return value_of_shared(call, shared, since)


def _own(call: Call, execution: Execution, missing: Missing, since: float) -> Any:
    """Walk the line in this thread."""
    try:
        outcome = _walk(call, the_line(call, missing))
    except BaseException as error:
        IN_FLIGHT.finish(execution, ended_by(error))
        raise
    IN_FLIGHT.finish(execution, lambda waiters: to_share(outcome, waiters))
    return own_value(call, outcome, since)


def _walk(call: Call, line: Line) -> Outcome:
    try:
        awaited = next(line)
        while True:
            try:
                if awaited is BODY:
                    with running(call.address.uri):
                        result = call.target.function(*call.args, **call.kwargs)
                else:
                    assert isinstance(awaited, Future)
                    result = awaited.result()
            except BaseException as error:  # noqa: BLE001 - the line decides what it means
                awaited = line.throw(error)
            else:
                awaited = line.send(result)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
