"""The fork server: a new interpreter that imports what calls need, and forks itself for each of them.

Started by the caller's `client`. One thread, one loop. It never looks at a blob store and never runs a user's function.
It ends when its caller is gone and its last child has ended; children do not notice either end.
"""

from __future__ import annotations

import os
import selectors
import socket

from thds.mops.shims.forkserver import child, interpreter, preload, protocol, streams, threads, versions
from thds.mops.shims.forkserver.children import Children

_RETRY_S = 0.01


def main() -> None:
    """`interpreter.start` calls this in the new interpreter; the caller's socket is file descriptor CONTROL."""
    os.set_inheritable(interpreter.CONTROL, False)  # noqa: FBT003
    interpreter.close_leaked()
    streams.install()
    Server(socket.socket(fileno=interpreter.CONTROL)).serve()


class Server:
    def __init__(self, control: socket.socket) -> None:
        self.selector = selectors.DefaultSelector()
        self.channel = protocol.Channel(control)
        self.children: Children[int] = Children(self.selector)
        self.preloader = preload.Preloader()
        self.caller_gone = False
        self.retired = False
        self.selector.register(control, selectors.EVENT_READ, self._hear)

    def serve(self) -> None:
        while not self.caller_gone or self.children:
            for key, _ in self.selector.select(self._timeout()):
                key.data()
            for ended in self.children.collect():
                self._say(protocol.ENDED, ended.key, ended.code, ended.peak_bytes)
            if self.channel.pending:
                self._say()

    def _timeout(self) -> float | None:
        due = self.children.timeout()
        return _RETRY_S if self.channel.pending and (due is None or due > _RETRY_S) else due

    def _hear(self) -> None:
        messages, open_ = self.channel.get()
        for body, files in messages:
            if body[0] == protocol.CANCEL:
                self.children.terminate(body[1])
            else:
                self._take(protocol.Order(*body[1]), files)
        if not open_:
            self.caller_gone = True
            self.selector.unregister(self.channel.sock)
            self.channel.close()

    def _say(self, *body: object) -> None:
        if self.caller_gone:
            return
        try:
            self.channel.put(*body) if body else self.channel.flush()
        except OSError:  # the caller is gone: the next `_hear` notices
            pass

    def _take(self, order: protocol.Order, files: tuple[int, ...]) -> None:
        try:
            if len(files) != len(order.texts):
                raise OSError("too many open files")
            if self._fit(order):
                self._fork(order, files)
        except OSError as error:
            self._say(protocol.FAILED, order.call, f"no process could be started: {error}")
        finally:
            for each in files:
                os.close(each)

    def _fit(self, order: protocol.Order) -> bool:
        """Whether this process may be forked for the order; otherwise the caller has been told what to do instead."""
        if not self.retired and (stale := versions.changed(self.preloader.versions)):
            versions.forget_bytecode(stale)
            self.retired = True
        if self.retired:
            self._say(protocol.ELSEWHERE, order.call)
            return False
        try:
            self.preloader.load(order.entry, order.modules)
            if reason := threads.reason_against_fork():
                raise preload.Unfit(reason, self.preloader.versions)
        except preload.Unfit as unfit:
            self.retired = True
            self._say(protocol.UNFIT, order.call, unfit.reason, unfit.versions)
            return False
        return True

    def _fork(self, order: protocol.Order, files: tuple[int, ...]) -> None:
        pid = threads.fork()
        if pid == 0:
            child.become(order, files, self._leave, self.preloader.output, self.preloader.generators)
        self.preloader.output = (b"", b"")
        try:
            os.setpgid(pid, pid)  # the child does it too: whoever comes first, a cancel finds the group
        except OSError:  # it has ended already
            pass
        self.children.add(order.call, pid)
        self._say(protocol.STARTED, order.call, pid)

    def _leave(self) -> None:
        """In a child: close what is the server's alone."""
        self.children.close()
        self.selector.close()
        self.channel.close()
