"""Sessions: one a process and store, seen by others as long as the process lives."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from thds.mops.callkey import address as addresses
from thds.mops.errors import StoreError
from thds.mops.lease import record
from thds.mops.lease.session import Session, SessionLost
from thds.mops.stores.base import CREATE, Buffer, Create, Replace, Version
from thds.mops.stores.file import FileStore
from thds.mops.stores.memory import MemoryStore


def _record(store: FileStore | MemoryStore, session: Session) -> record.Record:
    found = store.get(addresses.session(session.id))
    assert found is not None
    read = record.decode(found.body, "k")
    assert read is not None
    return read


def _sessions(root: str) -> list[str]:
    try:
        return sorted(os.listdir(f"{root}/mops/1.sessions"))
    except FileNotFoundError:
        return []


def test_one_a_process_and_store(root: str) -> None:
    """Asked for again, it is the same; another store has another."""
    store, other = FileStore(root), FileStore(root)
    session = Session.of(store)
    assert Session.of(store) is session
    assert Session.of(other) is not session
    assert Session.of(other).id != session.id


def test_with_locks_a_session_is_a_held_file(root: str) -> None:
    """And a blob that says who it is, written once."""
    store = FileStore(root)
    session = Session.of(store)
    said = _record(store, session)
    assert session.locked
    assert store.is_held(addresses.session_lock(session.id)) is True
    assert (said.id, said.locked, said.beat) == (session.id, True, 0)
    assert said.holder.pid == os.getpid()
    assert said.holder.host == os.uname().nodename
    assert said.holder.boot_id
    assert said.holder.user


def test_with_locks_there_is_no_thread(start: Callable[..., Any]) -> None:
    """Forking stays safe; Python 3.12 warns of threads."""
    assert start("Session.of(FileStore(root)); say(threading.active_count())").ends() == ["1"]


def test_without_locks_it_is_renewed() -> None:
    """The period is the one that was asked for first."""
    store = MemoryStore("test")
    session = Session.of(store, period_s=0.03)
    assert Session.of(store, period_s=60.0) is session
    assert not session.locked
    while _record(store, session).beat < 3:
        time.sleep(0.001)
    said = _record(store, session)
    assert (said.id, said.locked, said.period_s) == (session.id, False, 0.03)
    assert session.lost is None


@pytest.mark.parametrize("kind", ["FileStore", "NoLocks"])
def test_the_end_of_a_process_removes_its_files(start: Callable[..., Any], root: str, kind: str) -> None:
    """With the last line of the program, or by an exception that nobody caught."""
    process = start(f"Session.of({kind}(root)); say('started'); hear(); sys.exit(0)")
    assert process.line() == "started"
    assert len(_sessions(root)) == (2 if kind == "FileStore" else 1)
    process.tell("end")
    process.ends()
    assert _sessions(root) == []


def test_a_killed_process_leaves_them_unlocked(start: Callable[..., Any], root: str) -> None:
    """That is how others see it."""
    process = start("session = Session.of(FileStore(root)); say(session.id); signal.pause()")
    id = process.line()
    store = FileStore(root)
    assert store.is_held(addresses.session_lock(id)) is True
    process.kill()
    assert store.is_held(addresses.session_lock(id)) is False
    assert _sessions(root) == [f"{id}.lock", f"{id}.session"]


@pytest.mark.parametrize("kind", ["FileStore", "NoLocks"])
def test_a_forked_child_has_a_session_of_its_own(start: Callable[..., Any], root: str, kind: str) -> None:
    """It does not touch its parent's, which is lost to it; and the parent's goes on."""
    script = f"""
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the heartbeat
    store = {kind}(root)
    session = Session.of(store, period_s=0.2)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        mine = Session.of(store, period_s=0.2)
        os.write(writer, f"{{mine is session}} {{mine.id == session.id}} {{session.lost.reason}}".encode())
        close_all()
        os._exit(0)
    os.waitpid(child, 0)
    say(os.read(reader, 100).decode())
    say(Session.of(store) is session, session.lost, len(os.listdir(root + "/mops/1.sessions")))
    """
    files = 2 if kind == "FileStore" else 1
    assert start(script).ends() == ["False False forked", f"True None {files}"]
    assert _sessions(root) == []


def test_children_of_multiprocessing_remove_their_files(start: Callable[..., Any]) -> None:
    """Though they leave past atexit."""
    script = """
    import multiprocessing
    store = FileStore(root)
    def work():
        Session.of(store)
        say(len(os.listdir(root + "/mops/1.sessions")))
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    say(child.exitcode, os.listdir(root + "/mops/1.sessions"))
    """
    assert start(script).ends() == ["2", "0 []"]


def test_a_cleared_root_is_noticed(root: str) -> None:
    """Whoever removes all files removes the lock: others would see a dead process, so it starts another session."""
    store = FileStore(root)
    session = Session.of(store)
    shutil.rmtree(root)
    again = Session.of(store)
    assert again is not session
    assert session.lost == SessionLost(session.id, "removed")
    assert store.is_held(addresses.session_lock(again.id)) is True
    assert Session.of(store) is again


def test_closed_sessions_are_gone(root: str) -> None:
    """Closing twice does nothing; asking again starts another."""
    store = FileStore(root)
    session = Session.of(store)
    session.close()
    session.close()
    assert _sessions(root) == []
    assert Session.of(store).id != session.id


def test_a_root_that_cannot_be_written(start: Callable[..., Any]) -> None:
    """Says so, for calls to be computed without a lease."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o555)
    script = """
    from thds.mops.errors import StoreUnwritableError
    root = arguments[0]
    if os.geteuid() == 0:
        os.seteuid(65534)
    for _ in range(2):
        try:
            Session.of(FileStore(root))
        except StoreUnwritableError as error:
            say(type(error).__name__, os.listdir(root))
    """
    try:
        assert start(script, folder).ends() == ["StoreUnwritableError []"] * 2
    finally:
        os.rmdir(folder)


