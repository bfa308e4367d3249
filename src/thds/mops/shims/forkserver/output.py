"""Where a worker's standard output and error go: the caller's side.

A stream that is a file of the system is handed to the worker as it is. Anything else (a notebook's stream, a `StringIO`
of `redirect_stdout`, pytest's) can only be written to from here: the worker gets a pipe, and its text is relayed.
Calls that are under way at the same time share what goes to the same place: thousands of them need no more files.
"""

from __future__ import annotations

import codecs
import fcntl
import io
import logging
import os
import stat
import sys
import threading
from collections.abc import Hashable
from typing import TextIO

from thds.mops.shims.forkserver.interpreter import duplicate

log = logging.getLogger("thds.mops.shims.subprocess")

_CHUNK = 1 << 16


class Relay:
    """The reading end of a pipe, and the stream its text goes to. `watched`: the loop knows about it."""

    def __init__(self, fd: int, stream: TextIO) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.watched = False
        self.closed = False
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def pump(self) -> bool:
        """Relay all that is there now. Whether more can come: False when every writer has closed it."""
        while True:
            try:
                data = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return True
            self._show(self._decoder.decode(data, final=not data))
            if not data:
                return False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self.fd)

    def _show(self, text: str) -> None:
        try:
            if text:
                self._stream.write(text)
                self._stream.flush()
        except Exception as error:  # noqa: BLE001 - a foreign stream, perhaps closed: the worker must not wait for it
            log.debug("the output of a worker cannot be shown: %r", error)


class Sink:
    """One place for output, while calls need it. `fd` is for workers; `relay` is there if what they write is text."""

    __slots__ = ("fd", "key", "relay", "users")

    def __init__(self, key: Hashable, fd: int, relay: Relay | None = None) -> None:
        self.key = key
        self.fd = fd
        self.relay = relay
        self.users = 0


class Sinks:
    """Those in use in this process. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sinks: dict[Hashable, Sink] = {}

    def take(self, stream: TextIO | None) -> Sink:
        """Where text for that stream goes now; all that was written to it before comes first. `release` it."""
        fd = _file_of(stream)
        key = ("stream", id(stream)) if fd is None else ("file", *_identity(fd))
        with self._lock:
            sink = self._sinks.get(key)
            if sink is None:
                sink = self._sinks[key] = _piped(key, stream) if fd is None else Sink(key, _copy(fd))
            sink.users += 1
            return sink

    def release(self, sink: Sink) -> None:
        with self._lock:
            sink.users -= 1
            if sink.users == 0:
                del self._sinks[sink.key]
                os.close(sink.fd)

    def abandon(self) -> None:
        """In a forked child: close what was inherited."""
        for sink in list(self._sinks.values()):
            os.close(sink.fd)
            if sink.relay:
                sink.relay.close()


class Outputs:
    """Both streams of one call, as they are when this is made, until `close`."""

    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks
        out = sinks.take(sys.stdout)
        try:
            err = sinks.take(sys.stderr)
        except BaseException:
            sinks.release(out)
            raise
        self._held = [out, err]
        self.files = (out.fd, err.fd)
        self.texts = (out.relay is not None, err.relay is not None)
        self.relays = [sink.relay for sink in (out, err) if sink.relay]

    def close(self) -> None:
        """The worker has its files, or never will."""
        held, self._held = self._held, []
        for sink in held:
            self._sinks.release(sink)


def _piped(key: Hashable, stream: TextIO | None) -> Sink:
    assert stream is not None
    reader, writer = os.pipe()
    try:
        return Sink(key, duplicate(writer), Relay(duplicate(reader), stream))
    finally:
        os.close(reader)
        os.close(writer)


#: Instead of a file descriptor: what is written there is lost.
_NOWHERE = -1


def _file_of(stream: TextIO | None) -> int | None:
    """The file that the stream writes to as it is, after flushing it so that the order is kept; None if there is none.
    A stream that compresses, or a notebook's, has a `fileno` too, of something else."""
    if stream is None:
        return _NOWHERE
    buffer = getattr(stream, "buffer", None) if isinstance(stream, io.TextIOWrapper) else None
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.FileIO):
        return None
    try:
        stream.flush()
        os.fstat(raw.fileno())
    except (OSError, ValueError):  # it is closed, or was closed under the stream
        return _NOWHERE
    return raw.fileno()


def _identity(fd: int) -> tuple[int, ...]:
    """Equal for two that are copies of one open file. For two files opened separately it differs, as a rule: where it
    does not, both lead to the same pipe, terminal, or place in a file."""
    if fd == _NOWHERE:
        return (fd,)
    status = os.fstat(fd)
    offset = os.lseek(fd, 0, os.SEEK_CUR) if stat.S_ISREG(status.st_mode) else 0
    return status.st_dev, status.st_ino, fcntl.fcntl(fd, fcntl.F_GETFL), offset


def _copy(fd: int) -> int:
    if fd != _NOWHERE:
        return duplicate(fd)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        return duplicate(nowhere)
    finally:
        os.close(nowhere)
