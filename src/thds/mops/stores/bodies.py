"""Bytes between open files and buffers. Used by the file store; knows no keys.

Large blobs are mapped copy-on-write: pages are read when touched, and what the reader writes into them is his alone.
"""

from __future__ import annotations

import errno
import os
import sys
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence

    from thds.mops.stores.base import Buffer

MAP_FROM = 1 << 20
# Before 3.13 each mapping keeps a file descriptor open. A user who keeps 2,000 large results must not run out of them.
_MOST_MAPPED = 200
_mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
_WRITEV_MOST = 1024  # IOV_MAX on Linux and macOS
_NORESERVE_MACHINES = frozenset({"x86_64", "aarch64", "arm64", "riscv64", "s390x"})


def read_large(fd: int, size: int, *, mapped: bool) -> Buffer:
    """The `size` bytes of an open file: a private, writable mapping, or, where that is not wanted or not possible, a
    bytearray of what was read."""
    if mapped and (sys.version_info >= (3, 13) or len(_mapped) < _MOST_MAPPED):
        try:
            return memoryview(_map(fd, size))
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENOMEM):
                raise
    body = bytearray(size)
    view, filled = memoryview(body), 0
    while filled < size:
        count = os.readv(fd, [view[filled:]])
        if count == 0:  # shorter than it says: whoever reads the header will see that it is damaged
            return body[:filled]
        filled += count
    return body


def read_rest(fd: int, start: bytes, size: int) -> bytes:
    """`start` and what follows it, up to `size`: read(2) may stop early."""
    chunks, missing = [start], size - len(start)
    while missing > 0:
        chunk = os.read(fd, missing)
        if not chunk:
            break
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def write_all(fd: int, parts: Sequence[Buffer]) -> int:
    """Write the concatenation of `parts`, without making it; its length."""
    rest = [
        part if type(part) is bytes else memoryview(part).cast("B")
        for part in parts
        if memoryview(part).nbytes
    ]
    total = sum(map(len, rest))
    while rest:
        batch = rest[:_WRITEV_MOST]
        written = os.writev(fd, batch)
        done = 0
        while done < len(batch) and written >= len(batch[done]):
            written -= len(batch[done])
            done += 1
        del rest[:done]
        if written:  # a part was written halfway
            rest[0] = memoryview(rest[0])[written:]
    return total


def _map(fd: int, size: int) -> mmap.mmap:
    import mmap

    # Without NORESERVE the kernel may refuse a mapping larger than the free memory, though few pages are ever
    # written.
    noreserve = getattr(mmap, "MAP_NORESERVE", None)
    if noreserve is None:  # no name for it before 3.13
        linux = sys.platform == "linux" and os.uname().machine in _NORESERVE_MACHINES
        noreserve = 0x4000 if linux else 0x40 if sys.platform == "darwin" else 0
    flags, access = mmap.MAP_PRIVATE | noreserve, mmap.PROT_READ | mmap.PROT_WRITE
    if sys.version_info >= (3, 13):
        return mmap.mmap(fd, size, flags, access, trackfd=False)
    mapping = mmap.mmap(fd, size, flags, access)
    _mapped.add(mapping)
    return mapping
