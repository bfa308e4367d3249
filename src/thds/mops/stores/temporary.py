"""Temporary files of a root, in `.mops-tmp` below it: where the file store writes before it links or renames.

Whoever is killed while writing leaves one behind; nothing ever reads it, and a later process sweeps it.

What costs is creating inodes (ext4: 350 µs, where writing into an old one takes 50). So the files of leases, which come
and go with every computed call, are used again.
"""

from __future__ import annotations

import atexit
import itertools
import os
import time
import weakref

_FOLDER = ".mops-tmp"
_OLD_S = 86_400  # far beyond any write that still goes on, and any difference between clocks
_SWEEP_MOST = 1_000
_SPARE_MOST = 8


_all: weakref.WeakSet[Temporaries] = weakref.WeakSet()


class Temporaries:
    __slots__ = ("__weakref__", "_count", "_folder", "_spare", "_swept", "_token")

    def __init__(self, root: str) -> None:
        self._folder = f"{root}/{_FOLDER}"
        self._count = itertools.count()
        self._token = os.urandom(6).hex()  # the process id alone is not unique among machines and containers
        self._swept = False
        self._spare: list[str] = []
        _all.add(self)

    def open(self) -> tuple[int, str, int]:
        """A file, open for writing, its path, and how many old bytes are in it. Whoever asks closes and removes it."""
        if not self._swept:
            self._swept = True
            self._sweep()
        while self._spare:
            try:
                path = self._spare.pop()
                fd = os.open(path, os.O_WRONLY)
            except (IndexError, FileNotFoundError):  # another thread was faster, or the folder was cleared
                continue
            return fd, path, os.fstat(fd).st_size
        path = self._name()
        for _ in range(10):
            try:
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), path, 0
            except FileNotFoundError:
                os.makedirs(self._folder, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), path, 0

    def take(self, path: str) -> bool:
        """Make a file that is not wanted any more a temporary one to be used again; False where enough are kept."""
        if len(self._spare) >= _SPARE_MOST:
            return False
        name = self._name()
        os.rename(path, name)
        self._spare.append(name)
        return True

    def forget_spare(self, *, delete: bool) -> None:
        """At the end of the process they go; in a forked child they are the parent's."""
        spare, self._spare = self._spare, []
        for path in spare if delete else ():
            remove(path)

    def _name(self) -> str:
        # The process id is asked for each time: after a fork, token and count are those of the parent.
        return f"{self._folder}/{os.getpid()}-{self._token}-{next(self._count)}"

    def _sweep(self) -> None:
        """Once a process: remove what killed processes left. Best effort; a folder that cannot be read is no reason to
        fail a write."""
        oldest = time.time() - _OLD_S
        try:
            with os.scandir(self._folder) as found:
                for item in itertools.islice(found, _SWEEP_MOST):
                    if item.stat(follow_symlinks=False).st_mtime < oldest:
                        remove(item.path)
        except OSError:
            return


def remove(path: str) -> None:
    """Remove a temporary file, if it is still there. What cannot be removed now is swept later."""
    try:
        os.unlink(path)
    except OSError:
        pass


def _at_exit() -> None:
    for each in list(_all):
        each.forget_spare(delete=True)


def _forked() -> None:
    for each in list(_all):
        each.forget_spare(delete=False)


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_forked)
