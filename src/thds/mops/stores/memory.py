"""`memory://name`: blobs in this process, for tests. A forked child starts with an empty one.

It knows no locks that tell whether a holder lives, so leases on it go the way they go on a remote store.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from thds.mops.stores.base import Buffer, Create, Entry, Found, Replace, Store, Version
from thds.mops.stores.keys import check_key, check_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PRIVATE_COPY_FROM = 1 << 20

_stores: weakref.WeakSet[MemoryStore] = weakref.WeakSet()


class _Blob:
    __slots__ = ("body", "modified", "version")

    def __init__(self, body: bytes, version: int) -> None:
        self.body = body
        self.version = version
        self.modified = time.time()


class MemoryStore:
    """Versions are the counts of a counter; thread-safe."""

    cheap_looks = True

    def __init__(self, name: str) -> None:
        self.uri = f"memory://{name}"
        self._versions = itertools.count(1)
        self.empty()
        _stores.add(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.uri!r})"

    def empty(self) -> None:
        self._blobs: dict[str, _Blob] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Found | None:
        check_key(key)
        blob = self._blobs.get(key)
        if blob is None:
            return None
        large = len(blob.body) >= _PRIVATE_COPY_FROM
        return Found(bytearray(blob.body) if large else blob.body, blob.version)

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        check_key(key)
        blob = _Blob(b"".join(parts), next(self._versions))
        with self._lock:
            there = self._blobs.get(key)
            if isinstance(mode, Replace):
                if there is None or there.version != mode.version:
                    return None
            elif there is not None:
                return None
            self._blobs[key] = blob
        return blob.version

    def list(self, prefix: str) -> Iterator[Entry]:
        check_prefix(prefix)
        folder = f"{prefix}/" if prefix else ""
        with self._lock:
            found = [(key, blob) for key, blob in self._blobs.items() if key.startswith(folder)]
        return (Entry(key, len(blob.body), blob.modified) for key, blob in found)

    def head(self, key: str) -> Entry | None:
        check_key(key)
        blob = self._blobs.get(key)
        return Entry(key, len(blob.body), blob.modified, blob.version) if blob else None

    def delete(self, key: str, version: Version | None = None) -> bool:
        check_key(key)
        with self._lock:
            there = self._blobs.get(key)
            if there is None or (version is not None and there.version != version):
                return False
            del self._blobs[key]
        return True


def open_name(uri: str) -> Store:
    """The registry's factory; `uri` as `uri.expand` gives it."""
    return MemoryStore(uri.removeprefix("memory://"))


def _forked() -> None:
    for store in list(_stores):
        store.empty()  # and a new lock: a thread that the child does not have may hold the old one


os.register_at_fork(after_in_child=_forked)
