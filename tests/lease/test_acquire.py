"""Who may compute a call: one at a time, whatever stores answer, and whoever dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from thds.mops.callkey.address import Address
from thds.mops.errors import StoreError, StoreUnwritableError
from thds.mops.lease.acquire import Abandoned, Held, HeldBy, acquire, adopt, fail, release
from thds.mops.lease.claim import Claim, Observed, decode
from thds.mops.lease.session import Session
from thds.mops.stores.base import CREATE, Buffer, Create, Found, Replace, Version
from thds.mops.stores.file import FileStore


class Dear(FileStore):
    """As a remote store: leases are swapped to `done`, not deleted."""

    cheap_looks = False


@pytest.fixture(params=[FileStore, Dear])
def store(request: pytest.FixtureRequest, root: str) -> FileStore:
    opened: FileStore = request.param(root)
    return opened


@pytest.fixture
def mine(store: FileStore) -> Session:
    return Session.of(store)


@pytest.fixture
def theirs(store: FileStore) -> Session:
    """As another process would have it: a session through a store of its own."""
    other = type(store)(store.uri.removeprefix("file://"))
    return Session.of(other)


def _lease(store: FileStore, address: Address) -> Claim | None:
    found = store.get(address.lease)
    return decode(found.body, address.lease) if found is not None else None


def _held(answer: object) -> Held:
    assert isinstance(answer, Held)
    return answer


def _observed(held: Held) -> Observed:
    return Observed(held.claim, held.version)


# -- one after the other -------------------------------------------------------------------------------------------


def test_the_first_has_it_and_the_second_is_told_who(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """The very claim that is held, and its version."""
    held = _held(acquire(store, address, mine))
    assert held.fresh
    assert _lease(store, address) == held.claim
    assert (held.claim.session, held.claim.state, held.claim.takeovers) == (mine.id, "held", 0)
    assert acquire(store, address, theirs) == HeldBy(held.claim, held.version)
    assert acquire(store, address, mine) == HeldBy(held.claim, held.version)


def test_a_released_lease_is_free(store: FileStore, address: Address, mine: Session, theirs: Session) -> None:
    """Deleted where looks are cheap; else it stays, and whoever takes it next must look again."""
    held = _held(acquire(store, address, mine))
    assert release(store, address, held) is True
    after = _lease(store, address)
    assert (after and after.state) == (None if store.cheap_looks else "done")
    again = _held(acquire(store, address, theirs))
    assert again.fresh == store.cheap_looks
    assert again.claim.id != held.claim.id
    assert release(store, address, held) is False
    assert _lease(store, address) == again.claim


def test_a_failed_lease_is_free_and_says_so(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """Waiters of this very execution find its id; who calls later starts over."""
    held = _held(acquire(store, address, mine))
    assert fail(store, address, held) is True
    after = _lease(store, address)
    assert after is not None
    assert (after.id, after.state, after.is_abandoned) == (held.claim.id, "failed", False)
    again = _held(acquire(store, address, theirs))
    assert (again.fresh, again.claim.takeovers) == (False, 0)
    assert again.claim.id != held.claim.id
    assert fail(store, address, held) is False


def test_a_damaged_lease_is_free(store: FileStore, address: Address, mine: Session) -> None:
    """The commit keeps results right."""
    store.put(address.lease, [b"torn"], CREATE)
    held = _held(acquire(store, address, mine))
    assert not held.fresh
    assert _lease(store, address) == held.claim


def test_a_lease_of_a_newer_version_is_an_error(store: FileStore, address: Address, mine: Session) -> None:
    """And left alone."""
    body = b'{"format":2,"whatever":[]}'
    store.put(address.lease, [body], CREATE)
    for attempt in (lambda: acquire(store, address, mine), lambda: adopt(store, address, "x", mine)):
        with pytest.raises(StoreError, match="newer version"):
            attempt()
    found = store.get(address.lease)
    assert found is not None
    assert found.body == body


# -- takeover ------------------------------------------------------------------------------------------------------


def test_takeover(store: FileStore, address: Address, mine: Session, theirs: Session) -> None:
    """Another execution, that remembers who died; the old holder finds that it is no longer his."""
    held = _held(acquire(store, address, theirs))
    taken = _held(acquire(store, address, mine, _observed(held)))
    assert (taken.claim.takeovers, taken.claim.holders, taken.fresh) == (1, (held.claim.holder,), False)
    assert taken.claim.id != held.claim.id
    assert release(store, address, held) is False
    assert fail(store, address, held) is False
    assert _lease(store, address) == taken.claim


def test_a_takeover_of_what_is_no_longer_there(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """Is an ordinary attempt: free, or somebody else's by now."""
    held = _held(acquire(store, address, theirs))
    release(store, address, held)
    again = _held(acquire(store, address, mine, _observed(held)))
    assert again.claim.takeovers == 0
    assert acquire(store, address, theirs, _observed(held)) == HeldBy(again.claim, again.version)


