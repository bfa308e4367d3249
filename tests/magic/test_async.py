"""`async def`: awaitable, memoized, shared while in flight."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
async def double(x: int) -> list[int]:
    RAN.append(x)
    await asyncio.sleep(0)
    return [x * 2]


class Gate:
    """A body that waits until it is let go."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go = asyncio.Event()


GATE: list[Gate] = []


@pure.magic()
async def gated(x: int) -> list[int]:
    RAN.append(x)
    GATE[0].started.set()
    try:
        await GATE[0].go.wait()
    except asyncio.CancelledError:
        RAN.append("cancelled")
        raise
    return [x]


STARTED, GO = threading.Event(), threading.Event()


@pure.magic()
async def shared(x: int) -> int:
    RAN.append(x)
    STARTED.set()
    await asyncio.to_thread(GO.wait, 30)
    return x


def run(coroutine: Any) -> Any:
    async def inside() -> Any:
        GATE[:] = [Gate()]
        return await asyncio.wait_for(coroutine, 30)

    return asyncio.run(inside())


def test_it_is_a_coroutine_function_like_any_other() -> None:
    """For `inspect` and for asyncio."""
    assert inspect.iscoroutinefunction(double)
    coroutine = double(1)
    assert inspect.isawaitable(coroutine)
    coroutine.close()


def test_it_is_memoized() -> None:
    """Across event loops."""
    assert run(double(1)) == [2]
    assert run(double(1)) == [2]
    assert RAN == [1]


def test_calls_in_flight_share_one_execution() -> None:
    """All who await it get the value, each a copy of its own but for the one who ran it."""

    async def three() -> None:
        tasks = [asyncio.create_task(gated(1)) for _ in range(3)]
        await GATE[0].started.wait()
        await asyncio.sleep(0)
        GATE[0].go.set()
        values = await asyncio.gather(*tasks)
        assert values == [[1], [1], [1]]
        values[0].append(5)
        assert values[1] == values[2] == [1]

    run(three())
    assert RAN == [1]


@pytest.mark.parametrize("which", [0, 1])
def test_cancelling_one_waiter_cancels_nothing_for_the_others(which: int) -> None:
    """Neither the one who called first, nor one who joined."""

    async def two() -> None:
        tasks = [asyncio.create_task(gated(1)) for _ in range(2)]
        await GATE[0].started.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        tasks[which].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[which]
        GATE[0].go.set()
        assert await tasks[1 - which] == [1]

    run(two())
    assert RAN == [1]


def test_cancelling_all_waiters_stops_the_body() -> None:
    """Nobody wants it any more; the next call starts anew."""

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(gated(1)) for _ in range(2)]
        await GATE[0].started.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(0)
        assert RAN == [1, "cancelled"]
        GATE[0].go.set()
        assert await gated(1) == [1]

    run(all_of_them())
    assert RAN == [1, "cancelled", 1]


def test_a_timeout_does_not_leave_the_call_locked() -> None:
    """`asyncio.timeout` cancels; whoever calls next computes."""

    async def timed() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gated(1), 0.05)
        GATE[0].go.set()
        assert await gated(1) == [1]

    run(timed())


def test_exceptions_reach_all_waiters() -> None:
    """And are not memoized."""

    @pure.magic()
    async def fails() -> None:
        RAN.append("ran")
        await asyncio.sleep(0)
        raise ValueError("no")

    async def three() -> list[Any]:
        return await asyncio.gather(*(fails() for _ in range(3)), return_exceptions=True)

    errors = run(three())
    assert [(type(error), str(error)) for error in errors] == [(ValueError, "no")] * 3
    assert RAN == ["ran"]
    with pytest.raises(ValueError, match="no"):
        run(fails())
    assert RAN == ["ran", "ran"]


def test_many_different_calls_run_at_once() -> None:
    """They wait for each other's events: one after the other would never end."""

    @pure.magic()
    async def meet(x: int) -> int:
        RAN.append(x)
        if len(RAN) == 20:
            GATE[0].go.set()
        await GATE[0].go.wait()
        return x

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(meet(x) for x in range(20)))

    assert run(all_of_them()) == list(range(20))


