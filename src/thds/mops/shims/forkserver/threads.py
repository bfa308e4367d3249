"""Forking a server in spite of its threads, or not. A forked child has one thread: what others held, stays held."""

from __future__ import annotations

import os
import threading
import time
import warnings

#: Threads that their library gives up before a fork and makes again after it: the allocator's.
_HARMLESS = frozenset({"jemalloc_bg_thd"})
#: A thread is created before it is named.
_NAMING_S = 0.05
_PROBE_S = 2.0


def reason_against_fork(*, probe: bool = False) -> str | None:
    """Why this process must not be forked now because of its threads. With `probe`, fork for nothing first: that ends
    the threads of libraries that know about forks (OpenBLAS), and only what is left counts."""
    if threading.active_count() > 1:
        names = ", ".join(each.name for each in threading.enumerate() if each is not threading.main_thread())
        return f"it leaves threads running after it is imported ({names})"
    if not _foreign_threads():
        return None
    if probe and not _probe():
        return "a process that has imported it cannot be forked"
    until = time.monotonic() + _NAMING_S
    while (left := _foreign_threads()) and time.monotonic() < until:
        time.sleep(0.001)
    return f"it leaves native threads running ({', '.join(sorted(left))})" if left else None


def _foreign_threads() -> set[str]:
    own = str(os.getpid())
    names = {_thread_name(each) for each in os.listdir("/proc/self/task") if each != own}
    return {each for each in names if each is not None} - _HARMLESS


def _thread_name(thread: str) -> str | None:
    try:
        with open(f"/proc/self/task/{thread}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:  # it has just ended
        return None


def _probe() -> bool:
    pid = fork()
    if pid == 0:
        os._exit(0)
    until = time.monotonic() + _PROBE_S
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > until:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            return False
        time.sleep(0.0005)
    return True


def fork() -> int:
    """`os.fork` without the warning about threads, which have been looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()
