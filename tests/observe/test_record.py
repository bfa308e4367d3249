"""`pure.record()`: what was computed and what was reused, and the events behind it."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from thds.mops import events, pure


@pure.magic()
def double(x: int) -> int:
    return x * 2


@pure.magic()
def fails(x: int) -> int:
    raise LookupError(x)


@pure.magic()
async def later(x: int) -> int:
    return x


@pure.magic()
def outer(x: int) -> int:
    return double(x) + double(x)


def counts(run: pure.record, function: str) -> tuple[int, int, int, int]:
    (found,) = [value for name, value in run.counts.items() if name.endswith(f".{function}")]
    return found.computed, found.reused, found.waited, found.failed


@pytest.mark.usefixtures("root")
def test_it_counts_by_function_and_outcome() -> None:
    """Every way to call counts."""
    with pure.record() as run:
        double(1)
        double(1)
        double.submit(2).result()
        double.submit(2).result()
        list(double.map([1, 2, 3]))
        asyncio.run(later(1))
        asyncio.run(later(1))
        assert len(list(fails.map([1, 1], return_exceptions=True))) == 2
        with pytest.raises(LookupError):
            fails(2)
        outer(9)
    assert counts(run, "double") == (4, 5, 0, 0)
    assert counts(run, "later") == (1, 1, 0, 0)
    assert counts(run, "fails") == (0, 0, 0, 3)
    assert counts(run, "outer") == (1, 0, 0, 0)
    assert (run.total("computed"), run.total("reused"), run.total("failed"), run.total("waited")) == (
        6,
        6,
        3,
        0,
    )


@pytest.mark.usefixtures("root")
def test_it_counts_from_entry_to_exit_only() -> None:
    """And peeks, questions and calls under `off` are none."""
    double(1)
    with pure.record() as run:
        double.peek(1)
        double.memo_uri(1)
        with double.off():
            double(1)
    double(1)
    assert run.counts == {}
    assert "function" in str(run)


@pytest.mark.usefixtures("root")
def test_two_at_once() -> None:
    """Each has its own numbers."""
    with pure.record() as whole:
        double(1)
        with pure.record() as part:
            double(1)
        double(2)
    assert counts(whole, "double") == (2, 1, 0, 0)
    assert counts(part, "double") == (0, 1, 0, 0)


@pytest.mark.usefixtures("root")
def test_other_threads_count() -> None:
    """All of this process."""
    with pure.record() as run:
        threads = [threading.Thread(target=double, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert counts(run, "double") == (4, 0, 0, 0)


@pytest.mark.usefixtures("root")
def test_the_table() -> None:
    """A line a function, aligned, for people."""
    with pure.record() as run:
        outer(1)
        outer(1)
        with pytest.raises(LookupError):
            fails(1)
    lines = str(run).splitlines()
    assert lines[0].split() == ["function", "computed", "reused", "waited", "failed", "seconds"]
    assert len({len(line) for line in lines}) == 1
    rows = {line.split()[0].rpartition(".")[2]: line.split()[1:5] for line in lines[1:]}
    assert rows == {
        "double": ["1", "1", "0", "0"],
        "outer": ["1", "1", "0", "0"],
        "fails": ["0", "0", "0", "1"],
    }


GO, STARTED = threading.Event(), threading.Event()


@pure.magic()
def gated(x: int) -> int:
    STARTED.set()
    assert GO.wait(30)
    return x


@pytest.mark.usefixtures("root")
def test_waiting_for_somebody_else(root: Path) -> None:
    """One computed, the others waited; the seconds of both are counted."""
    GO.clear()
    STARTED.clear()
    assert root
    with pure.record() as run:
        threads = [threading.Thread(target=gated, args=(1,)) for _ in range(3)]
        threads[0].start()
        assert STARTED.wait(30)
        for thread in threads[1:]:
            thread.start()
        from thds.mops.futures import IN_FLIGHT

        while sum(execution.waiters for execution in IN_FLIGHT._running.values()) < 3:
            pass
        GO.set()
        for thread in threads:
            thread.join(30)
    assert counts(run, "gated") == (1, 0, 2, 0)


def test_in_a_subprocess_the_call_counts_once(workspace: Any) -> None:
    """In the process that made it; what happens inside the worker is the worker's."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic()\ndef inner(): return 1\n@pure.magic('subprocess')\n"
            "def outer(): return inner()\n"
        }
    )
    workspace.run(
        "from mine import *\nwith pure.record() as run:\n    outer(), outer()\n"
        "assert list(run.counts) == ['mine.outer'] and run.total('computed') == run.total('reused') == 1, run"
    )


# --- events ---


@pytest.mark.usefixtures("root")
def test_what_an_event_says() -> None:
    """How, of what, where, and how long it took."""
    seen: list[events.CallEnded] = []
    stop = events.subscribe(seen.append)
    try:
        double(1)
        double(1)
    finally:
        stop()
    double(2)
    computed, reused = seen
    assert (computed.how, reused.how) == ("computed", "reused")
    assert computed.memo_uri == reused.memo_uri == double.memo_uri(1)
    assert computed.function.endswith("test_record.double")
    assert computed.took_s > 0
    assert reused.took_s == 0


@pytest.mark.usefixtures("root")
def test_a_subscriber_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, the call has its value, and other subscribers hear of it."""
    seen: list[events.CallEnded] = []

    def broken(event: events.CallEnded) -> None:
        raise RuntimeError(f"observer failed at {event}")

    stops = [events.subscribe(broken), events.subscribe(seen.append)]
    try:
        with caplog.at_level(logging.ERROR, "thds.mops"):
            assert double(1) == double(1) == 2
            assert double.submit(2).result(30) == 4
            assert list(double.map([3])) == [6]
            with pytest.raises(LookupError):
                fails(1)
            assert asyncio.run(later(1)) == 1
    finally:
        for stop in stops:
            stop()
    assert len(seen) == 6
    assert "observer failed" in caplog.text


@pytest.mark.usefixtures("root")
def test_a_subscriber_that_calls_decorated_functions() -> None:
    """Does not deadlock and does not recurse without end."""
    seen: list[str] = []

    def curious(event: events.CallEnded) -> None:
        seen.append(event.function)
        if len(seen) < 3:
            double(100)

    stop = events.subscribe(curious)
    try:
        assert outer(1) == 4
    finally:
        stop()
    assert len(seen) >= 3


def test_unsubscribing_twice_is_harmless() -> None:
    """And ends only its own."""
    seen: list[Any] = []
    stop, other = events.subscribe(seen.append), events.subscribe(seen.append)
    stop()
    stop()
    other()
    assert seen.append not in events.subscribers
