"""A call of an `async def` function: awaitable, and shared while in flight. asyncio is imported only by those who call
such functions."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from thds.mops.config.context import current, running
from thds.mops.config.settings import CallSettings
from thds.mops.futures import IN_FLIGHT, Execution
from thds.mops.memo.lookup import Hit, Missing
from thds.mops.orchestrate.call import Call, Target
from thds.mops.orchestrate.ending import ended_by, enter, own_value, to_share, value_of_shared
from thds.mops.orchestrate.line import BODY, Line, Outcome, the_line
from thds.mops.orchestrate.reuse import reuse
from thds.mops.orchestrate.submitted import start


async def call(target: Target, settings: CallSettings, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value, or the function's own exception. The event loop is held up for the reads and writes of the store."""
    import asyncio

    this = Call(target, target.place(settings), args, kwargs)
    found = this.look()
    if isinstance(found, Hit):
        return reuse(this, found)
    if this.place.inline:
        return await _compute_here(this, found)
    return await asyncio.wrap_future(start(this, found))  # cancelling this one gives up this waiter only


async def _compute_here(call: Call, missing: Missing) -> Any:
    since = time.monotonic()
    while True:
        execution, mine = enter(call)
        inside = current().ancestors
        try:
            if mine:
                return await _own(call, execution, missing, since)
            known, value = await _wait(call, execution, since)
        finally:
            IN_FLIGHT.no_longer_waits(call.address.uri, inside)
        if known:
            return value
        looked = call.look()
        if isinstance(looked, Hit):
            return reuse(call, looked, "waited", since)
        missing = looked


async def _wait(call: Call, execution: Execution, since: float) -> tuple[bool, Any]:
    import asyncio

    try:
        shared = await asyncio.shield(asyncio.wrap_future(execution.future))
    except asyncio.CancelledError:
        IN_FLIGHT.leave(execution)
        raise
    return value_of_shared(call, shared, since)


async def _own(call: Call, execution: Execution, missing: Missing, since: float) -> Any:
    """In a task of its own: whoever called first may be cancelled while others wait."""
    import asyncio

    loop = asyncio.get_running_loop()
    task = loop.create_task(_walk_and_share(call, execution, missing))

    def stop() -> bool:
        loop.call_soon_threadsafe(task.cancel)
        return True

    execution.cancel_work = stop
    try:
        outcome = await asyncio.shield(task)
    except asyncio.CancelledError:
        IN_FLIGHT.leave(execution)
        raise
    return own_value(call, outcome, since)


async def _walk_and_share(call: Call, execution: Execution, missing: Missing) -> Outcome:
    try:
        outcome = await _walk(call, the_line(call, missing))
    except BaseException as error:
        IN_FLIGHT.finish(execution, ended_by(error))
        raise
    IN_FLIGHT.finish(execution, lambda waiters: to_share(outcome, waiters))
    return outcome


async def _walk(call: Call, line: Line) -> Outcome:
    import asyncio

    try:
        awaited = next(line)
        while True:
            try:
                if awaited is BODY:
                    with running(call.address.uri):
                        result = await call.target.function(*call.args, **call.kwargs)
                else:
                    assert isinstance(awaited, Future)
                    result = await asyncio.wrap_future(awaited)
            except BaseException as error:  # noqa: BLE001 - the line decides what it means
                awaited = line.throw(error)
            else:
                awaited = line.send(result)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
