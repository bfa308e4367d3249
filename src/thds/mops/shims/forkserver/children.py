"""Process groups whose leaders are children of this process: noticing their end, and ending them. The server has its
workers here, the caller its servers and fresh interpreters.

No thread and no signal handler: a file descriptor per process where the system has them (Linux), polling elsewhere.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Hashable
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

#: Seconds between asking a process group to end and killing it.
GRACE_S: Final = 2.0
_POLL_S: Final = 0.01
#: File descriptors that are not used up for waiting.
_LEFT_TO_OTHERS: Final = 64

Key = TypeVar("Key", bound=Hashable)


class Ended(NamedTuple, Generic[Key]):
    """`code`: the exit code, minus the signal's number, or None where something else in this process took it."""

    key: Key
    code: int | None
    peak_bytes: int


class _Child:
    __slots__ = ("fd", "gone", "kill_at", "pid")

    def __init__(self, pid: int, fd: int | None) -> None:
        self.pid = pid
        self.fd = fd
        self.gone = False
        self.kill_at: float | None = None


class Children(Generic[Key]):
    """Not thread-safe. The selector's data are callables without arguments."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._children: dict[Key, _Child] = {}
        self._polled: set[Key] = set()
        self._dying: set[Key] = set()
        self._gone: list[Key] = []

    def __len__(self) -> int:
        return len(self._children)

    def add(self, key: Key, pid: int) -> None:
        fd = _open(pid)
        self._children[key] = _Child(pid, fd)
        if fd is None:
            self._polled.add(key)
        else:
            self._selector.register(fd, selectors.EVENT_READ, partial(self._saw_end, key))

    def terminate(self, key: Key) -> None:
        """Ask the group to end; kill what is left of it after a grace. The leader is not reaped before that, so that
        its number cannot come to mean somebody else. Without effect once the leader was collected."""
        child = self._children.get(key)
        if child and child.kill_at is None:
            child.kill_at = time.monotonic() + GRACE_S
            self._dying.add(key)
            _signal(child.pid, signal.SIGTERM)

    def timeout(self) -> float | None:
        """Seconds after which `collect` is due though the selector reports nothing."""
        if self._polled:
            return _POLL_S
        due = (self._children[key].kill_at or 0.0 for key in self._dying)
        return min((max(0.0, at - time.monotonic()) for at in due), default=None)

    def collect(self) -> list[Ended[Key]]:
        """Those that have ended since. Call it after each wait."""
        self._kill_due()
        ready, self._gone = {*self._gone, *self._polled}, []
        ended: list[Ended[Key]] = []
        for key in ready:
            if key not in self._dying:
                ended += self._reap(key)
        return ended

    def close(self) -> None:
        """In a forked child: these are not its children."""
        children, self._children = self._children, {}
        for child in children.values():
            if child.fd is not None:
                os.close(child.fd)

    def _saw_end(self, key: Key) -> None:
        child = self._children[key]
        self._forget_fd(child)
        child.gone = True
        self._gone.append(key)
        if key in self._dying and _is_alone(child.pid):
            self._dying.discard(key)

    def _kill_due(self) -> None:
        now = time.monotonic()
        for key in [each for each in self._dying if (self._children[each].kill_at or 0.0) <= now]:
            child = self._children[key]
            _signal(child.pid, signal.SIGKILL)
            self._dying.discard(key)
            if child.gone:
                self._gone.append(key)

    def _reap(self, key: Key) -> list[Ended[Key]]:
        child = self._children[key]
        try:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        except ChildProcessError:
            code, peak = None, 0
        else:
            if not pid:
                return []
            code, peak = os.waitstatus_to_exitcode(status), usage.ru_maxrss * _MAXRSS_UNIT
        del self._children[key]
        self._polled.discard(key)
        return [Ended(key, code, peak)]

    def _forget_fd(self, child: _Child) -> None:
        if child.fd is not None:
            self._selector.unregister(child.fd)
            fd, child.fd = child.fd, None
            os.close(fd)


_MAXRSS_UNIT = 1024 if hasattr(os, "pidfd_open") else 1


def _open(pid: int) -> int | None:
    """Something that can be waited for; None where the system has no such thing, or too few are left for others."""
    import resource

    try:
        fd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:
        return None
    if fd is not None and fd > resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _LEFT_TO_OTHERS:
        os.close(fd)
        return None
    return fd


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # ended; macOS says the latter of a zombie
        pass


def _is_alone(leader: int) -> bool:
    """Whether nothing is left of a group but its leader, which has ended. False where nobody can tell."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return False
    return all(_group_of(pid) != leader for pid in pids if pid != leader)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
