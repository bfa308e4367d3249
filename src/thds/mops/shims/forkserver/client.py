"""The caller's side: which server or new interpreter runs a worker, and what became of it. Used by `subprocess`.

Everything but `submit` happens in the thread of the loop, so nothing here needs a lock.
"""

from __future__ import annotations

import itertools
import logging
import os
import selectors
import sys
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final

from thds.mops.errors import ShimError
from thds.mops.shims.forkserver import protocol, versions
from thds.mops.shims.forkserver.call import Call, Kind
from thds.mops.shims.forkserver.children import Children, Ended
from thds.mops.shims.forkserver.future import WorkerFuture
from thds.mops.shims.forkserver.loop import Loop
from thds.mops.shims.forkserver.output import Relay, Sinks
from thds.mops.shims.forkserver.servers import Server, Servers

log = logging.getLogger("thds.mops.shims.subprocess")

#: A call that was sent to so many servers that were out of date gets a new interpreter: its files change all the time.
_MOST_TRIED: Final = 3
#: So often may a server die before it has started a call, until calls like it are kept from servers.
_MOST_DEATHS: Final = 2
#: So many kinds of calls are remembered as unforkable.
_MOST_REMEMBERED: Final = 100
_RETRY_S: Final = 0.01
_CAN_FORK: Final = sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(os, "memfd_create")


