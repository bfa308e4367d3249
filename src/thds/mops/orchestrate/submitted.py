"""A call as a future: the line goes on whenever what it waits for is there, and blocks no thread while it waits."""

from __future__ import annotations

import contextvars
import time
from concurrent.futures import Future
from typing import Any

from thds.mops.config.context import current, running
from thds.mops.config.settings import CallSettings
from thds.mops.futures import IN_FLIGHT, Execution, Failed, Interrupted, MemoFuture, Shared
from thds.mops.memo.lookup import Hit, Missing, hit_of
from thds.mops.orchestrate.call import Call, Target
from thds.mops.orchestrate.ending import ended_by, enter, to_share
from thds.mops.orchestrate.line import Body, Found, Outcome, the_line
from thds.mops.orchestrate.pool import POOL, run_body
from thds.mops.orchestrate.reuse import emit, reuse
from thds.mops.worker.job import Computed, Raised


class Stopped(BaseException):
    """Thrown into a line whose last waiter gave up."""


def submit(
    target: Target, settings: CallSettings, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> MemoFuture[Any]:
    """Never waits for others. Under `samethread` the function runs here, before this returns."""
    call = Call(target, target.place(settings), args, kwargs)
    found = call.look()
    if isinstance(found, Hit):
        future = MemoFuture[Any](call.address.uri)
        _deliver_hit(call, future, found, "reused", 0.0)
        return future
    return start(call, found)


def submit_plainly(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> MemoFuture[Any]:
    """Under `off`: the function and nothing else, before this returns."""
    future = MemoFuture[Any](None)

    def run() -> None:
        try:
            future.set_result(_called(target, args, kwargs))
        except BaseException as error:  # whatever the function raises is the outcome
            future.set_exception(error)
            if not isinstance(error, Exception):
                raise

    if target.is_async:
        run_body(run)
    else:
        run()
    return future


def _called(target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = target.function(*args, **kwargs)
    if not target.is_async:
        return value
    import asyncio

    return asyncio.run(value)


def start(call: Call, missing: Missing) -> MemoFuture[Any]:
    """Errors that forbid computing (`require_all`, a call of itself) are raised here, at once."""
    future = MemoFuture[Any](call.address.uri)
    _join(call, missing, future, time.monotonic())
    return future


def _join(call: Call, missing: Missing, future: MemoFuture[Any], since: float) -> None:
    execution, mine = enter(call)
    inside = current().ancestors
    future._give_up = lambda: IN_FLIGHT.leave(execution)
    execution.future.add_done_callback(lambda _: IN_FLIGHT.no_longer_waits(call.address.uri, inside))
    if mine:
        walk = _Walk(call, execution, missing, future, since)
        if call.place.inline and call.target.is_async:
            run_body(walk.go_on)  # it needs an event loop of its own, and this thread may run one
        else:
            walk.go_on()
    else:
        context = contextvars.copy_context()
        execution.future.add_done_callback(
            lambda done: context.run(_deliver_shared, call, future, done.result(), since)
        )


class _Walk:
    """The owner's way along the line: one step at a time, each in the thread that happens to be there."""

    def __init__(
        self, call: Call, execution: Execution, missing: Missing, future: MemoFuture[Any], since: float
    ) -> None:
        self._call = call
        self._execution = execution
        self._line = the_line(call, missing)
        self._future = future
        self._since = since
        self._awaited: Future[Any] | Body | None = None
        self._stopping = False
        # Copied for each step: the next one may begin in another thread before this thread has left its own.
        self._context = contextvars.copy_context()
        execution.cancel_work = self._stop

    def go_on(self) -> None:
        self._context.copy().run(lambda: self._steps(may_run_bodies=True))

    def _resume(self) -> None:
        """In a thread of the pool."""
        if self._context.copy().run(lambda: self._steps(may_run_bodies=False)):
            run_body(self.go_on)

    def _stop(self) -> bool:
        awaited = self._awaited
        if not isinstance(awaited, Future):
            return False
        self._stopping = True
        return awaited.cancel()

    def _steps(self, *, may_run_bodies: bool) -> bool:
        """Whether the function is to run now, which this thread may not."""
        try:
            while may_run_bodies or not isinstance(self._awaited, Body):
                awaited = self._awaited = self._step()
                if isinstance(awaited, Future) and not awaited.done():
                    awaited.add_done_callback(lambda _: POOL.run(self._resume))
                    return False
            return True
        except StopIteration as end:
            self._end(end.value)
        except Stopped:
            IN_FLIGHT.finish(self._execution, lambda _: Interrupted())
        except BaseException as error:
            IN_FLIGHT.finish(self._execution, ended_by(error))
            _fail(self._call, self._future, error, self._since)
            if not isinstance(error, Exception):
                raise
        return False

    def _step(self) -> Future[Any] | Body:
        """Hand the line what it waited for; its answer is what it waits for next."""
        awaited, self._awaited = self._awaited, None
        if awaited is None:
            return next(self._line)
        try:
            result = self._run_body() if isinstance(awaited, Body) else self._result_of(awaited)
        except BaseException as error:  # noqa: BLE001 - the line decides what it means
            return self._line.throw(error)
        return self._line.send(result)

    def _result_of(self, awaited: Future[Any]) -> Any:
        if self._stopping and awaited.cancelled():
            raise Stopped
        return awaited.result()

    def _run_body(self) -> Any:
        call = self._call
        with running(call.address.uri):
            return _called(call.target, call.args, call.kwargs)

    def _end(self, outcome: Outcome) -> None:
        IN_FLIGHT.finish(self._execution, lambda waiters: to_share(outcome, waiters))
        call, future = self._call, self._future
        if isinstance(outcome, Found):
            _deliver_hit(call, future, outcome.hit, "waited" if outcome.waited else "computed", self._since)
        elif isinstance(outcome, Raised):
            _fail(call, future, outcome.error, self._since)
        else:
            _deliver_computed(call, future, outcome, self._since)


def _deliver_shared(call: Call, future: MemoFuture[Any], shared: Shared, since: float) -> None:
    """To one who waited for somebody else's execution in this process."""
    try:
        if isinstance(shared, Failed):
            _fail(call, future, shared.error, since)
            return
        body = getattr(shared, "body", None)
        found = hit_of(bytearray(body), call.address) if body is not None else call.look()
        if isinstance(found, Hit):
            _deliver_hit(call, future, found, "waited", since)
        elif not future.cancelled():
            _join(call, found, future, since)
    except Exception as error:  # noqa: BLE001 - a future must end, and this is how it does
        _fail(call, future, error, since)


def _deliver_hit(call: Call, future: MemoFuture[Any], hit: Hit, how: Any, since: float) -> None:
    if future.set_running_or_notify_cancel():
        try:
            value = reuse(call, hit, how, since)
            future.metadata = hit.metadata()
        except Exception as error:  # noqa: BLE001 - unpickling runs users' code
            future.set_exception(error)
        else:
            future.set_result(value)


def _deliver_computed(call: Call, future: MemoFuture[Any], computed: Computed, since: float) -> None:
    if future.set_running_or_notify_cancel():
        emit(call, "computed", since)
        if computed.parts is None:
            stored = call.look()
            future.metadata = stored.metadata() if isinstance(stored, Hit) else None
        future.set_result(computed.value)


def _fail(call: Call, future: MemoFuture[Any], error: BaseException, since: float) -> None:
    if future.set_running_or_notify_cancel():
        emit(call, "failed", since)
        future.set_exception(error)
