"""Paths. A `Path` says: the file there; so it is keyed by content and suffix, wherever it lies. A `PurePath` is
text."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.content import BLOCK
from thds.mops.callkey.instances import attributes, cached_properties, labelled
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePath

_OURS = frozenset({"PosixPath", "WindowsPath", "Path"})


def pure_path(value: PurePath) -> Node:
    flavour = (
        "windows"
        if isinstance(value, PureWindowsPath)
        else "posix"
        if isinstance(value, PurePosixPath)
        else ""
    )
    if type(value).__module__.partition(".")[0] == "pathlib":
        return Node(head("PurePath", flavour), str(value))
    return labelled("PurePath subclass", type(value))((flavour, str(value), _own_attributes(value)))


def path(value: Path) -> Node:
    parts = (value.suffix, _tree(value))
    if type(value).__module__.partition(".")[0] == "pathlib" and type(value).__name__ in _OURS:
        return Node(head("Path"), parts)
    return labelled("Path subclass", type(value))((parts, _own_attributes(value)))


def _own_attributes(value: Any) -> object:
    """What a subclass adds; the base's own slots hold the text, and what it remembers of it."""
    base = {
        name for cls in type(value).__mro__ if cls.__module__.startswith("pathlib") for name in _slots(cls)
    }
    return attributes(value, cached_properties(type(value)) | base)


def _slots(cls: type) -> tuple[str, ...]:
    return tuple(getattr(cls, "__slots__", ()))


def _tree(place: Path) -> object:
    """("file", digest) or ("directory", [(relative name, digest or None for an empty directory) ...])."""
    mode = _mode(place)
    if stat.S_ISREG(mode):
        return "file", file_digest(os.fspath(place))
    if stat.S_ISDIR(mode):
        return "directory", sorted(_entries(os.fspath(place), "", (os.path.realpath(place),)))
    raise Refused(f"{os.fspath(place)!r} is neither a file nor a directory")


def _mode(place: Path) -> int:
    try:
        return os.stat(place).st_mode
    except FileNotFoundError:
        hint = (
            "a `Path` is keyed by its file's content; for a place to write to, pass a `str` or a `PurePath`"
        )
        raise Refused(f"there is no file {os.fspath(place)!r}", hint) from None
    except OSError as error:
        raise Refused(f"{os.fspath(place)!r} cannot be read: {error.strerror}") from error


def _entries(directory: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, str, bytes]]:
    """Name with `/`, kind, digest. Links are followed: what counts is what a reader finds."""
    with os.scandir(directory) as listing:
        entries = list(listing)
    for entry in entries:
        name = f"{prefix}{entry.name}"
        mode = _mode(Path(entry.path))
        if stat.S_ISREG(mode):
            yield name, "file", file_digest(entry.path)
        elif stat.S_ISDIR(mode):
            real = os.path.realpath(entry.path)
            if real in above:
                raise Refused(f"{entry.path!r} is a link to a directory that contains it")
            yield name, "directory", b""
            yield from _entries(entry.path, f"{name}/", (*above, real))
        else:
            raise Refused(f"{entry.path!r} is neither a file nor a directory")


def file_digest(file: str) -> bytes:
    """BLAKE3 of a file's bytes, read in pieces; refused where the file changes meanwhile."""
    import blake3

    hasher = blake3.blake3()
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    try:
        with open(file, "rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            while count := stream.readinto(buffer):
                hasher.update(view[:count])
            after, there = os.fstat(stream.fileno()), os.stat(file)
    except OSError as error:
        raise Refused(f"{file!r} cannot be read: {error.strerror}") from error
    if not _same(before, after) or not _same(before, there):
        raise Refused(f"{file!r} changed while it was read")
    return hasher.digest()


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)
