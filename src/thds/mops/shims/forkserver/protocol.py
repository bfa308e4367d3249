"""Messages between a caller and its fork server: tuples, and open files with them, over a stream socket.

Neither side ever blocks on the other: what cannot be sent now waits here. Both run the same interpreter and trust each
other, hence `marshal`.
"""

from __future__ import annotations

import array
import errno
import marshal
import os
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

#: To the server: an `Order` with two open files, standard output and standard error.
CALL: Final = "call"
#: To the server, (CANCEL, call): stop its process group.
CANCEL: Final = "cancel"
#: From the server, (STARTED, call, pid).
STARTED: Final = "started"
#: From the server, (ENDED, call, exit code or None where nobody knows, peak memory in bytes).
ENDED: Final = "ended"
#: From the server, (FAILED, call, text): no process could be started.
FAILED: Final = "failed"
#: From the server, (ELSEWHERE, call): this server is out of date; ask a new one.
ELSEWHERE: Final = "elsewhere"
#: From the server, (UNFIT, call, reason, versions): a process with these modules must not be forked.
UNFIT: Final = "unfit"

_LENGTH = 4
_MOST_FILES = 2
_CHUNK = 1 << 16


class Order(NamedTuple):
    """One worker to be forked. `texts`: its output is read as UTF-8 text by the caller, rather than being the
    caller's own file, for (stdout, stderr). `environ`: the variables of `interpreter.VOLATILE` as they are now."""

    call: int
    arguments: tuple[str, ...]
    modules: tuple[str, ...]
    entry: str
    texts: tuple[bool, bool]
    environ: tuple[tuple[str, str], ...]


class Message(NamedTuple):
    body: tuple[Any, ...]
    files: tuple[int, ...]


class Channel:
    """One end. Not thread-safe."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self.sock = sock
        self._unsent: deque[tuple[memoryview, tuple[int, ...]]] = deque()
        self._received = bytearray()
        self._files: deque[int] = deque()

    @property
    def pending(self) -> bool:
        """Whether something waits to be sent: call `flush` when the socket is writable, or a little later."""
        return bool(self._unsent)

    def put(self, *body: Any, files: tuple[int, ...] = ()) -> None:
        """Send, or keep until `flush`. The files must stay open until the other side has answered. Raises
        ConnectionError when it is gone."""
        payload = marshal.dumps((len(files), body))
        self._unsent.append((memoryview(len(payload).to_bytes(_LENGTH, "big") + payload), files))
        self.flush()

    def flush(self) -> None:
        while self._unsent:
            data, files = self._unsent[0]
            try:
                sent = self.sock.sendmsg([data], _rights(files), socket.MSG_NOSIGNAL)
            except OSError as error:
                # ETOOMANYREFS: too many files are under way to servers that have not fetched them yet
                if error.errno in (errno.EAGAIN, errno.ENOBUFS, errno.ETOOMANYREFS):
                    return
                raise
            if sent == len(data):
                self._unsent.popleft()
            else:
                self._unsent[0] = data[sent:], ()

    def get(self) -> tuple[list[Message], bool]:
        """Messages that have arrived, and whether the other side is still there. More may be waiting: not all are
        fetched at once, since their files would be open all at once. A message has fewer files than it was sent with
        where this process cannot open more."""
        open_ = self._fill()
        return list(self._complete()), open_

    def close(self) -> None:
        for each in self._files:
            os.close(each)
        self.sock.close()

    def _fill(self) -> bool:
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        try:
            data, ancillary, _, _ = self.sock.recvmsg(_CHUNK, socket.CMSG_SPACE(4 * _MOST_FILES), flags)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._files.extend(array.array("i", content[: len(content) // 4 * 4]))
        self._received += data
        return bool(data)

    def _complete(self) -> Iterator[Message]:
        while len(self._received) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._received[:_LENGTH], "big")
            if len(self._received) < end:
                return
            count, body = marshal.loads(self._received[_LENGTH:end])
            del self._received[:end]
            yield Message(body, tuple(self._files.popleft() for _ in range(min(count, len(self._files)))))


def _rights(files: tuple[int, ...]) -> list[tuple[int, int, array.array[int]]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
