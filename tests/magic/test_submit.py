"""`f.submit(...)`: a `concurrent.futures.Future` with `.memo_uri` and `.metadata`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def double(x: int) -> list[int]:
    RAN.append(x)
    return [x * 2]


@pure.magic()
def fails(x: int) -> None:
    RAN.append(x)
    raise KeyError(x)


def test_it_is_a_future() -> None:
    """For all of `concurrent.futures`, and for asyncio."""
    future = double.submit(1)
    assert isinstance(future, concurrent.futures.Future)
    assert isinstance(future, pure.MemoFuture)
    assert future.result() == [2]
    assert future.exception() is None
    assert future.done()
    assert not future.running()
    futures = [double.submit(x) for x in range(5)]
    assert concurrent.futures.wait(futures, 30).not_done == set()
    assert {future.result()[0] for future in concurrent.futures.as_completed(futures)} == {0, 2, 4, 6, 8}

    async def inside() -> list[int]:
        return await asyncio.wrap_future(double.submit(1))

    assert asyncio.run(inside()) == [2]


def test_memo_uri_is_where_the_result_lies() -> None:
    """There at once, also before the result is."""
    future = double.submit(x=1)
    assert future.memo_uri == double.memo_uri(1)
    assert Path(str(future.memo_uri).removeprefix("file://")).is_file()


@pytest.mark.parametrize("times", [1, 2])
def test_metadata_says_who_computed_it(times: int) -> None:
    """Of a computed result and of a reused one."""
    import os
    import socket

    for _ in range(times):
        future = double.submit(1)
    metadata = future.metadata
    assert isinstance(metadata, pure.Metadata)
    assert metadata.function.endswith("test_submit.double")
    assert metadata.pipeline_id == "magic"
    assert metadata.pid == os.getpid()
    assert metadata.host == socket.gethostname()
    assert metadata.shim.strip("'") == "samethread"
    assert set(metadata.arguments) == {"x"}
    assert metadata.digest in str(future.memo_uri)
    assert metadata.started_at <= metadata.ended_at
    assert metadata.took_s >= 0


def test_an_exception() -> None:
    """Is the future's; nothing is raised by `submit` itself, and there is no metadata."""
    future = fails.submit(1)
    assert isinstance(future.exception(), KeyError)
    with pytest.raises(KeyError):
        future.result()
    assert future.metadata is None
    assert RAN == [1]


def test_memoized_like_a_call() -> None:
    """Calls and submits answer for each other, with copies."""
    assert double(1) == double.submit(1).result()
    assert double.submit(1).result() is not double.submit(1).result()
    assert RAN == [1]


def test_callbacks_see_the_result() -> None:
    """With its metadata, whether they are added before or after the end."""
    seen: list[Any] = []
    future = double.submit(1)
    future.add_done_callback(lambda done: seen.append((done.result(), done.metadata is not None)))  # type: ignore[attr-defined]
    assert seen == [([2], True)]


def test_off() -> None:
    """The function and nothing else, as a future without an address."""
    with double.off():
        futures = [double.submit(1), double.submit(1)]
        assert [future.result() for future in futures] == [[2], [2]]
        assert isinstance(fails.submit(1).exception(), KeyError)
    assert RAN == [1, 1, 1]
    assert futures[0].memo_uri is None
    assert futures[0].metadata is None


def test_the_callers_settings_come_along(tmp_path: Path) -> None:
    """What the stack says when `submit` is called holds for the execution, also of nested calls."""

    @pure.magic()
    def inner() -> int:
        return 1

    @pure.magic()
    def outer() -> str | None:
        inner()
        return inner.memo_uri()

    with pure.magic.override(blob_root=tmp_path / "elsewhere"):
        future = outer.submit()
    assert str(future.result()).startswith(f"file://{tmp_path}/elsewhere")


def test_from_many_threads() -> None:
    """One execution a call, whoever submits it."""
    start = threading.Barrier(8, timeout=30)

    def ask() -> list[int]:
        start.wait()
        return [double.submit(x).result()[0] for x in range(20)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
    assert answers == [[2 * x for x in range(20)]] * 8
    assert sorted(RAN) == list(range(20))  # type: ignore[type-var]


SLOW = """
import os, signal, subprocess, threading
from lab import *

@pure.magic('subprocess')
def slow(x):
    tell('pid', os.getpid())
    tick()
    wait('go')
    tick('ended')
    return x
"""


def test_it_does_not_block_while_another_process_holds_the_lease(workspace: Any) -> None:
    """ "never blocks on another's lease": it answers at once, and the future is done when the other has committed."""
    workspace.write({"mine.py": SLOW.replace("'subprocess'", "")})
    holder = workspace.start("from mine import *; slow(1)")
    workspace.wait("pid")
    workspace.run(
        "from mine import *\nfutures = [slow.submit(1) for _ in range(3)]\n"
        "assert not any(future.done() for future in futures)\ntell('go')\n"
        "assert [future.result(30) for future in futures] == [1, 1, 1]\nassert ticks() == 1\n"
        "assert futures[0].metadata.pid != os.getpid()"
    )
    workspace.end(holder)


def test_cancel_stops_the_worker(workspace: Any) -> None:
    """ "cancellable where the shim can": the process ends, the lease is free, and the next call computes."""
    workspace.write({"mine.py": SLOW})
    workspace.run(
        """
from mine import *
import concurrent.futures, time
future = slow.submit(1)
pid = int(wait('pid'))
assert future.cancel() and future.cancelled() and future.cancel()
try:
    future.result(1)
except concurrent.futures.CancelledError:
    pass
else:
    raise AssertionError
def runs():
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may end between open and read
        return False
until = time.monotonic() + 30
while runs():
    assert time.monotonic() < until, "the worker still runs"
    time.sleep(0.01)
tell('go')
assert slow(1) == 1
assert ticks() == 2 and ticks('ended') == 1
"""
    )


def test_cancel_gives_up_one_waiter_only(workspace: Any) -> None:
    """Others who wait for the same execution get its result."""
    workspace.write({"mine.py": SLOW})
    workspace.run(
        """
from mine import *
first, second = slow.submit(1), slow.submit(1)
wait('pid')
assert first.cancel()
tell('go')
assert second.result(30) == 1 and ticks() == ticks('ended') == 1
assert not second.cancel() and not second.cancelled()
"""
    )


def test_cancel_does_nothing_to_what_has_ended() -> None:
    """As for every future."""
    future = double.submit(1)
    assert not future.cancel()
    assert not future.cancelled()
    assert future.result() == [2]


def test_submitted_calls_run_side_by_side(workspace: Any) -> None:
    """Under `subprocess`: each waits for the other's sign."""
    workspace.write(
        {
            "mine.py": """
from lab import *
@pure.magic('subprocess')
def meet(mine, others):
    tell(mine)
    wait(others)
    return mine
"""
        }
    )
    workspace.run(
        "from mine import *\na, b = meet.submit('a', 'b'), meet.submit('b', 'a')\n"
        "assert (a.result(30), b.result(30)) == ('a', 'b')"
    )


def test_calls_that_cannot_be_made_fail_at_once_or_in_the_future() -> None:
    """An argument without a key: the caller is told, one way or the other, and nothing ran."""
    from thds.mops.errors import UnkeyableError

    with pytest.raises(UnkeyableError):
        double.submit(threading.Lock()).result()  # type: ignore[arg-type]
    assert not RAN
