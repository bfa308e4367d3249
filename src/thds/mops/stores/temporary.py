"""Temporary files of a root, in `.mops-tmp` below it: where the file store writes before it links or renames.

Whoever is killed while writing leaves one behind; nothing ever reads it, and a later process sweeps it.
"""

from __future__ import annotations

import itertools
import os
import time

_FOLDER = ".mops-tmp"
_OLD_S = 86_400  # far beyond any write that still goes on, and any difference between clocks
_SWEEP_MOST = 1_000


class Temporaries:
    __slots__ = ("_count", "_folder", "_swept", "_token")

    def __init__(self, root: str) -> None:
        self._folder = f"{root}/{_FOLDER}"
        self._count = itertools.count()
        self._token = os.urandom(6).hex()  # the process id alone is not unique among machines and containers
        self._swept = False

    def open(self) -> tuple[int, str]:
        """A new file, open for writing, and its path. Whoever asks closes and removes it."""
        if not self._swept:
            self._swept = True
            self._sweep()
        # The process id is asked for each time: after a fork, token and count are those of the parent.
        path = f"{self._folder}/{os.getpid()}-{self._token}-{next(self._count)}"
        for _ in range(10):
            try:
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), path
            except FileNotFoundError:
                os.makedirs(self._folder, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), path

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