def test_submit_of_an_async_function() -> None:
    """A future as of any other function, from inside and outside of an event loop."""
    assert double.submit(4).result(timeout=30) == [8]

    async def inside() -> list[int]:
        return await asyncio.wrap_future(double.submit(5))

    assert run(inside()) == [10]
    assert list(double.map([4, 5, 6])) == [[8], [10], [12]]
    assert RAN == [4, 5, 6]


def test_nested_awaits_and_recursion() -> None:
    """Async functions that call async functions, and plain ones."""

    @pure.magic()
    async def fibonacci(n: int) -> int:
        RAN.append(n)
        return n if n < 2 else await fibonacci(n - 1) + await fibonacci(n - 2)

    assert run(fibonacci(12)) == 144
    assert sorted(RAN) == list(range(13))  # type: ignore[type-var]


def test_off_is_the_plain_coroutine() -> None:
    """No memo."""

    async def twice() -> list[list[int]]:
        with double.off():
            return [await double(7), await double(7)]

    assert run(twice()) == [[14], [14]]
    assert RAN == [7, 7]


def test_in_a_subprocess(run_python: Any) -> None:
    """Awaited here while it runs there; the event loop goes on meanwhile."""
    run_python(
        """
import asyncio, os
from lab import *

@pure.magic('subprocess')
async def there(x):
    await asyncio.sleep(0)
    wait('go')
    return os.getpid()

async def main():
    tasks = [asyncio.create_task(there(1)) for _ in range(3)]
    await asyncio.sleep(0.05)
    tell('go')
    first, *others = await asyncio.gather(*tasks)
    assert first != os.getpid() and others == [first, first]
    tasks = asyncio.create_task(there(1))
    assert await tasks == first

asyncio.run(main())
"""
    )


SLOW = """
import asyncio, os
from lab import *

@pure.magic(SHIM)
async def slow(x):
    tick()
    tell('started', os.getpid())
    await asyncio.to_thread(wait, 'go')
    tick('ended')
    return x
"""


def test_cancelling_a_subprocess_call_stops_its_worker(workspace: Any) -> None:
    """The last one who awaits it is gone: the process ends, and the next call computes."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'subprocess'")})
    workspace.run(
        """
from mine import *

async def main():
    task = asyncio.create_task(slow(1))
    pid = int(await asyncio.to_thread(wait, 'started'))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    def runs():
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):  # it may end between open and read
            return False
    while runs():
        await asyncio.sleep(0.01)
    tell('go')
    assert await slow(1) == 1
    assert ticks() == 2 and ticks('ended') == 1

asyncio.run(asyncio.wait_for(main(), 30))
"""
    )


def test_waiting_for_another_process_does_not_hold_up_the_loop(workspace: Any) -> None:
    """Other tasks go on meanwhile, and one of them lets the other process go on."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'samethread'")})
    holder = workspace.start("from mine import *; asyncio.run(slow(1))")
    workspace.wait("started")
    workspace.run(
        """
from mine import *

async def main():
    tasks = [asyncio.create_task(slow(1)) for _ in range(3)]
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not any(task.done() for task in tasks)
    tasks.pop().cancel()
    tell('go')
    assert await asyncio.gather(*tasks) == [1, 1]
    assert ticks() == 1

asyncio.run(asyncio.wait_for(main(), 30))
"""
    )
    workspace.end(holder)


def test_a_coroutine_that_is_never_awaited_leaves_nothing_behind() -> None:
    """Making it does nothing: no lease is held until it runs."""
    double(9).close()
    assert run(double(9)) == [18]


def test_threads_and_tasks_share_too() -> None:
    """A thread's event loop that joins the execution of another loop gets its value."""
    STARTED.clear()
    GO.clear()
    values: list[int] = []
    threads = [threading.Thread(target=lambda: values.append(asyncio.run(shared(1)))) for _ in range(2)]
    threads[0].start()
    assert STARTED.wait(30)
    threads[1].start()
    GO.set()
    for thread in threads:
        thread.join(30)
    assert values == [1, 1]
    assert RAN == [1]
