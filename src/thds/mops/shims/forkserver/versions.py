"""Which of the imported files are the user's own, and whether they have changed. Both sides use it: a server that has
imported what has since been edited must not be forked any more.

Installed packages and the standard library are taken as constant while a caller runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TypeAlias

#: path -> (modification time in ns, size, inode); None where it was being written.
Versions: TypeAlias = dict[str, tuple[int, int, int] | None]

_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OURS = __file__.rpartition(os.path.join("shims", "forkserver", ""))[0]
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
#: Clocks of file systems tick this coarsely at most: a file this young can still change without a new time.
_TICK_NS = 20_000_000


def is_users(path: str) -> bool:
    """Whether a source file is neither the standard library's nor an installed package's."""
    return (
        os.path.isabs(path)
        and not path.startswith((_STANDARD_LIBRARY, _OURS))
        and not any(part in path for part in _INSTALLED)
    )


def users_files() -> list[str]:
    """The files of the user's modules among those imported here."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [each for each in files if isinstance(each, str) and is_users(each)]


def take(paths: Iterable[str], read_since_ns: int | None = None) -> Versions:
    """The versions of `paths` now. With `read_since_ns`, the time at which somebody began to read them: what was
    written since then, or just before, counts as changed from the outset."""
    now_ns = time.time_ns()  # a time in the future says nothing about when the file was written
    versions: Versions = {}
    for path in paths:
        version = _version(path)
        if version is None:  # inside an archive
            continue
        fresh = read_since_ns is not None and read_since_ns - _TICK_NS < version[0] <= now_ns
        versions[path] = None if fresh else version
    return versions


def changed(versions: Mapping[str, tuple[int, int, int] | None]) -> list[str]:
    """The paths that are not what they were."""
    return [path for path, version in versions.items() if version is None or _version(path) != version]


def forget_bytecode(paths: Iterable[str]) -> None:
    """Remove what is cached for changed files. The cache goes by size and whole seconds: an edit within a second that
    keeps the size would not be noticed by a new interpreter either."""
    from importlib.util import cache_from_source

    for path in paths:
        if path.endswith(".py"):
            try:
                os.unlink(cache_from_source(path))
            except (OSError, NotImplementedError):  # there is none, or not ours to remove
                pass


def _version(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
