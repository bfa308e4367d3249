"""Waiting for calls that somebody else computes: one thread a process watches them all. Asked by orchestrate, which
goes on when the future is settled.

Futures are settled, and their callbacks run, in that thread: callbacks must not block. After a fork the child watches
nothing; futures of the parent stay unsettled in it.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from thds.mops.errors import StoreError
from thds.mops.lease.watched import Committed, Ended, Failed, Gone, SessionWatch, Stale, Watched

if TYPE_CHECKING:
    from thds.mops.callkey.address import Address
    from thds.mops.lease.claim import Claim
    from thds.mops.stores.base import Store, Version

__all__ = ["Committed", "Ended", "Failed", "Gone", "Stale", "describe", "watch"]

_CHEAP_S = 0.05
_FIRST_S, _LONGEST_S, _GROWTH = 0.2, 5.0, 1.5
_MOST_FAILURES = 10
_IDLE_S = 3.0


def watch(
    store: Store, address: Address, claim: Claim, period_s: float, seen: Version | None = None
) -> Future[Ended]:
    """How a claim that somebody else holds ends. `period_s`: how long a silent holder is waited for; the holder's own
    period counts if it is longer. `seen`: the version of a blob at the result's key that is no result (a tombstone, a
    damaged one), so that only another one counts as committed.

    Cancelling the future ends the watch. It gets the store's error after ten failed looks in a row.
    """
    return _waiter.watch(store, address, claim, _Asker(Future(), period_s, seen))


def describe(claim: Claim) -> str:
    """Who holds the call, for messages: "held by ana on lap7 (process 123) since 2026-11-22T10:00:00Z"."""
    return f"held by {claim.holder}"


class _Asker(NamedTuple):
    future: Future[Ended]
    period_s: float
    seen: Version | None


class _Round:
    """The looks at one claim, shared by all who ask for it."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.askers: list[_Asker] = []
        self.due = 0.0
        self.looks = 0
        self.failures = 0

    def plan(self, now: float) -> None:
        """When to look next: on a multiple of the interval, so that hundreds of claims are looked at together."""
        period_s = max(self.watched.session.period_s, *(asker.period_s for asker in self.askers))
        if self.watched.store.cheap_looks and not self.failures:
            interval = _CHEAP_S
        else:
            interval = min(_FIRST_S * _GROWTH ** min(self.looks, 20), _LONGEST_S)
        interval = min(interval, period_s / 4)
        self.looks += 1
        self.due = (math.floor(now / interval) + 1) * interval


_Key: TypeAlias = tuple[int, str, str]


class _Waiter:
    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._rounds: dict[_Key, _Round] = {}
        self._sessions: weakref.WeakValueDictionary[tuple[int, str], SessionWatch] = (
            weakref.WeakValueDictionary()
        )
        self._thread: threading.Thread | None = None
        self._turn = 0

    def watch(self, store: Store, address: Address, claim: Claim, asker: _Asker) -> Future[Ended]:
        key = (id(store), address.stem, claim.id)
        with self._changed:
            round = self._rounds.get(key)
            if round is None:
                watched = Watched(store, address, claim, lambda session: self._session(store, session))
                round = self._rounds[key] = _Round(watched)
            round.askers.append(asker)
            round.due = 0.0
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mops-waiter", daemon=True)
                self._thread.start()
            else:
                self._changed.notify()
        asker.future.add_done_callback(self._wake)
        return asker.future

    def _wake(self, future: Future[Ended]) -> None:
        """A watch that was cancelled is dropped now, not at its next look."""
        if future.cancelled():
            with self._changed:
                self._changed.notify()

    def _session(self, store: Store, session: str) -> SessionWatch:
        """Looks at a session are shared by all claims that name it, and forgotten with the last of them."""
        watch = self._sessions.get((id(store), session))
        if watch is None:
            watch = self._sessions[id(store), session] = SessionWatch(store, session)
        return watch

    def _run(self) -> None:
        while (due := self._wait()) is not None:
            self._turn += 1
            for key, round in due:
                self._look(key, round)

    def _wait(self) -> list[tuple[_Key, _Round]] | None:
        """The rounds that are due; None when there was nothing to watch for a while."""
        with self._changed:
            while True:
                self._drop_cancelled()
                if not self._rounds:
                    if not self._changed.wait(_IDLE_S) and not self._rounds:
                        self._thread = None
                        return None
                    continue
                now = time.monotonic()
                due = [(key, round) for key, round in self._rounds.items() if round.due <= now]
                if due:
                    return due
                self._changed.wait(min(round.due for round in self._rounds.values()) - now)

    def _drop_cancelled(self) -> None:
        for key, round in list(self._rounds.items()):
            for asker in [asker for asker in round.askers if asker.future.cancelled()]:
                round.askers.remove(asker)
                asker.future.set_running_or_notify_cancel()  # wakes who waits for the cancelled future
            if not round.askers:
                del self._rounds[key]

    def _look(self, key: _Key, round: _Round) -> None:
        try:
            answers = self._answers(round)
            round.failures = 0
        except Exception as error:  # noqa: BLE001 - this thread serves all; stores of others may raise anything
            answers = self._failed(round, error)
        with self._changed:
            settled = {id(asker) for asker, _ in answers}
            round.askers = [asker for asker in round.askers if id(asker) not in settled]
            if round.askers:
                round.plan(time.monotonic())
            else:
                del self._rounds[key]
        for asker, answer in answers:
            if not asker.future.set_running_or_notify_cancel():
                continue
            if isinstance(answer, Exception):
                asker.future.set_exception(answer)
            else:
                asker.future.set_result(answer)

    def _answers(self, round: _Round) -> list[tuple[_Asker, Ended | Exception]]:
        askers = list(round.askers)
        entry = round.watched.result()
        waiting = [asker for asker in askers if entry is None or entry.version == asker.seen]
        ended = None
        if waiting:
            ended = round.watched.ended(self._turn, max(asker.period_s for asker in waiting))
            if ended is not None:
                entry = round.watched.result()  # committed between our two looks
        committed = Committed(entry) if entry is not None else None
        answers: list[tuple[_Asker, Ended | Exception]] = []
        for asker in askers:
            answer = committed if entry is not None and entry.version != asker.seen else ended
            if answer is not None:
                answers.append((asker, answer))
        return answers

    def _failed(self, round: _Round, error: Exception) -> list[tuple[_Asker, Ended | Exception]]:
        if round.failures == 0:
            round.looks = 0  # back off from now on
        round.failures += 1
        if isinstance(error, StoreError) and round.failures < _MOST_FAILURES:
            return []
        return [(asker, error) for asker in round.askers]


_waiter = _Waiter()


def _forked() -> None:
    global _waiter
    _waiter = _Waiter()


os.register_at_fork(after_in_child=_forked)
