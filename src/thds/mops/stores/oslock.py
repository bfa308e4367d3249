"""Locked files that tell whether their holder lives. Used by the file store, for swaps and for sessions.

A lock belongs to a process, not to its descendants: a forked child closes what it inherited. It only closes: unlocking
would take the lock from the parent too, because both share one open file.
"""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_open: set[LockFile] = set()
# Held while a lock file is opened or closed, and during a fork: no child gets one that is not in `_open`. Reentrant,
# in case a signal handler forks.
_guard = threading.RLock()


class LockFile:
    """An open lock file of this process. After a fork, the child's copy is closed and does nothing any more."""

    __slots__ = ("_fd", "_path")

    def __init__(self, path: str, flags: int) -> None:
        self._path = path
        with _guard:
            self._fd = os.open(path, flags, 0o666)
            _open.add(self)

    def lock(self, how: int) -> None:
        """flock(2): BlockingIOError where `how` has LOCK_NB and another holds it."""
        fcntl.flock(self._fd, how)

    def release(self) -> None:
        """Unlock and close. Unlock first: somebody who was not forked by Python might have a duplicate."""
        with _guard:
            fd, self._fd = self._fd, -1
            _open.discard(self)
            if fd >= 0:
                try:
                    fcntl.flock(fd, fcntl.LOCK_UN)
                finally:
                    os.close(fd)

    def in_place(self) -> bool:
        """Whether it is still the file at its path: whoever removes it, and asks, is told that nobody holds it."""
        if self._fd < 0:
            return False
        try:
            there, ours = os.stat(self._path), os.fstat(self._fd)
        except OSError:
            return False
        return (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)

    def forked(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)


class Exclusively:
    """`with Exclusively(path):` one at a time, among all threads and processes of this file system."""

    __slots__ = ("_file", "_path")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        try:
            file = LockFile(self._path, os.O_RDWR | os.O_CREAT)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            file = LockFile(self._path, os.O_RDWR | os.O_CREAT)
        try:
            file.lock(fcntl.LOCK_EX)
        except BaseException:
            file.release()
            raise
        self._file = file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.release()


def _forked() -> None:
    for file in _open:
        file.forked()
    _open.clear()
    _guard.release()


os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_forked)
