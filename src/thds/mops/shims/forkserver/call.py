"""One worker as its caller sees it, and what its end means. Made by `client`."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

from thds.mops.errors import ShimError
from thds.mops.shims.base import ended_badly
from thds.mops.shims.forkserver import interpreter, protocol
from thds.mops.shims.forkserver.output import Outputs, Sinks
from thds.mops.worker.exit_codes import NOT_STORED, ORDERLY

if TYPE_CHECKING:
    from thds.mops.shims.forkserver.future import WorkerFuture
    from thds.mops.shims.forkserver.servers import Server

#: What decides whether a process may be forked for a call.
Kind = tuple[interpreter.Interpreter, tuple[str, ...], str]


class Call:
    """What it needs from its surroundings (interpreter, environment, streams) is taken when it is made.

    `number` is unique in this process, `server` the one that was asked last, `servers_tried` how many were,
    `started` whether there is a process."""

    __slots__ = (
        "arguments",
        "entry",
        "future",
        "interpreter",
        "modules",
        "number",
        "outputs",
        "server",
        "servers_tried",
        "started",
        "volatile",
    )

    def __init__(
        self, number: int, arguments: Sequence[str], modules: tuple[str, ...], entry: str, sinks: Sinks
    ) -> None:
        self.number = number
        self.arguments = tuple(str.__str__(each) for each in arguments)  # refuses what is no string
        self.modules = modules
        self.entry = entry
        self.interpreter, self.volatile = interpreter.capture()
        self.outputs = Outputs(sinks)
        self.server: Server | None = None
        self.servers_tried = 0
        self.started = False
        self.future: WorkerFuture

    @property
    def kind(self) -> Kind:
        return self.interpreter, self.modules, self.entry

    def order(self) -> protocol.Order:
        volatile = tuple(self.volatile.items())
        return protocol.Order(
            self.number, self.arguments, self.modules, self.entry, self.outputs.texts, volatile
        )

    def start_fresh(self) -> int:
        """The process id of a new interpreter for it. Raises OSError or ValueError."""
        texts = "".join("1" if each else "0" for each in self.outputs.texts)
        return self.interpreter.start(
            "thds.mops.shims.forkserver.fresh:main",
            (self.entry, texts, *self.arguments),
            self.volatile,
            self.outputs.files,
        )

    def failure(self, reported: str, hint: str = "") -> ShimError:
        return ended_badly(self.arguments, reported, hint)

    def judge(self, code: int | None, peak_bytes: int) -> ShimError | None:
        """What an exit code means. None where somebody else in this process took it: the store knows the outcome."""
        if code is None or code in ORDERLY:
            return None
        if code == NOT_STORED:
            return self.failure(
                f"exit code {code}", "the function returned, but the store refused its result"
            )
        if code >= 0:
            return self.failure(f"exit code {code}")
        name = _signal_name(-code)
        if -code == signal.SIGKILL:
            used = f", having used up to {peak_bytes / 1e6:,.0f} MB" if peak_bytes else ""
            return self.failure(f"killed by {name}{used}; out of memory?")
        return self.failure(f"killed by {name}")


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:  # a real-time signal
        return f"signal {number}"
