"""What a blob store can do, a protocol per verb. Rooms above ask for the smallest one they need.

A **key** is a relative path: `/`-separated segments of `[A-Za-z0-9._@=+-]`, none empty, none `.` or `..`; it does not
begin with `.mops-`. Anything else is a ValueError, at every operation. No key is also a folder of other keys.
A **version** is opaque: compare it, hand it back to the store it came from, nothing else.
Absent is an answer (`None`), never an exception. Everything else that goes wrong is a `StoreError` that names the
operation and the key; "read-only, full, not permitted" is a `StoreUnwritableError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Buffer: TypeAlias = bytes | bytearray | memoryview
Version: TypeAlias = object


class Create:
    """Put if absent: of many racing creators exactly one succeeds, and each is told whether it did."""

    __slots__ = ()


CREATE: Final = Create()


class Replace(NamedTuple):
    """Compare and swap: the blob must still have exactly this version; of many racing replacers one succeeds."""

    version: Version


class Found:
    """A blob as read: `body` (a buffer; a large local one is a private, writable mapping) and its `version`."""

    __slots__ = ("body", "version")

    def __init__(self, body: Buffer, version: Version) -> None:
        self.body = body
        self.version = version


class Entry(NamedTuple):
    """A blob as listed or asked for: `size` in bytes, `modified` in seconds since the epoch, by the store's clock (for
    people and for cleaning up; nothing is decided by it). `version`: from `head` always, from `list` None."""

    key: str
    size: int
    modified: float
    version: Version = None


class Get(Protocol):
    def get(self, key: str) -> Found | None:
        """The whole blob as it was at one moment (never parts of two versions), or None."""


class Put(Protocol):
    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        """Write the concatenation of `parts` (not copied together first). The new version, or None where `mode`'s
        condition did not hold. Atomic: readers see all or nothing, also when the writer is killed."""


class List(Protocol):
    def list(self, prefix: str) -> Iterator[Entry]:
        """Blobs below the folder `prefix` (whole segments; "" is everything), in no order."""


class Head(Protocol):
    def head(self, key: str) -> Entry | None: ...


class Delete(Protocol):
    def delete(self, key: str, version: Version | None = None) -> bool:
        """Whether something was deleted. With a version: only if the blob still has it, atomically."""


class Store(Get, Put, List, Head, Delete, Protocol):
    """Everything. `uri` is the root's address without credentials: what addresses in messages begin with."""

    uri: str
    #: A second look costs next to nothing (local disk): leases are then deleted after use, not swapped to `done`.
    cheap_looks: bool


class Lock(Protocol):
    def release(self) -> None: ...

    def in_place(self) -> bool:
        """Whether it still tells others that it is held: not if released, nor if somebody removed its file."""


class HoldsLocks(Protocol):
    """A store whose root lies on a file system of this machine alone, so that an OS lock on a file in it tells at
    once whether its holder lives. Stores without such locks do not have these methods."""

    def hold(self, key: str) -> Lock | None:
        """Create the lock file if need be and lock it for the life of this process, or until released; None where
        the file system is not local, or another process holds it. A forked child does not keep it."""

    def is_held(self, key: str) -> bool | None:
        """Whether some living process holds it. A missing lock file is not held. None where this cannot be told,
        because the file system is not local."""
