"""Standard output and error of a worker: called in servers, forked children and fresh interpreters."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


class Unbreakable(io.FileIO):
    """Writes nowhere once nobody reads: a call survives its caller, also when it prints after the caller is gone."""

    def write(self, data: object, /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):  # EIO: a terminal that was closed
                raise
            return memoryview(data).nbytes  # type: ignore[arg-type]

    def seekable(self) -> bool:
        """Never: what lies below is replaced in every forked child, and buffers above remember the answer."""
        return False


def install() -> None:
    """Put standard streams in place that behave as a new interpreter's, except for being `Unbreakable`. Objects that
    keep a reference to them (logging handlers) go on working after a fork, since only the file below changes."""
    sys.stdout = sys.__stdout__ = _like(sys.stdout, 1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _like(sys.stderr, 2)  # type: ignore[misc]


def adjust(texts: tuple[bool, bool]) -> None:
    """After the files 1 and 2 were replaced: buffer by line on a terminal, as a new interpreter does, and where the
    caller relays text (which then is UTF-8), so that it appears when it is written."""
    for stream, text, by_line in ((sys.__stdout__, texts[0], False), (sys.__stderr__, texts[1], True)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=by_line or text or stream.isatty())
            if text:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def flush() -> None:
    """Write out what Python and C have buffered. Failing (a full disk) is no reason to fail a worker at its end."""
    for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}:
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass
    _flush_c()


def _flush_c() -> None:
    try:
        import ctypes

        ctypes.CDLL(None).fflush(None)
    except (ImportError, OSError, AttributeError):  # an interpreter without ctypes
        pass


def replace_files(out: int, err: int) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)


def _like(stream: TextIO | None, fd: int) -> io.TextIOWrapper:
    raw = Unbreakable(fd, "w", closefd=False)
    raw.name = getattr(stream, "name", fd)
    unbuffered = bool(getattr(stream, "write_through", False))  # -u
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", "utf-8"),
        errors=getattr(stream, "errors", "backslashreplace"),
        line_buffering=getattr(stream, "line_buffering", True),
        write_through=unbuffered,
    )
