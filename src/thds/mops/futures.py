"""Executions shared by the callers in this process, and the futures that callers hold. Used by orchestrate.

Whoever comes first owns the execution of a call; everybody else in this process waits for it without polling.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeAlias, TypeVar

from thds.mops.errors import SelfCallError
from thds.mops.memo.metadata import Metadata

T = TypeVar("T")


class Stored:
    """The result is at the address."""

    __slots__ = ()


class Unstored:
    """The result could not be stored: `body` is its blob, for the other waiters; None where there are none."""

    __slots__ = ("body",)

    def __init__(self, body: bytearray | None) -> None:
        self.body = body


class Failed:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Interrupted:
    """No outcome: the one who ran it was interrupted. Whoever still wants the result starts over."""

    __slots__ = ()


Shared: TypeAlias = Stored | Unstored | Failed | Interrupted


class Execution:
    """One execution in this process. `future` never raises: its result is what the waiters share."""

    __slots__ = ("cancel_work", "future", "uri", "waiters")

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.future: Future[Shared] = Future()
        self.waiters = 1
        #: Stops the work, if it can be stopped; set by whoever runs it.
        self.cancel_work: Callable[[], bool] = lambda: False


class InFlight:
    """The executions of this process by memo URI: one of the registries. Thread-safe; a forked child starts empty."""

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Execution] = {}
        #: Which running call waits for which others, to see circles before anybody waits for ever.
        self._waits_for: dict[str, list[str]] = {}

    def join(self, uri: str, inside: tuple[str, ...]) -> tuple[Execution, bool]:
        """The execution of this call, and whether the caller owns it. `inside`: the calls the caller is part of."""
        with self._lock:
            execution = self._running.get(uri)
            if execution is None:
                execution = self._running[uri] = Execution(uri)
                mine = True
            else:
                self._refuse_circle(uri, inside)
                execution.waiters += 1
                mine = False
            if inside:
                self._waits_for.setdefault(inside[-1], []).append(uri)
            return execution, mine

    def _refuse_circle(self, uri: str, inside: tuple[str, ...]) -> None:
        reached, todo = {uri}, [uri]
        while todo:
            for other in self._waits_for.get(todo.pop(), ()):
                if other not in reached:
                    reached.add(other)
                    todo.append(other)
        for mine in inside:
            if mine in reached:
                raise SelfCallError(
                    f"The call {mine} waits for {uri}, which itself waits for {mine}.",
                    hint="These functions call each other with the same arguments; in plain Python this never ends.",
                    memo_uri=uri,
                )

    def no_longer_waits(self, uri: str, inside: tuple[str, ...]) -> None:
        if inside:
            with self._lock:
                waits = self._waits_for.get(inside[-1])
                if waits and uri in waits:
                    waits.remove(uri)
                    if not waits:
                        del self._waits_for[inside[-1]]

    def finish(self, execution: Execution, outcome: Callable[[int], Shared]) -> None:
        """End it: nobody can join any more. `outcome` is told how many waiters there are, the owner included."""
        with self._lock:
            self._running.pop(execution.uri, None)
            waiters = execution.waiters
        execution.future.set_result(outcome(waiters))

    def leave(self, execution: Execution) -> bool:
        """One waiter gives up. The last one stops the work; False if it cannot be stopped, then nobody left."""
        with self._lock:
            if execution.waiters > 1:
                execution.waiters -= 1
                return True
        return execution.cancel_work()


IN_FLIGHT: Final = InFlight()
os.register_at_fork(after_in_child=IN_FLIGHT.start_anew)  # the child runs none of its parent's executions


class MemoFuture(Future[T]):
    """What `submit` answers: a `concurrent.futures.Future` that knows its call.

    memo_uri: the address of its result; None under `off`.
    metadata: what is known of how the result was made; None until it is there, and where it was not stored.
    """

    def __init__(self, memo_uri: str | None) -> None:
        super().__init__()
        self.memo_uri = memo_uri
        self.metadata: Metadata | None = None
        self._give_up: Callable[[], bool] = lambda: False

    def cancel(self) -> bool:
        """Give up this call; others who wait for it are not affected. The last one stops the work, where the shim can:
        False, and nothing changes, where it cannot or the call has ended."""
        if self.done() or not self._give_up():
            return self.cancelled()
        return super().cancel()