def test_after_three_takeovers_it_is_given_up(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """All who waited are told, with the four who died; who calls later starts over."""
    held = _held(acquire(store, address, mine))
    holders = [held.claim.holder]
    for count in (1, 2, 3):
        held = _held(acquire(store, address, mine, _observed(held)))
        holders.append(held.claim.holder)
        assert held.claim.takeovers == count
    for session in (mine, theirs):
        abandoned = acquire(store, address, session, _observed(held))
        assert isinstance(abandoned, Abandoned)
        assert abandoned.claim.is_abandoned
        assert abandoned.claim.id == held.claim.id
        assert abandoned.claim.holders == tuple(holders)
    again = _held(acquire(store, address, theirs))
    assert (again.claim.takeovers, again.claim.holders) == (0, ())
    late = acquire(store, address, mine, _observed(held))
    assert late == HeldBy(again.claim, again.version)


# -- handing over --------------------------------------------------------------------------------------------------


def test_a_worker_adopts_the_claim(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """The id stays, the session is the worker's; what the caller held opens nothing any more."""
    held = _held(acquire(store, address, mine))
    adopted = adopt(store, address, held.claim.id, theirs)
    assert adopted is not None
    assert adopted.claim == held.claim._replace(
        caller=held.claim.session, session=theirs.id, holder=adopted.claim.holder, nonce=adopted.claim.nonce
    )
    assert release(store, address, held) is False
    assert fail(store, address, held) is False
    assert acquire(store, address, mine) == HeldBy(adopted.claim, adopted.version)
    assert release(store, address, adopted) is True


def test_an_engine_may_start_a_worker_again(
    store: FileStore, address: Address, mine: Session, theirs: Session
) -> None:
    """The second one adopts from the first."""
    held = _held(acquire(store, address, mine))
    first = adopt(store, address, held.claim.id, mine)
    second = adopt(store, address, held.claim.id, theirs)
    assert first is not None
    assert second is not None
    assert release(store, address, first) is False
    assert release(store, address, second) is True


def test_nothing_to_adopt(store: FileStore, address: Address, mine: Session, theirs: Session) -> None:
    """No lease, another claim, a damaged one, or one that ended."""
    assert adopt(store, address, "x", mine) is None
    held = _held(acquire(store, address, mine))
    assert adopt(store, address, "x", theirs) is None
    taken = _held(acquire(store, address, theirs, _observed(held)))
    assert adopt(store, address, held.claim.id, mine) is None
    fail(store, address, taken)
    assert adopt(store, address, taken.claim.id, mine) is None
    assert store.delete(address.lease)
    store.put(address.lease, [b"torn"], CREATE)
    assert adopt(store, address, taken.claim.id, mine) is None


# -- answers that are lost or wrong --------------------------------------------------------------------------------


class Faulty(FileStore):
    """Answers the next writes of leases as `how` says, one each."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.how: list[str] = []
        self.cut_off = False

    def get(self, key: str) -> Found | None:
        if self.cut_off:
            raise StoreError("no connection", operation="get", key=key)
        return super().get(key)

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        how = self.how.pop(0) if self.how and key.endswith(".lease") else ""
        if how == "refused":
            raise StoreUnwritableError("full", operation="put", key=key)
        if how == "not applied":
            raise StoreError("no connection", operation="put", key=key)
        version = super().put(key, parts, mode)
        if how == "applied, then an error":
            raise StoreError("the connection was closed", operation="put", key=key)
        return None if how == "applied, then no" else version

    def delete(self, key: str, version: Version | None = None) -> bool:
        how = self.how.pop(0) if self.how and key.endswith(".lease") else ""
        if how == "not applied":
            raise StoreError("no connection", operation="delete", key=key)
        return super().delete(key, version)


class FaultyAndDear(Faulty):
    cheap_looks = False


_LOST = ["applied, then an error", "applied, then no"]


def _held_and_there(store: Faulty, address: Address, answer: object) -> Held:
    held = _held(answer)
    found = store.get(address.lease)
    assert not store.how
    assert found is not None
    assert (found.body, found.version) == (held.claim.encode(), held.version)
    return held


@pytest.mark.parametrize("how", _LOST)
def test_a_winner_that_is_told_it_lost(root: str, address: Address, how: str) -> None:
    """Reads back what is there, and knows its own nonce: at every step."""
    store = FaultyAndDear(root)
    session = Session.of(store)
    store.how = [how]
    held = _held_and_there(store, address, acquire(store, address, session))
    store.how = [how]
    held = _held_and_there(store, address, adopt(store, address, held.claim.id, session))
    store.how = [how]
    held = _held_and_there(store, address, acquire(store, address, session, _observed(held)))
    store.how = [how]
    assert release(store, address, held) is True
    store.how = ["", how]  # a create that finds it taken, then the swap
    held = _held(acquire(store, address, session))
    store.how = [how]
    assert fail(store, address, held) is True
    after = _lease(store, address)
    assert after is not None
    assert after.state == "failed"


@pytest.mark.parametrize("how", _LOST)
def test_giving_up_with_the_answer_lost(root: str, address: Address, how: str) -> None:
    """Is told to the caller all the same."""
    store = FaultyAndDear(root)
    session = Session.of(store)
    held = _held(acquire(store, address, session))
    for _ in range(3):
        held = _held(acquire(store, address, session, _observed(held)))
    store.how = [how]
    assert isinstance(acquire(store, address, session, _observed(held)), Abandoned)


def test_a_write_that_failed_is_an_error(root: str, address: Address) -> None:
    """At every step; then nothing is held, and nothing is in the way of the next attempt."""
    store = FaultyAndDear(root)
    session = Session.of(store)
    store.how = ["not applied"]
    with pytest.raises(StoreError, match="no connection"):
        acquire(store, address, session)
    held = _held(acquire(store, address, session))
    for step in (
        lambda: adopt(store, address, held.claim.id, session),
        lambda: acquire(store, address, session, _observed(held)),
    ):
        store.how = ["not applied"]
        with pytest.raises(StoreError, match="no connection"):
            step()
        assert _lease(store, address) == held.claim


def test_an_error_though_somebody_else_was_first(root: str, address: Address) -> None:
    """Whatever the error said: what is there answers the question."""
    store, other = Faulty(root), Faulty(root)
    held = _held(acquire(other, address, Session.of(other)))
    store.how = ["not applied"]
    assert acquire(store, address, Session.of(store)) == HeldBy(held.claim, held.version)


def test_a_root_that_cannot_be_written(root: str, address: Address) -> None:
    """Is passed on at once: the call is computed without a lease."""
    store = Faulty(root)
    session = Session.of(store)
    store.how = ["refused"]
    with pytest.raises(StoreUnwritableError):
        acquire(store, address, session)
    assert store.get(address.lease) is None


def test_a_failure_that_cannot_be_written_frees_the_lease(root: str, address: Address) -> None:
    """A full disk: nothing can be swapped, but something deleted, so that nobody waits for ever."""
    store = Faulty(root)
    held = _held(acquire(store, address, Session.of(store)))
    store.how = ["refused"]
    assert fail(store, address, held) is True
    assert store.get(address.lease) is None


@pytest.mark.parametrize("kind", [Faulty, FaultyAndDear])
@pytest.mark.parametrize("end", [release, fail])
def test_a_lease_that_could_not_be_ended(
    root: str, address: Address, kind: type[Faulty], end: Callable[[FileStore, Address, Held], bool]
) -> None:
    """Is in nobody's way in this process; others wait as long as it lives."""
    store, other = kind(root), kind(root)
    session = Session.of(store)
    held = _held(acquire(store, address, session))
    store.how = ["not applied", "not applied"]
    with pytest.raises(StoreError, match="no connection"):
        end(store, address, held)
    store.how = []
    assert acquire(other, address, Session.of(other)) == HeldBy(held.claim, held.version)
    again = _held(acquire(store, address, session))
    assert again.claim.takeovers == 0
    assert acquire(store, address, session) == HeldBy(again.claim, again.version)


def test_what_could_not_be_ended_here_may_be_held_elsewhere(root: str, address: Address) -> None:
    """A worker adopted it before: that claim is not free."""
    store, other = FaultyAndDear(root), FaultyAndDear(root)
    session = Session.of(store)
    held = _held(acquire(store, address, session))
    adopted = adopt(other, address, held.claim.id, Session.of(other))
    assert adopted is not None
    store.how = ["not applied"]
    store.cut_off = True
    with pytest.raises(StoreError, match="no connection"):
        release(store, address, held)
    store.cut_off = False
    assert acquire(store, address, session) == HeldBy(adopted.claim, adopted.version)


# -- many at a time ------------------------------------------------------------------------------------------------


class Vanishing(FileStore):
    """Somebody else has the lease at every create, and has released it at the next `times` looks."""

    times = 0

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        return None if self.times and key.endswith(".lease") else super().put(key, parts, mode)

    def get(self, key: str) -> Found | None:
        if self.times and key.endswith(".lease"):
            self.times -= 1
            return None
        return super().get(key)


def test_a_lease_that_vanishes_between_create_and_look(root: str, address: Address) -> None:
    """Is tried again, and not for ever."""
    store = Vanishing(root)
    session = Session.of(store)
    store.times = 5
    assert isinstance(acquire(store, address, session), Held)
    store.times = 1_000
    with pytest.raises(StoreError, match="changed 100 times") as caught:
        acquire(store, address, session)
    assert caught.value.key == address.lease  # type: ignore[attr-defined]


def _together(count: int, act: Callable[[int], Any]) -> list[Any]:
    answers: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def run(n: int) -> None:
        barrier.wait()
        answers[n] = act(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_one_of_sixteen_threads_has_it(store: FileStore, address: Address, mine: Session) -> None:
    """The others are told whose it is; ten times, also over what the last one left."""
    for _ in range(10):
        answers = _together(16, lambda _: acquire(store, address, mine))
        held = [answer for answer in answers if isinstance(answer, Held)]
        assert len(held) == 1
        assert all(
            answer == HeldBy(held[0].claim, held[0].version)
            for answer in answers
            if not isinstance(answer, Held)
        )
        assert release(store, address, held[0])


def test_one_of_many_takes_over(store: FileStore, address: Address, mine: Session) -> None:
    """Of sixteen that found the same holder dead; three times, and then all are told that it is given up."""
    held = _held(acquire(store, address, mine))
    for _ in range(3):
        stale = _observed(held)
        answers = _together(16, lambda _, stale=stale: acquire(store, address, mine, stale))  # type: ignore[misc]
        (held,) = [answer for answer in answers if isinstance(answer, Held)]
    answers = _together(16, lambda _: acquire(store, address, mine, _observed(held)))
    assert [type(answer) for answer in answers] == [Abandoned] * 16


@pytest.mark.parametrize("takeover", [False, True])
def test_one_of_eight_processes_has_it(
    store: FileStore, address: Address, start: Callable[..., Any], *, takeover: bool
) -> None:
    """By create, and by takeover of what a dead process held."""
    if takeover:
        dead = start("acquire(FileStore(root), address, Session.of(FileStore(root))); say('held'); hear()")
        assert dead.line() == "held"
        dead.kill()
    script = """
    from thds.mops.lease.claim import Observed
    store = FileStore(root)
    session, stale = Session.of(store), None
    if arguments == ["takeover"]:
        stale = Observed(*acquire(store, address, session))
    say("ready")
    hear()
    answer = acquire(store, address, session, stale)
    say(type(answer).__name__, answer.claim.id, answer.claim.takeovers)
    hear()
    """
    processes = [start(script, *(["takeover"] if takeover else [])) for _ in range(8)]
    for process in processes:
        assert process.line() == "ready"
    for process in processes:
        process.tell("go")
    said = [process.line().split() for process in processes]
    assert sorted(kind for kind, _, _ in said) == ["Held"] + ["HeldBy"] * 7
    assert {(id, takeovers) for _, id, takeovers in said} == {(said[0][1], "1" if takeover else "0")}
    lease = _lease(store, address)
    assert lease is not None
    assert lease.id == said[0][1]