class Answers(FileStore):
    """Creates session blobs, and then answers as `how` says."""

    how = ""

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        if not key.endswith(".session"):
            return super().put(key, parts, mode)
        if self.how == "refused":
            raise StoreError("refused", operation="put", key=key)
        version = super().put(key, parts, mode)
        if self.how == "taken":
            self.how = ""
            assert self.delete(key)
            super().put(key, [b"somebody else's"], CREATE)
            return None
        if self.how == "applied, then an error":
            raise StoreError("the connection was closed", operation="put", key=key)
        return None if self.how == "applied, then no" else version


@pytest.mark.parametrize("how", ["applied, then an error", "applied, then no"])
def test_a_lost_answer_is_no_loss(root: str, how: str) -> None:
    """It reads back what it wrote."""
    store = Answers(root)
    store.how = how
    session = Session.of(store)
    assert _record(store, session).id == session.id
    assert Session.of(store) is session


def test_a_taken_name_is_not_used(root: str) -> None:
    """As unlikely as it is."""
    store = Answers(root)
    store.how = "taken"
    session = Session.of(store)
    assert _record(store, session).id == session.id
    assert len([name for name in _sessions(root) if name.endswith(".lock")]) == 1


def test_a_session_that_could_not_start_leaves_no_lock(root: str) -> None:
    """And the next attempt starts afresh."""
    store = Answers(root)
    store.how = "refused"
    with pytest.raises(StoreError, match="refused"):
        Session.of(store)
    assert _sessions(root) == []
    store.how = ""
    assert Session.of(store).locked


def test_a_thread_pool_starts_one_session(start: Callable[..., Any]) -> None:
    """However many ask first at once."""
    script = """
    from concurrent.futures import ThreadPoolExecutor
    store, barrier = FileStore(root), threading.Barrier(16)
    def ask(_):
        barrier.wait()
        return Session.of(store).id
    with ThreadPoolExecutor(16) as pool:
        say(len(set(pool.map(ask, range(16)))), len(os.listdir(root + "/mops/1.sessions")))
    """
    assert start(script).ends() == ["1 2"]
