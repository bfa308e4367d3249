"""Watching what others hold: how it ends, and whether its holder lives."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from typing import Any

import pytest

from thds.mops.callkey import address as addresses
from thds.mops.callkey.address import Address
from thds.mops.errors import StoreError
from thds.mops.lease import record, waiter
from thds.mops.lease.acquire import Abandoned, Held, acquire, adopt, fail, release
from thds.mops.lease.claim import Claim, Observed
from thds.mops.lease.holder import this_process
from thds.mops.lease.session import Session
from thds.mops.lease.waiter import Committed, Failed, Gone, Stale, describe, watch
from thds.mops.lease.watched import SessionWatch, Watched
from thds.mops.stores.base import CREATE, Entry, Found, Lock, Replace
from thds.mops.stores.file import FileStore
from thds.mops.stores.memory import MemoryStore

_LONG_S = 600.0
_SHORT_S = 0.3  # where a holder is to be found dead
_ALIVE_S = 0.9  # where it must not be, on a busy machine either
_TIMEOUT_S = 60


class Counting(FileStore):
    """Counts looks at results; holds locks, or not; fails as often as asked."""

    locks = True

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.looks: dict[str, int] = {}
        self.looked = threading.Condition()
        self.failures = 0

    def hold(self, key: str) -> Lock | None:
        return super().hold(key) if self.locks else None

    def head(self, key: str) -> Entry | None:
        with self.looked:
            self.looks[key] = self.looks.get(key, 0) + 1
            self.looked.notify_all()
            if self.failures:
                self.failures -= 1
                raise StoreError("no connection", operation="head", key=key)
        return super().head(key)

    def wait(self, key: str, looks: int) -> None:
        """Until there were so many more looks at `key`: things that would be seen were seen by then."""
        with self.looked:
            until = self.looks.get(key, 0) + looks
            assert self.looked.wait_for(lambda: self.looks.get(key, 0) >= until, timeout=_TIMEOUT_S)


class WithoutLocks(Counting):
    locks = False


class Dear(WithoutLocks):
    cheap_looks = False


@pytest.fixture(params=[Counting, WithoutLocks, Dear])
def store(request: pytest.FixtureRequest, root: str) -> Counting:
    opened: Counting = request.param(root)
    return opened


def _hold(store: FileStore | MemoryStore, address: Address) -> Held:
    held = acquire(store, address, Session.of(store))
    assert isinstance(held, Held)
    return held


_HOLDER = """
store = {kind}(root)
held = acquire(store, address, Session.of(store, period_s={period_s}))
say(held.claim.session)
hear()
"""


def _observe(store: FileStore, address: Address) -> Observed:
    """What somebody finds who would like to have the lease."""
    found = store.get(address.lease)
    assert found is not None
    answer = acquire(store, address, Session.of(store))
    return Observed(answer.claim, found.version)


# -- ends that the lease tells -------------------------------------------------------------------------------------


def test_a_commit_ends_the_watch(store: Counting, address: Address) -> None:
    """Whether before or after the lease is released; already there, or yet to come."""
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S)
    store.wait(address.result, 2)
    assert not future.done()
    store.put(address.result, [b"result"], CREATE)
    ended = future.result(_TIMEOUT_S)
    assert isinstance(ended, Committed)
    assert ended.entry == store.head(address.result)
    release(store, address, held)
    assert isinstance(watch(store, address, held.claim, _LONG_S).result(_TIMEOUT_S), Committed)


def test_what_is_no_result_does_not_end_it(store: Counting, address: Address) -> None:
    """A tombstone that the caller has seen: only what replaces it counts. Another caller, who has not, is told."""
    tombstone = store.put(address.result, [b"tombstone"], CREATE)
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S, seen=tombstone)
    store.wait(address.result, 3)
    assert not future.done()
    assert isinstance(watch(store, address, held.claim, _LONG_S).result(_TIMEOUT_S), Committed)
    assert not future.done()
    store.put(address.result, [b"result"], Replace(tombstone))
    assert isinstance(future.result(_TIMEOUT_S), Committed)
    result = store.head(address.result)
    assert result is not None
    future = watch(store, address, held.claim, _LONG_S, seen=result.version)
    release(store, address, held)
    assert future.result(_TIMEOUT_S) == Gone(held.claim.id)


def test_a_failure_ends_it(store: Counting, address: Address) -> None:
    """Told by the lease."""
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S)
    store.put(address.failure(held.claim.id), [b"its exception"], CREATE)
    fail(store, address, held)
    ended = future.result(_TIMEOUT_S)
    assert isinstance(ended, Failed)
    assert ended.claim_id == ended.claim.id == held.claim.id
    assert not ended.claim.is_abandoned


def test_an_exception_is_found_whatever_became_of_the_lease(store: Counting, address: Address) -> None:
    """Its process could not swap the lease any more, and somebody else has it by now."""
    held = _hold(store, address)
    store.put(address.failure(held.claim.id), [b"its exception"], CREATE)
    assert isinstance(acquire(store, address, Session.of(store), Observed(held.claim, held.version)), Held)
    ended = watch(store, address, held.claim, _LONG_S).result(_TIMEOUT_S)
    assert isinstance(ended, Failed)
    assert ended.claim_id == held.claim.id


def test_giving_up_is_a_failure_that_says_so(store: Counting, address: Address) -> None:
    """To all who still watch the last execution."""
    held = _hold(store, address)
    session = Session.of(store)
    for _ in range(3):
        answer = acquire(store, address, session, Observed(held.claim, held.version))
        assert isinstance(answer, Held)
        held = answer
    future = watch(store, address, held.claim, _LONG_S)
    assert isinstance(acquire(store, address, session, Observed(held.claim, held.version)), Abandoned)
    ended = future.result(_TIMEOUT_S)
    assert isinstance(ended, Failed)
    assert ended.claim.is_abandoned
    assert len(ended.claim.holders) == 4


@pytest.mark.parametrize("how", ["released", "taken over", "damaged"])
def test_a_lease_that_is_no_longer_that_claim(store: Counting, address: Address, how: str) -> None:
    """With neither result nor exception: ask for the lease again."""
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S)
    store.wait(address.result, 2)
    if how == "released":
        release(store, address, held)
    elif how == "taken over":
        acquire(store, address, Session.of(store), Observed(held.claim, held.version))
    else:
        store.put(address.lease, [b"torn"], Replace(held.version))
    assert future.result(_TIMEOUT_S) == Gone(held.claim.id)


# -- is the holder alive? ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["FileStore", "NoLocks"])
def test_a_killed_holder_is_found_and_replaced(
    root: str, address: Address, start: Callable[..., Any], kind: str
) -> None:
    """By its lock, however long the periods are; else by its silence."""
    period_s = _LONG_S if kind == "FileStore" else _SHORT_S
    holder = start(_HOLDER.format(kind=kind, period_s=period_s))
    id = holder.line()
    store = (Counting if kind == "FileStore" else WithoutLocks)(root)
    seen = _observe(store, address)
    future = watch(store, address, seen.claim, period_s)
    store.wait(address.result, 5)
    assert not future.done()
    holder.kill()
    ended = future.result(_TIMEOUT_S)
    assert ended == Stale(seen)
    assert ended.observed.claim.session == id
    answer = acquire(store, address, Session.of(store), ended.observed)
    assert isinstance(answer, Held)
    assert answer.claim.takeovers == 1


def test_a_result_of_a_holder_that_died_right_after_it(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """Is a result, though the lease is still held."""
    holder = start(_HOLDER.format(kind="FileStore", period_s=_LONG_S))
    holder.line()
    store = FileStore(root)
    seen = _observe(store, address)
    store.put(address.result, [b"result"], CREATE)
    holder.kill()
    assert isinstance(watch(store, address, seen.claim, _LONG_S).result(_TIMEOUT_S), Committed)
    store.delete(address.result)
    store.put(address.failure(seen.claim.id), [b"its exception"], CREATE)
    assert isinstance(watch(store, address, seen.claim, _LONG_S).result(_TIMEOUT_S), Failed)


def test_a_holder_that_ends_without_an_outcome(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """Its session is gone, so it is dead: no period is waited for, with locks or without."""
    for kind in ("FileStore", "NoLocks"):
        holder = start(_HOLDER.format(kind=kind, period_s=_LONG_S))
        holder.line()
        store = (Counting if kind == "FileStore" else WithoutLocks)(root)
        seen = _observe(store, address)
        future = watch(store, address, seen.claim, _LONG_S)
        store.wait(address.result, 2)
        holder.tell("end")
        assert future.result(_TIMEOUT_S) == Stale(seen)
        assert store.delete(address.lease)


def test_a_stopped_holder_lives_as_long_as_it_holds_its_lock(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """A debugger, a laptop's lid: whatever time passes."""
    holder = start(_HOLDER.format(kind="FileStore", period_s=0.05))
    holder.line()
    store = Counting(root)
    seen = _observe(store, address)
    os.kill(holder.popen.pid, signal.SIGSTOP)
    future = watch(store, address, seen.claim, 0.05)
    store.wait(address.result, 20)  # a look takes a quarter of the period
    assert not future.done()
    holder.kill()
    assert future.result(_TIMEOUT_S) == Stale(seen)


