"""The shim `subprocess`: each call in a process of its own on this machine, which starts like this interpreter.

The worker has this interpreter's executable and flags, `sys.path`, working directory and environment as they are at
the call. `__main__` is not imported again: scripts need no guard; notebooks, `python -m` and the REPL work alike. It is
the leader of a process group of its own, out of reach of Ctrl-C here, and goes on if this process ends. Its standard
input is empty; its output appears where this process prints.

On Linux it is forked from a server that has imported the function's module before, wherever that makes no difference;
otherwise a new interpreter is started. What a module computes while it is imported is then computed once a server.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from thds.mops.shims.base import WORKER_ENTRY, Shim
from thds.mops.shims.forkserver.client import Client
from thds.mops.shims.forkserver.modules import needed_by


class Subprocess:
    """Runs workers here. `modules`: what they will need, imported beforehand. `fresh`: start a new interpreter a call,
    never fork. `entry`: what a worker runs, a `module:function`.

    The future raises `ShimError` if the worker crashed; its `cancel` stops the worker and all of its process group.
    """

    __slots__ = ("entry", "fresh", "modules")

    def __init__(
        self, modules: Sequence[str] = (), *, entry: str = WORKER_ENTRY, fresh: bool = False
    ) -> None:
        self.modules = tuple(modules)
        self.entry = entry
        self.fresh = fresh

    def __call__(self, arguments: Sequence[str]) -> Future[None]:
        return _here.client().submit(arguments, self.modules, self.entry, self.fresh)

    def __repr__(self) -> str:
        return f"subprocess({', '.join(self.modules)})"


def build(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shim:
    """The shim builder named `subprocess`."""
    return Subprocess(needed_by(func, args, kwargs))


class _Here:
    """The one client of this process, made when first needed; a forked child gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Client | None = None

    def client(self) -> Client:
        with self._lock:
            if self._client is None or self._client.broken:
                self._client = Client()
            return self._client

    def forked(self) -> None:
        client, self._client, self._lock = self._client, None, threading.Lock()
        if client:
            client.abandon()


_here = _Here()
os.register_at_fork(after_in_child=_here.forked)
