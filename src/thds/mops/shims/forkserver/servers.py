"""The fork servers of a caller: started when a call needs one, kept warm, left to drain when they are out of date.

Used by `client`, in the thread of its loop only.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable
from typing import Final

from thds.mops.shims.forkserver import interpreter, protocol
from thds.mops.shims.forkserver.call import Call

#: Servers kept warm at a time; the one used longest ago goes.
MOST_SERVERS: Final = 3


class Server:
    """`calls`: those it was given and has not answered for. `retired`: it gets no more. `awaited`: the loop goes on
    until it was reaped."""

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.channel = protocol.Channel(sock)
        self.pid = pid
        self.calls: dict[int, Call] = {}
        self.retired = False
        self.awaited = False

    def order(self, call: Call) -> bool:
        """Whether the server was there to be given the call. Raises OSError when this process is out of something."""
        try:
            self.channel.put(protocol.CALL, tuple(call.order()), files=call.outputs.files)
        except ConnectionError:
            return False
        self.calls[call.number] = call
        call.server = self
        return True

    def cancel(self, call: Call) -> None:
        try:
            self.channel.put(protocol.CANCEL, call.number)
        except OSError:  # it has died: its calls are told so when that is heard
            pass


class Servers:
    """`hear` is called with a server that has said something, or has died."""

    def __init__(self, selector: selectors.BaseSelector, hear: Callable[[Server], None]) -> None:
        self._selector = selector
        self._hear = hear
        self._current: dict[interpreter.Interpreter, Server] = {}
        self.open: set[Server] = set()

    def current(self, call: Call) -> Server | None:
        """The server for calls like this one, which thereby becomes the one used last."""
        server = self._current.pop(call.interpreter, None)
        if server is not None:
            self._current[call.interpreter] = server
        return server

    def start(self, call: Call) -> Server:
        """A new server for calls like this one. Raises OSError."""
        ours, theirs = socket.socketpair()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        files = [interpreter.duplicate(each) for each in (nowhere, nowhere, theirs.fileno())]
        try:
            pid = call.interpreter.start("thds.mops.shims.forkserver.server:main", (), call.volatile, files)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            for each in (nowhere, *files):
                os.close(each)
        server = Server(ours, pid)
        self.open.add(server)
        self._current[call.interpreter] = server
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(server))
        return server

    def surplus(self) -> list[Server]:
        """Those that are one too many, used longest ago."""
        return list(self._current.values())[: max(0, len(self._current) - MOST_SERVERS)]

    def retire(self, server: Server) -> None:
        """Give it no more calls, and let it end when it has answered for those it has."""
        server.retired = True
        self._current = {key: each for key, each in self._current.items() if each is not server}
        self.end_if_drained(server)

    def end_if_drained(self, server: Server) -> None:
        if server.retired and not server.calls:
            self.close(server)

    def close(self, server: Server) -> None:
        """Hang up: it ends after its last child. Also for a server that has died."""
        server.retired = True
        self._current = {key: each for key, each in self._current.items() if each is not server}
        if server in self.open:
            self.open.discard(server)
            self._selector.unregister(server.channel.sock)
            server.channel.close()
