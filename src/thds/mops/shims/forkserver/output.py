"""Where a worker's standard output and error go: the caller's side.

A stream that is a file of the system is handed to the worker as it is. Anything else (a notebook's stream, a `StringIO`
of `redirect_stdout`, pytest's) can only be written to from here: the worker gets a pipe, and its text is relayed.
"""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
from typing import TextIO

from thds.mops.shims.forkserver.interpreter import duplicate

log = logging.getLogger("thds.mops.shims.subprocess")

_CHUNK = 1 << 16


class Outputs:
    """Both streams as they are at a call. `files` are for the worker, ours to `close` once it has them; `relays` are
    the pipes to be read, at most one for each of the caller's streams."""

    def __init__(self) -> None:
        self.relays: list[Relay] = []
        self.texts: tuple[bool, bool] = (False, False)
        self.files: tuple[int, ...] = ()
        out, out_text = self._for(sys.stdout)
        same = sys.stderr is sys.stdout and out_text
        err, err_text = (duplicate(out), True) if same else self._for(sys.stderr)
        self.files, self.texts = (out, err), (out_text, err_text)

    def close(self) -> None:
        files, self.files = self.files, ()
        for each in files:
            os.close(each)

    def abandon(self) -> None:
        """Close everything: nobody will write or relay."""
        self.close()
        for each in self.relays:
            each.close()

    def _for(self, stream: TextIO | None) -> tuple[int, bool]:
        if stream is None:
            return _nowhere(), False
        fd = _file_of(stream)
        if fd is not None:
            return fd, False
        reader, writer = os.pipe()
        self.relays.append(Relay(duplicate(reader), stream))
        ours = duplicate(writer)
        os.close(reader)
        os.close(writer)
        return ours, True


class Relay:
    """One pipe and the stream its text goes to."""

    def __init__(self, fd: int, stream: TextIO) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
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


def _file_of(stream: TextIO) -> int | None:
    """A private copy of the file that the stream writes to as it is, after flushing it so that the order is kept; None
    if there is none. A stream that compresses, or a notebook's, has a `fileno` too, of something else."""
    buffer = getattr(stream, "buffer", None) if isinstance(stream, io.TextIOWrapper) else None
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.FileIO):
        return None
    try:
        stream.flush()
        return duplicate(raw.fileno())
    except (OSError, ValueError):  # closed, or its file is
        return _nowhere()


def _nowhere() -> int:
    fd = os.open(os.devnull, os.O_WRONLY)
    try:
        return duplicate(fd)
    finally:
        os.close(fd)
