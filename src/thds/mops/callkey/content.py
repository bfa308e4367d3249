"""Bytes as the canonical encoding holds them: small ones themselves, large ones as their BLAKE3 digest.

Called by the encoders of text, bytes, arrays and files. FROZEN: the threshold and the two marks are part of the key
format. Nothing is copied: a large buffer is hashed where it lies, and `blake3` is imported only when one is met.
"""

from __future__ import annotations

import os
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

#: From this many bytes on (characters, for text), content stands as its BLAKE3 digest.
LARGE = 1 << 16
#: What cannot be hashed in place is hashed in pieces of this many bytes.
BLOCK = 1 << 20
#: And columns of text or Python objects in pieces of this many rows.
ROWS = 1 << 16

_THREADED_FROM = 4 << 20  # below, starting threads costs more than they save


@cache
def _threads() -> int:
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def blake3(buffer: Any) -> bytes:
    """The 32-byte digest of a C-contiguous buffer, hashed in place.

    A number of threads makes a pool of its own that ends with the call. `blake3.AUTO` would be no faster and use one
    pool for the whole process, in which a forked child waits for ever (tried: it hangs).
    """
    import blake3 as library

    size = len(buffer) if isinstance(buffer, bytes) else memoryview(buffer).nbytes
    return library.blake3(buffer, max_threads=_threads() if size >= _THREADED_FROM else 1).digest()


def stand_in(buffer: Any) -> bytes:
    """What stands for a C-contiguous buffer inside an encoding: a mark, and its bytes or their digest."""
    view = memoryview(buffer)
    return b"=" + view.tobytes() if view.nbytes < LARGE else b"#" + blake3(view)


def text_digest(text: str) -> bytes:
    """The BLAKE3 digest of the text's UTF-8, encoded in pieces so that no second copy of it exists."""
    import blake3 as library

    hasher = library.blake3()
    for start in range(0, len(text), BLOCK):
        hasher.update(text[start : start + BLOCK].encode("utf-8", "surrogatepass"))
    return hasher.digest()


def stand_in_of(pieces: Iterable[Any]) -> bytes:
    """`stand_in` of the concatenation of `pieces`, of which only one is held at a time."""
    stream = Stream()
    for piece in pieces:
        stream.update(piece)
    return stream.stand_in()


class Stream:
    """Content that comes in pieces; how it is cut has no influence."""

    __slots__ = ("_hasher", "_start")

    def __init__(self) -> None:
        self._start = bytearray()
        self._hasher: Any = None

    def update(self, piece: Any) -> None:
        view = memoryview(piece)
        if self._hasher is None:
            if len(self._start) + view.nbytes < LARGE:
                self._start += view
                return
            import blake3 as library

            self._hasher = library.blake3(bytes(self._start))
            self._start.clear()
        self._hasher.update(view)

    def stand_in(self) -> bytes:
        return b"=" + bytes(self._start) if self._hasher is None else b"#" + bytes(self._hasher.digest())


class Validity:
    """Which rows of a column hold a value: a byte each, or None where all do."""

    __slots__ = ("_marks", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self._marks: Stream | None = None

    def add(self, rows: int, marks: Any = None) -> None:
        """`marks`: a buffer of `rows` bytes, 1 or 0; None where all of these rows hold a value."""
        if marks is not None and self._marks is None:
            self._marks = Stream()
            self._all_ones(self.rows)
        self.rows += rows
        if marks is not None and self._marks is not None:
            self._marks.update(marks)
        elif self._marks is not None:
            self._all_ones(rows)

    def stand_in(self) -> tuple[int, bytes | None]:
        return self.rows, self._marks.stand_in() if self._marks is not None else None

    def _all_ones(self, rows: int) -> None:
        assert self._marks is not None
        for start in range(0, rows, BLOCK):
            self._marks.update(b"\1" * min(BLOCK, rows - start))


class Texts:
    """A column of text or bytes: the lengths (-1 where there is none) and the bytes, as two streams."""

    __slots__ = ("data", "lengths")

    def __init__(self) -> None:
        self.lengths = Stream()
        self.data = Stream()

    def add(self, batch: Iterable[str | bytes | None]) -> None:
        encoded = [t.encode("utf-8", "surrogatepass") if isinstance(t, str) else t for t in batch]
        lengths = [-1 if t is None else len(t) for t in encoded]
        self.lengths.update(struct.pack(f"<{len(lengths)}q", *lengths))
        self.data.update(b"".join(t for t in encoded if t is not None))

    def stand_in(self) -> tuple[bytes, bytes]:
        return self.lengths.stand_in(), self.data.stand_in()