class Client:
    """All servers, calls and fresh interpreters of this process. `broken`: a bug of ours stopped it; make another."""

    def __init__(self) -> None:
        self.broken = False
        self._loop = Loop(self._turn, self._timeout, self._give_up)
        self._children: Children[Call | Server] = Children(self._loop.selector)
        self._servers = Servers(self._loop.selector, self._hear)
        self._calls: dict[int, Call] = {}
        self._sinks = Sinks()
        self._unforkable: dict[Kind, versions.Versions] = {}
        self._deaths: dict[Kind, int] = {}
        self._numbers = itertools.count(1)

    def submit(
        self, arguments: Sequence[str], modules: tuple[str, ...], entry: str, fresh: bool
    ) -> Future[None]:
        """From any thread. `fresh`: in a new interpreter in any case."""
        call = Call(next(self._numbers), arguments, modules, entry, self._sinks)
        call.future = WorkerFuture(lambda: self._loop.run(lambda: self._cancel(call)))
        try:
            self._loop.post(lambda: self._begin(call, fresh or not _CAN_FORK))
        except RuntimeError as error:
            call.outputs.close()
            call.future.resolve(call.failure(f"no worker can be started any more: {error}"))
        return call.future

    def abandon(self) -> None:
        """In a forked child: servers and calls are the parent's. Close what was inherited, end nothing."""
        for server in self._servers.open:
            server.channel.close()
        self._sinks.abandon()
        self._children.close()
        self._loop.abandon()

    # ---- a call begins and ends

    def _begin(self, call: Call, fresh: bool) -> None:
        self._loop.holds += 1
        self._calls[call.number] = call
        for relay in call.outputs.relays:
            self._watch(relay)
        self._start(call, fresh)

    def _watch(self, relay: Relay) -> None:
        if not relay.watched:
            relay.watched = True
            self._loop.holds += 1
            self._loop.selector.register(relay.fd, selectors.EVENT_READ, lambda: self._relay(relay))

    def _start(self, call: Call, fresh: bool = False) -> None:
        if call.future.cancelled():
            self._finish(call, None)
        elif fresh or call.servers_tried >= _MOST_TRIED or self._is_unforkable(call):
            self._start_fresh(call)
        else:
            self._order(call)

    def _order(self, call: Call) -> None:
        call.servers_tried += 1
        try:
            server = self._servers.current(call) or self._start_server(call)
            if not server.order(call):
                self._lost(server)
                self._start(call)
        except OSError as error:  # no file descriptor left, or the like: a new interpreter needs the fewest
            log.debug("no fork server can be asked: %s", error)
            self._start(call, fresh=True)

    def _start_server(self, call: Call) -> Server:
        server = self._servers.start(call)
        self._children.add(server, server.pid)
        for each in self._servers.surplus():
            self._retire(each)
        return server

    def _start_fresh(self, call: Call) -> None:
        call.server = None
        try:
            pid = call.start_fresh()
        except (OSError, ValueError) as error:
            hint = f"the interpreter is {call.interpreter.executable!r}"
            self._finish(call, call.failure(f"no process could be started: {error}", hint))
            return
        self._children.add(call, pid)
        self._has_started(call)

    def _has_started(self, call: Call) -> None:
        call.started = True
        call.outputs.close()
        if call.future.cancelled():
            self._cancel(call)

    def _cancel(self, call: Call) -> None:
        if call.number in self._calls:
            if call.server:
                call.server.cancel(call)
            elif call.started:
                self._children.terminate(call)

    def _finish(self, call: Call, error: ShimError | None) -> None:
        del self._calls[call.number]
        self._loop.holds -= 1
        if call.server:
            call.server.calls.pop(call.number, None)
            self._servers.end_if_drained(call.server)
        call.outputs.close()
        for (
            relay
        ) in call.outputs.relays:  # all that the worker wrote; what it left running may write more later
            self._relay(relay)
        call.future.resolve(error)

    def _relay(self, relay: Relay) -> None:
        if not relay.closed and not relay.pump():
            self._loop.selector.unregister(relay.fd)
            relay.close()
            self._loop.holds -= 1

    # ---- what servers say

    def _hear(self, server: Server) -> None:
        messages, open_ = server.channel.get()
        for (kind, number, *rest), _ in messages:
            if call := server.calls.get(number):
                self._heard(call, server, kind, rest)
        if not open_:
            self._lost(server)

    def _heard(self, call: Call, server: Server, kind: str, rest: list[Any]) -> None:
        if kind == protocol.STARTED:
            self._has_started(call)
        elif kind == protocol.ENDED:
            self._finish(call, call.judge(*rest))
        elif kind == protocol.FAILED:
            self._finish(call, call.failure(rest[0]))
        else:
            del server.calls[call.number]
            if kind == protocol.UNFIT:
                reason, seen = rest
                log.debug(
                    "workers with %s get a new interpreter each: %s",
                    ", ".join(call.modules) or call.entry,
                    reason,
                )
                self._keep_from_servers(call, seen)
            self._retire(server)
            self._start(call)

    def _retire(self, server: Server) -> None:
        if not server.awaited:
            server.awaited = True
            self._loop.holds += 1  # until it was reaped
        self._servers.retire(server)

    def _lost(self, server: Server) -> None:
        calls, server.calls = list(server.calls.values()), {}
        self._servers.close(server)
        waiting = [each for each in calls if not each.started]
        if waiting:  # importing for the first of them may have killed it
            self._count_death(waiting[0])
        for call in calls:
            if call.started:
                self._finish(
                    call, call.failure("the fork server died, which alone would know how the worker ends")
                )
            else:
                self._start(call, fresh=True)

    def _count_death(self, call: Call) -> None:
        self._deaths[call.kind] = self._deaths.get(call.kind, 0) + 1
        if self._deaths[call.kind] >= _MOST_DEATHS:
            files = (getattr(sys.modules.get(each), "__file__", None) for each in call.modules)
            self._keep_from_servers(call, versions.take(each for each in files if each))
            del self._deaths[call.kind]

    def _keep_from_servers(self, call: Call, seen: versions.Versions) -> None:
        self._unforkable[call.kind] = seen
        for oldest in list(self._unforkable)[:-_MOST_REMEMBERED]:
            del self._unforkable[oldest]

    def _is_unforkable(self, call: Call) -> bool:
        seen = self._unforkable.get(call.kind)
        if seen is not None and (stale := versions.changed(seen)):
            versions.forget_bytecode(stale)
            seen = None
            del self._unforkable[call.kind]
        return seen is not None

    # ---- the loop

    def _timeout(self) -> float | None:
        due = self._children.timeout()
        waiting = any(each.channel.pending for each in self._servers.open)
        return min(_RETRY_S, due or _RETRY_S) if waiting else due

    def _turn(self) -> None:
        for each in list(self._servers.open):
            if each.channel.pending:
                try:
                    each.channel.flush()
                except OSError:
                    self._lost(each)
        for ended in self._children.collect():
            self._ended(ended)

    def _ended(self, ended: Ended[Call | Server]) -> None:
        if isinstance(ended.key, Call):
            self._finish(ended.key, ended.key.judge(ended.code, ended.peak_bytes))
        elif ended.key.awaited:
            self._loop.holds -= 1

    def _give_up(self, error: BaseException) -> None:
        log.error("the thread that watches workers failed: this is a bug of mops", exc_info=error)
        self.broken = True
        self._loop.holds = 0
        for server in self._servers.open:
            server.channel.close()
        calls, self._calls = list(self._calls.values()), {}
        for call in calls:
            call.future.resolve(call.failure(f"nobody watches it any more: {type(error).__name__}: {error}"))
