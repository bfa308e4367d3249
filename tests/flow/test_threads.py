"""Many threads at once, on every way to call."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_submit_from_many_threads(workspace: Any, shim: str) -> None:
    """Each call once; every future gets its value."""
    workspace.write(
        {
            "mine.py": f"""
from lab import *
@pure.magic({shim!r})
def double(x):
    tick()
    return [x * 2]
""",
            "main.py": """
import threading
from concurrent.futures import ThreadPoolExecutor
from mine import *

START = threading.Barrier(8)
def ask(seed):
    START.wait()
    futures = [double.submit((x * 7 + seed) % 12) for x in range(12)]
    return [(future.result(60), future.metadata.function) for future in futures]

with ThreadPoolExecutor(8) as pool:
    for seed, answers in enumerate(pool.map(ask, range(8))):
        assert [value for value, _ in answers] == [[2 * ((x * 7 + seed) % 12)] for x in range(12)]
        assert {name for _, name in answers} == {"mine.double"}
assert ticks() == 12, ticks()
""",
        }
    )
    workspace.run("main.py")


def test_settings_that_change_while_others_call(workspace: Any) -> None:
    """Each call sees the settings of one moment, whole; none fails."""
    workspace.write(
        {
            "main.py": """
import threading
from concurrent.futures import ThreadPoolExecutor
from lab import *

@pure.magic()
def f(x): return x

stop = threading.Event()
def change():
    n = 0
    while not stop.is_set():
        n += 1
        pure.magic.pipeline_id(f'p{n % 3}')
        with pure.magic.override(pipeline_id='mine'):
            assert "'mine'" in repr(f)

with ThreadPoolExecutor(4) as pool:
    changing = [pool.submit(change) for _ in range(2)]
    calling = [pool.submit(lambda: [f(x) for x in range(30)]) for _ in range(2)]
    for call in calling:
        assert call.result(60) == list(range(30))
    stop.set()
    for change in changing:
        change.result(60)
"""
        }
    )
    workspace.run("main.py")


def test_first_calls_of_many_threads_at_once(workspace: Any) -> None:
    """Lazily made things (store, session, pool, fork server) are made once, or at least do no harm."""
    workspace.write(
        {
            "main.py": """
import threading
from concurrent.futures import ThreadPoolExecutor
from lab import *

asked = []
def where():
    asked.append(1)
    time.sleep(0.05)
    return ROOT

@pure.magic('subprocess', blob_root=where)
def f(x):
    return x

start = threading.Barrier(6)
def ask(x):
    start.wait()
    return f(x)
with ThreadPoolExecutor(6) as pool:
    assert sorted(pool.map(ask, range(6))) == list(range(6))
assert len(asked) == 1
"""
        }
    )
    workspace.run("main.py")


def test_a_pool_inside_a_body(workspace: Any) -> None:
    """A body that spreads decorated calls over threads, and waits for them."""
    workspace.write(
        {
            "main.py": """
from concurrent.futures import ThreadPoolExecutor
from lab import *

@pure.magic()
def leaf(x):
    tick('leaf')
    return x

@pure.magic()
def tree(n):
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(leaf, range(n)))
    return threads + list(leaf.map(range(n), concurrency=3)) + [leaf.submit(x).result() for x in range(n)]

assert tree(5) == list(range(5)) * 3
assert ticks('leaf') == 5
"""
        }
    )
    workspace.run("main.py")


def test_hundreds_of_futures_in_flight(workspace: Any) -> None:
    """Waiting for another process costs no thread a call: 300 futures wait, and all are done when it commits."""
    workspace.write(
        {
            "mine.py": """
import threading
from lab import *
@pure.magic()
def slow(x):
    if x == 0:
        tell('held')
        wait('go')
    return x
@pure.magic()
def holds(x):
    with pure.magic.override(pipeline_id=f'p{x}'):
        return slow(0)
""",
            "holder.py": """
from concurrent.futures import ThreadPoolExecutor
from mine import *
def hold(n):
    with pure.magic.override(pipeline_id=f'p{n}'):
        return slow(0)
with ThreadPoolExecutor(100) as pool:
    calls = [pool.submit(hold, n) for n in range(100)]
    while sum(1 for _ in ROOT.rglob('*.lease')) < 100:
        time.sleep(0.02)
    tell('all held')
    assert [call.result(60) for call in calls] == [0] * 100
""",
            "waiter.py": """
import threading
from mine import *
wait('all held')
futures = []
for n in range(100):
    with pure.magic.override(pipeline_id=f'p{n}'):
        futures += [slow.submit(0) for _ in range(3)]
assert not any(future.done() for future in futures)
assert threading.active_count() < 40, threading.active_count()
tell('go')
assert [future.result(60) for future in futures] == [0] * 300
""",
        }
    )
    holder = workspace.start("holder.py")
    workspace.run("waiter.py")
    workspace.end(holder)


@pytest.mark.parametrize("shim", ["samethread", "off", "subprocess"])
def test_bodies_do_not_use_up_the_threads_of_others(workspace: Any, shim: str) -> None:
    """Forty bodies that each wait for other calls: none of them can starve the calls that it waits for."""
    workspace.write(
        {
            "main.py": f"""
from lab import *

@pure.magic({shim!r})
async def inner(n): return n

@pure.magic('subprocess')
def far(n): return n

@pure.magic()
async def outer(n): return inner.submit(n % 3).result(15) + far.submit(n % 2).result(15)

futures = [outer.submit(n) for n in range(40)]
assert [future.result(20) for future in futures] == [n % 3 + n % 2 for n in range(40)]
"""
        }
    )
    workspace.run("main.py")


def test_a_result_that_is_not_there_in_time(workspace: Any) -> None:
    """`future.result(timeout)` gives up waiting, and nothing else."""
    workspace.write(
        {
            "main.py": """
from lab import *
@pure.magic('subprocess')
def slow(x):
    wait('go')
    return x
future = slow.submit(1)
try:
    future.result(0.01)
except TimeoutError:
    pass
else:
    raise AssertionError
tell('go')
assert future.result(30) == 1
"""
        }
    )
    workspace.run("main.py")
