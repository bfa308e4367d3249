"""Renewals that fail, are lost, or come too late."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from thds.mops.callkey import address as addresses
from thds.mops.errors import StoreError
from thds.mops.lease import record
from thds.mops.lease.session import Session, SessionLost
from thds.mops.stores.base import Buffer, Create, Replace, Version
from thds.mops.stores.memory import MemoryStore

_PERIOD_S = 0.03


class Renewals(MemoryStore):
    """Lets a session start, and then answers renewals as `how` says; counts them."""

    def __init__(self) -> None:
        super().__init__("test")
        self.how = ""
        self.asked = threading.Semaphore(0)

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        if isinstance(mode, Create) or not key.endswith(".session"):
            return super().put(key, parts, mode)
        how = self.how
        if how == "fails":
            self.asked.release()
            raise StoreError("no connection", operation="put", key=key)
        if how == "breaks":
            self.asked.release()
            raise RuntimeError("a bug in somebody's store")
        version = super().put(key, parts, mode)
        self.asked.release()
        if how == "applied, then an error":
            raise StoreError("the connection was closed", operation="put", key=key)
        return None if how == "applied, then no" else version

    def wait(self, renewals: int) -> None:
        for _ in range(renewals):
            assert self.asked.acquire(timeout=30)


def _beat(store: MemoryStore, session: Session) -> int:
    found = store.get(addresses.session(session.id))
    assert found is not None
    read = record.decode(found.body, "k")
    assert read is not None
    return read.beat


@pytest.mark.parametrize("how", ["fails", "breaks", "applied, then an error", "applied, then no"])
def test_a_failed_renewal_is_no_loss_yet(how: str) -> None:
    """It goes on, whether or not the failed ones were applied."""
    store = Renewals()
    session = Session.of(store, period_s=_PERIOD_S)
    store.wait(2)
    store.how = how
    store.wait(5)
    store.how = ""
    store.wait(2)
    before = _beat(store, session)
    store.wait(3)
    assert _beat(store, session) > before
    assert session.lost is None
    assert Session.of(store) is session


def test_a_replaced_session_is_lost() -> None:
    """It stops renewing: it would only destroy what is there now. Who asks gets another one."""
    store = Renewals()
    session = Session.of(store, period_s=_PERIOD_S)
    key = addresses.session(session.id)
    foreign = None
    while foreign is None:  # between two renewals
        found = store.get(key)
        assert found is not None
        foreign = MemoryStore.put(store, key, [b"not yours"], Replace(found.version))
    while session.lost is None:
        time.sleep(0.001)
    assert session.lost == SessionLost(session.id, "replaced")
    assert session._heartbeat is not None
    session._heartbeat._thread.join(30)
    found = store.get(key)
    assert found is not None
    assert (found.body, found.version) == (b"not yours", foreign)
    assert Session.of(store) is not session


def test_a_removed_session_is_lost() -> None:
    """By a clean-up, after a long sleep."""
    store = Renewals()
    session = Session.of(store, period_s=_PERIOD_S)
    store.delete(addresses.session(session.id))
    while session.lost is None:
        time.sleep(0.001)
    assert session.lost == SessionLost(session.id, "removed")
    assert store.get(addresses.session(session.id)) is None
    assert Session.of(store) is not session


def test_a_closed_session_is_not_renewed() -> None:
    """Its thread is gone before its blob is."""
    store = Renewals()
    session = Session.of(store, period_s=_PERIOD_S)
    store.wait(1)
    session.close()
    assert store.get(addresses.session(session.id)) is None
    assert session.lost is None
    assert not [thread for thread in threading.enumerate() if thread.name == "mops-heartbeat"]
