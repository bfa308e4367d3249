"""One session a process and store: what leases name, and what waiters watch instead of 10,000 leases. Asked for by
whoever acquires; starting one is one write, ending it another.

Where the store can lock files of this machine, the session is a file locked for the process's life, so that a killed
holder is noticed at once, and costs no thread. Elsewhere it is a blob that is renewed.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from thds.mops.callkey import address
from thds.mops.errors import StoreError
from thds.mops.lease.claim import token
from thds.mops.lease.heartbeat import Heartbeat
from thds.mops.lease.holder import Holder, this_process
from thds.mops.lease.record import Record, decode
from thds.mops.stores.base import CREATE, Lock, Store, Version

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

PERIOD_S = 30.0


class SessionLost(NamedTuple):
    """Others may believe that this process is dead, and compute what it holds. `replaced`, `removed`: its blob or lock
    file was. `forked`: it is the parent's."""

    session: str
    reason: Literal["replaced", "removed", "forked"]


class Session:
    """Of this process, on `store`. `lost` is None as long as others can see that it lives."""

    def __init__(self, store: Store, record: Record, lock: Lock | None, version: Version) -> None:
        self.store = store
        self.id = record.id
        self.holder: Holder = record.holder
        self.locked = record.locked
        self.period_s = record.period_s
        self.lost: SessionLost | None = None
        self._lock = lock
        self._heartbeat = None if record.locked else Heartbeat(store, record, version, self._is_lost)
        if self._heartbeat is not None:
            self._heartbeat.start()

    def __repr__(self) -> str:
        return f"Session({self.id!r}, {self.store.uri!r})"

    @classmethod
    def of(cls, store: Store, period_s: float = PERIOD_S) -> Session:
        """This process's session on `store`, started if there is none, or others no longer see it. `period_s`: how long
        a dead one may go unnoticed where it is renewed; that of an existing session stays as it is.

        StoreUnwritableError on a root that cannot be written. Ask each time: a forked child gets one of its own.
        """
        session = _sessions.get(id(store))
        if session is not None and session._is_seen():
            return session
        with _starting:
            session = _sessions.get(id(store))
            if session is None or not session._is_seen():
                session = _sessions[id(store)] = _start(store, period_s)
            return session

    def close(self) -> None:
        """Stop, and remove its files. Whatever it still holds may be taken over at once. Raises StoreError."""
        if _sessions.get(id(self.store)) is self:
            del _sessions[id(self.store)]
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self.lost is None or self.lost.reason != "forked":
            try:
                self.store.delete(address.session(self.id))
            finally:
                _drop(self.store, self.id, self._lock)

    def _is_seen(self) -> bool:
        if self.lost is None and self._lock is not None and not self._lock.in_place():
            self._is_lost("removed")  # somebody cleared the root
            self._lock.release()
        return self.lost is None

    def _is_lost(self, reason: Literal["replaced", "removed", "forked"]) -> None:
        self.lost = SessionLost(self.id, reason)
        if reason != "forked":
            log.warning(
                "session %s at %s was %s: what this process computes now, others may compute too",
                self.id, self.store.uri, reason,
            )  # fmt: skip


def close_all() -> None:
    """End the sessions of this process: at its exit, or by who leaves with `os._exit`. Best effort."""
    for session in list(_sessions.values()):
        try:
            session.close()
        except StoreError as error:
            log.debug("session %s was left behind: %s", session.id, error)


_sessions: dict[int, Session] = {}  # by id(store); the session keeps its store, so no id is used again
_starting = threading.Lock()
atexit.register(close_all)


def _start(store: Store, period_s: float) -> Session:
    hold: Callable[[str], Lock | None] | None = getattr(store, "hold", None)
    while True:
        id = token() + token()
        lock = hold(address.session_lock(id)) if hold is not None else None
        record = Record(id, this_process(), lock is not None, period_s, 0, token())
        try:
            version = _write(store, record)
        except BaseException:
            _drop(store, id, lock)
            raise
        if version is not None:
            if "multiprocessing.util" in sys.modules:
                # Its forked children leave with os._exit, past atexit.
                sys.modules["multiprocessing.util"].Finalize(None, close_all, exitpriority=0)
            return Session(store, record, lock, version)
        _drop(store, id, lock)


def _drop(store: Store, id: str, lock: Lock | None) -> None:
    if lock is not None:
        try:
            store.delete(address.session_lock(id))
        except StoreError as error:
            log.debug("a lock file was left behind: %s", error)
        lock.release()


def _write(store: Store, record: Record) -> Version | None:
    """None where the name is taken, which 128 random bits do not do twice."""
    key = address.session(record.id)
    failure: StoreError | None = None
    try:
        version = store.put(key, [record.encode()], CREATE)
    except StoreError as error:
        version, failure = None, error
    if version is None:
        # A winner can be told that it lost.
        found = store.get(key)
        there = decode(found.body, key) if found is not None else None
        if found is not None and there is not None and there.nonce == record.nonce:
            return found.version
        if failure is not None:
            raise failure
    return version


def _forked() -> None:
    global _starting
    _starting = threading.Lock()
    for session in _sessions.values():
        session._is_lost("forked")
    _sessions.clear()


os.register_at_fork(after_in_child=_forked)