def test_without_locks_a_stopped_holder_is_taken_over(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """When it goes on, it finds that the lease is no longer its own."""
    holder = start(_HOLDER.format(kind="NoLocks", period_s=_SHORT_S) + "say(release(store, address, held))")
    holder.line()
    store = WithoutLocks(root)
    seen = _observe(store, address)
    os.kill(holder.popen.pid, signal.SIGSTOP)
    ended = watch(store, address, seen.claim, _SHORT_S).result(_TIMEOUT_S)
    assert ended == Stale(seen)
    assert isinstance(acquire(store, address, Session.of(store), seen), Held)
    os.kill(holder.popen.pid, signal.SIGCONT)
    holder.tell("go on")
    assert holder.ends() == ["False"]


def _beat(store: FileStore, session: str) -> int:
    found = store.get(addresses.session(session))
    assert found is not None
    said = record.decode(found.body, "k")
    assert said is not None
    return said.beat


def test_without_locks_a_renewed_session_lives(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """Period after period."""
    holder = start(_HOLDER.format(kind="NoLocks", period_s=_ALIVE_S))
    id = holder.line()
    store = WithoutLocks(root)
    seen = _observe(store, address)
    future = watch(store, address, seen.claim, _ALIVE_S)
    while _beat(store, id) < 5:  # three a period
        time.sleep(0.01)
    assert not future.done()


def test_the_longer_period_counts(root: str, address: Address, start: Callable[..., Any]) -> None:
    """A holder that said it would be silent longer is given that time; then a waiter that grants more time."""
    holder = start(_HOLDER.format(kind="NoLocks", period_s=_LONG_S))
    id = holder.line()
    store = WithoutLocks(root)
    seen = _observe(store, address)
    future = watch(store, address, seen.claim, 0.04)
    store.wait(address.result, 30)
    assert not future.done()
    holder.kill()
    found = store.get(addresses.session(id))
    assert found is not None
    said = record.decode(found.body, "k")
    assert said is not None
    store.put(addresses.session(id), [said._replace(period_s=0.04).encode()], Replace(found.version))
    assert future.result(_TIMEOUT_S) == Stale(seen)


def test_a_lock_of_another_boot_is_not_trusted(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """The same file system seen from another machine, or before it was started again: by time."""
    holder = start(_HOLDER.format(kind="FileStore", period_s=_LONG_S))
    id = holder.line()
    holder.kill()
    store = Counting(root)
    seen = _observe(store, address)
    found = store.get(addresses.session(id))
    assert found is not None
    said = record.decode(found.body, "k")
    assert said is not None
    elsewhere = said._replace(holder=said.holder._replace(boot_id="another"), period_s=0.1)
    version = store.put(addresses.session(id), [elsewhere.encode()], Replace(found.version))
    future = watch(store, address, seen.claim, 0.1)
    for _ in range(5):  # "renewed"
        store.wait(address.result, 2)
        assert not future.done()
        elsewhere = elsewhere.next()
        version = store.put(addresses.session(id), [elsewhere.encode()], Replace(version))
    assert future.result(_TIMEOUT_S) == Stale(seen)


def test_a_lock_that_cannot_be_asked_for_from_here(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """The holder has the root on its disk, we have it over a network: by time."""
    holder = start(_HOLDER.format(kind="FileStore", period_s=_SHORT_S))
    holder.line()
    store = Counting(root)
    seen = _observe(store, address)
    store._local = False
    assert watch(store, address, seen.claim, _SHORT_S).result(_TIMEOUT_S) == Stale(seen)


def test_a_forked_child_does_not_keep_its_parent_alive(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """The parent is killed, the child lives on: stale at once."""
    script = """
    store = FileStore(root)
    held = acquire(store, address, Session.of(store))
    child = os.fork()
    if child == 0:
        signal.pause()
    say(child)
    signal.pause()
    """
    holder = start(script)
    child = int(holder.line())
    try:
        store = Counting(root)
        seen = _observe(store, address)
        future = watch(store, address, seen.claim, _LONG_S)
        store.wait(address.result, 3)
        assert not future.done()
        holder.kill()
        assert future.result(_TIMEOUT_S) == Stale(seen)
        os.kill(child, 0)  # it lives
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_claim_that_goes_over_to_a_worker_is_followed(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """Its caller dies: nothing happens. The worker dies: stale."""
    caller = start(_HOLDER.format(kind="FileStore", period_s=_LONG_S))
    caller.line()
    store = Counting(root)
    seen = _observe(store, address)
    future = watch(store, address, seen.claim, _LONG_S)
    store.wait(address.result, 2)
    worker = start(
        """
        store = FileStore(root)
        held = adopt(store, address, arguments[0], Session.of(store))
        say(held.claim.session)
        hear()
        """,
        seen.claim.id,
    )
    id = worker.line()
    caller.kill()
    store.wait(address.result, 5)
    assert not future.done()
    worker.kill()
    ended = future.result(_TIMEOUT_S)
    assert isinstance(ended, Stale)
    assert (ended.observed.claim.id, ended.observed.claim.session) == (seen.claim.id, id)
    assert isinstance(acquire(store, address, Session.of(store), ended.observed), Held)


def test_one_of_many_waiting_processes_takes_over(start: Callable[..., Any]) -> None:
    """The others wait for it in turn."""
    holder = start(_HOLDER.format(kind="FileStore", period_s=_LONG_S))
    holder.line()
    script = """
    store = FileStore(root)
    session = Session.of(store)
    answer = acquire(store, address, session)
    say("waiting")
    ended = watch(store, address, answer.claim, 600).result()
    stale = ended.observed if isinstance(ended, Stale) else None
    answer = acquire(store, address, session, stale)
    say(type(answer).__name__, answer.claim.id, answer.claim.takeovers)
    hear()
    """
    waiting = [start(script) for _ in range(6)]
    for process in waiting:
        assert process.line() == "waiting"
    holder.kill()
    said = [process.line().split() for process in waiting]
    assert sorted(kind for kind, _, _ in said) == ["Held"] + ["HeldBy"] * 5
    assert {(id, takeovers) for _, id, takeovers in said} == {(said[0][1], "1")}


def test_no_clock_is_compared(root: str, address: Address, start: Callable[..., Any]) -> None:
    """Whatever times a lease and a session claim, a living holder lives and a dead one is dead."""
    holder = start(
        """
        from thds.mops.lease import acquire as a, holder as h, session as s
        a.now = h.now = lambda: arguments[0]
        """
        + _HOLDER.format(kind="NoLocks", period_s=_ALIVE_S).replace("\n", "\n        "),
        "9999-12-31T23:59:59Z",
    )
    id = holder.line()
    store = WithoutLocks(root)
    seen = _observe(store, address)
    assert seen.claim.holder.since == "9999-12-31T23:59:59Z"
    for path, _, names in os.walk(root):
        for name in names:
            if name.endswith(".lock"):
                os.utime(f"{path}/{name}", (0, 0))
    future = watch(store, address, seen.claim, _ALIVE_S)
    until = _beat(store, id) + 4
    while _beat(store, id) < until:
        time.sleep(0.01)
    assert not future.done()
    holder.kill()
    assert future.result(_TIMEOUT_S) == Stale(seen)


def test_after_a_sleep_of_its_own_a_watcher_looks_again() -> None:
    """Both processes were stopped for a while: the holder gets time to say that it is awake."""
    store = MemoryStore("test")
    said = record.Record("s1", this_process(), locked=False, period_s=30.0, beat=0, nonce="n")
    store.put(addresses.session("s1"), [said.encode()], CREATE)
    session = SessionWatch(store, "s1")
    assert session.is_dead(1, 30.0) is False
    session._looked_at = time.monotonic() - 3_600
    assert session.is_dead(2, 30.0) is False
    session._looked_at = time.monotonic() - 3_600
    assert session.is_dead(2, 30.0) is False  # the same round: not looked at again
    assert session.is_dead(3, 30.0) is True


# -- the thread ----------------------------------------------------------------------------------------------------


def test_watchers_of_one_call_share_the_looks(root: str, address: Address) -> None:
    """Twenty cost what one costs; all are told."""
    store = Counting(root)
    held = _hold(store, address)
    store.looks.clear()
    futures = [watch(store, address, held.claim, _LONG_S) for _ in range(20)]
    store.wait(address.failure(held.claim.id), 5)
    with store.looked:
        assert store.looks[address.result] <= 20 + 7  # at worst each of the twenty came between two looks
    store.put(address.result, [b"result"], CREATE)
    assert all(isinstance(future.result(_TIMEOUT_S), Committed) for future in futures)


def test_hundreds_of_calls_and_one_thread(root: str) -> None:
    """Of one session, which is asked for once a round."""
    store = FileStore(root)
    calls = [Address(store.uri, "mops/1/magic/f", f"{n:064x}") for n in range(300)]
    futures = [(address, watch(store, address, _hold(store, address).claim, _LONG_S)) for address in calls]
    assert len([thread for thread in threading.enumerate() if thread.name == "mops-waiter"]) == 1
    for address in calls:
        store.put(address.result, [b"x"], CREATE)
    for address, future in futures:
        ended = future.result(_TIMEOUT_S)
        assert isinstance(ended, Committed)
        assert ended.entry.key == address.result


def test_a_cancelled_watch_is_dropped(root: str, address: Address) -> None:
    """Others go on; with the last one the looks end, and the thread with them. A later watch starts another."""
    store = Counting(root)
    held = _hold(store, address)
    first, second = watch(store, address, held.claim, _LONG_S), watch(store, address, held.claim, _LONG_S)
    thread = waiter._waiter._thread
    assert thread is not None
    store.wait(address.result, 2)
    assert first.cancel()
    store.wait(address.result, 2)
    assert not second.done()
    assert second.cancel()
    thread.join(_TIMEOUT_S)
    assert not thread.is_alive()
    assert not waiter._waiter._rounds
    assert wait([first, second], timeout=0).not_done == set()
    with pytest.raises(CancelledError):
        first.result()
    third = watch(store, address, held.claim, _LONG_S)
    store.put(address.result, [b"result"], CREATE)
    assert isinstance(third.result(_TIMEOUT_S), Committed)


def test_errors_of_the_store_are_survived(root: str, address: Address) -> None:
    """Nine in a row, again and again."""
    store = Counting(root)
    Session.of(store, period_s=0.04)
    held = _hold(store, address)
    future = watch(store, address, held.claim, 0.04)
    for _ in range(2):
        store.failures = 9
        store.wait(address.result, 12)
    assert not future.done()
    store.put(address.result, [b"result"], CREATE)
    assert isinstance(future.result(_TIMEOUT_S), Committed)


def test_a_store_that_keeps_failing_ends_the_watch(root: str, address: Address) -> None:
    """With its error, for all who watch; the thread serves on."""
    store = Counting(root)
    Session.of(store, period_s=0.04)
    held = _hold(store, address)
    store.failures = 10_000
    futures = [watch(store, address, held.claim, 0.04) for _ in range(3)]
    for future in futures:
        assert isinstance(future.exception(_TIMEOUT_S), StoreError)
    store.failures = 0
    store.put(address.result, [b"result"], CREATE)
    assert isinstance(watch(store, address, held.claim, 0.04).result(_TIMEOUT_S), Committed)


class Broken(MemoryStore):
    def head(self, key: str) -> Entry | None:
        raise RuntimeError(f"a bug in somebody's store: {key}")


def test_a_bug_in_a_store_ends_only_its_own_watches(root: str, address: Address) -> None:
    """At once."""
    broken, store = Broken("test"), FileStore(root)
    fine = watch(store, address, _hold(store, address).claim, _LONG_S)
    bug = watch(broken, address, _hold(broken, address).claim, _LONG_S)
    assert isinstance(bug.exception(_TIMEOUT_S), RuntimeError)
    store.put(address.result, [b"result"], CREATE)
    assert isinstance(fine.result(_TIMEOUT_S), Committed)


def test_dear_stores_are_asked_less_and_less(
    root: str, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From five times a second down to every five seconds, if the period allows."""
    monkeypatch.setattr(waiter, "_FIRST_S", 0.2)
    store = Dear(root)
    watched = Watched(
        store, address, _hold(store, address).claim, lambda session: SessionWatch(store, session)
    )
    round = waiter._Round(watched)

    def pauses(period_s: float) -> list[float]:
        round.askers[:] = [waiter._Asker(Future(), period_s, None)]
        round.looks, now, found = 0, 1_000.0, []
        for _ in range(12):
            round.plan(now)
            found.append(round.due - now)
            now = round.due
        return found

    assert 0 < pauses(600.0)[0] < 0.21
    assert 4.9 < max(pauses(600.0)) < 5.1
    assert 0.9 < max(pauses(4.0)) < 1.1


def test_a_forked_child_can_watch(root: str, address: Address, start: Callable[..., Any]) -> None:
    """With a thread of its own, though its parent's was in the middle of something."""
    store = FileStore(root)
    _hold(store, address)
    script = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the waiter
    store = FileStore(root)
    claim = acquire(store, address, Session.of(store)).claim
    future = watch(store, address, claim, 600)
    child = os.fork()
    mine = watch(store, address, claim, 600)
    if child == 0:
        os._exit(0 if isinstance(mine.result(60), Committed) else 1)
    say("watching")
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    say(type(future.result(60)).__name__, type(mine.result(60)).__name__)
    """
    process = start(script)
    assert process.line() == "watching"
    store.put(address.result, [b"result"], CREATE)
    assert process.ends() == ["0", "Committed Committed"]


def test_a_callback_that_fails_does_not_end_the_thread(root: str, address: Address, caplog: Any) -> None:
    """It is logged by the future, and the next watch is served."""
    store = FileStore(root)
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S)
    future.add_done_callback(lambda _: 1 / 0)
    store.put(address.result, [b"result"], CREATE)
    assert isinstance(future.result(_TIMEOUT_S), Committed)
    assert isinstance(watch(store, address, held.claim, _LONG_S).result(_TIMEOUT_S), Committed)
    assert "ZeroDivisionError" in caplog.text


def test_describe(root: str, address: Address) -> None:
    """Who, where, since when, in one sentence."""
    claim = _hold(FileStore(root), address).claim
    said = describe(claim)
    holder = claim.holder
    assert said == f"held by {holder.user} on {holder.host} (process {os.getpid()}) since {holder.since}"
    assert isinstance(claim, Claim)
    assert isinstance(holder.since, str)


class Late(FileStore):
    """Commits and releases between the look at the result and the look at the lease."""

    held: Held | None = None

    def get(self, key: str) -> Found | None:
        if self.held is not None and key.endswith(".lease"):
            held, self.held = self.held, None
            self.put(key.replace(".lease", ".result"), [b"result"], CREATE)
            assert self.delete(key, held.version)
        return super().get(key)


def test_a_commit_between_two_looks_is_not_mistaken(root: str, address: Address) -> None:
    """The lease is gone, and the result was not there: it is asked for once more."""
    store = Late(root)
    store.held = held = _hold(store, address)
    assert isinstance(watch(store, address, held.claim, _LONG_S).result(_TIMEOUT_S), Committed)


def test_adoption_by_the_same_session_is_followed(root: str, address: Address) -> None:
    """A worker in the caller's own process: another version of the lease, and no end."""
    store = Counting(root)
    held = _hold(store, address)
    future = watch(store, address, held.claim, _LONG_S)
    adopted = adopt(store, address, held.claim.id, Session.of(store))
    assert adopted is not None
    store.wait(address.result, 3)
    assert not future.done()
    fail(store, address, adopted)
    assert isinstance(future.result(_TIMEOUT_S), Failed)


_WORKER = """
store = FileStore(root)
say(adopt(store, address, hear(), Session.of(store)) is not None)
hear()
"""


def test_a_dead_worker_is_its_callers_to_report(
    root: str, address: Address, start: Callable[..., Any]
) -> None:
    """As long as the caller who handed the claim on lives, waiters leave it to him to say what became of the worker;
    when he dies too, they take over."""
    caller = start(_HOLDER.format(kind="FileStore", period_s=_LONG_S))
    caller.line()
    store = Counting(root)
    worker = start(_WORKER)
    worker.tell(_observe(store, address).claim.id)
    assert worker.line() == "True"
    seen = _observe(store, address)
    future = watch(store, address, seen.claim, _LONG_S)
    worker.kill()
    store.wait(address.result, 5)
    assert not future.done()
    caller.kill()
    assert future.result(_TIMEOUT_S) == Stale(seen)
