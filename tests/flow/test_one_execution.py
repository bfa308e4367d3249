"""One execution among processes; takeover of a killed holder; waiters are woken."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

SLOW = """
import os, sys
from lab import *

@pure.magic(SHIM)
def slow(x):
    tick()
    tell('started', os.getpid())
    wait('go')
    return x, os.getpid()
"""
CALL = "from mine import *\ntick('asking')\nprint(slow(1))"


def wait_for_ticks(workspace: Any, name: str, count: int) -> None:
    import time

    until = time.monotonic() + 60
    while workspace.ticks(name) < count:
        assert time.monotonic() < until, f"{workspace.ticks(name)} of {count} {name}"
        time.sleep(0.005)


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_eight_processes_run_one_body(workspace: Any, shim: str) -> None:
    """All eight get its result."""
    workspace.write({"mine.py": SLOW.replace("SHIM", repr(shim))})
    callers = [workspace.start(CALL) for _ in range(8)]
    wait_for_ticks(workspace, "asking", 8)
    workspace.wait("started")
    workspace.tell("go")
    assert len({workspace.end(caller).out for caller in callers}) == 1
    assert workspace.ticks() == 1
    assert not workspace.blobs("lease")


def test_a_killed_holder_is_replaced(workspace: Any) -> None:
    """kill -9 of the one who computes: another process takes over without waiting for any lease period."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'samethread'")})
    env = {"MOPS_LEASE_PERIOD_S": "3600"}
    holder = workspace.start(CALL, env=env)
    workspace.wait("started")
    waiters = [workspace.start(CALL, env=env) for _ in range(3)]
    wait_for_ticks(workspace, "asking", 4)
    os.kill(holder.pid, signal.SIGKILL)
    wait_for_ticks(workspace, "ran", 2)
    workspace.tell("go")
    outs = {workspace.end(waiter).out for waiter in waiters}
    assert len(outs) == 1
    assert f" {holder.pid})" not in outs.pop()
    assert workspace.ticks() == 2


def test_a_killed_worker_is_the_error_of_all_its_waiters(workspace: Any) -> None:
    """kill -9 of the worker of a `subprocess` call: whoever waited for this execution is told, in every process, and
    the call does not run again by itself; the next call does."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'subprocess'")})
    code = (
        "from mine import *\nfrom thds.mops.errors import ShimError\ntick('asking')\n"
        "try:\n    slow(1)\nexcept ShimError as error:\n    print(error.reported)\n"
    )
    callers = [workspace.start(code) for _ in range(3)]
    wait_for_ticks(workspace, "asking", 3)
    os.kill(int(workspace.wait("started")), signal.SIGKILL)
    reports = [workspace.end(caller).out for caller in callers]
    assert all("SIGKILL" in report or "signal 9" in report for report in reports), reports
    assert workspace.ticks() == 1
    workspace.tell("go")
    workspace.run(CALL)
    assert workspace.ticks() == 2


def test_a_caller_killed_while_its_worker_runs(workspace: Any) -> None:
    """The call survives its caller: a second caller joins, the body runs once, and its result is what he gets."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'subprocess'")})
    first = workspace.start(CALL)
    worker = int(workspace.wait("started"))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = workspace.start(CALL)
    wait_for_ticks(workspace, "asking", 2)
    workspace.tell("go")
    assert workspace.end(second).out == f"(1, {worker})"
    assert workspace.ticks() == 1
    assert not workspace.blobs("lease")


def test_a_worker_that_outlives_everybody_commits(workspace: Any) -> None:
    """Nobody waits any more, and the result is there for the next process all the same."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'subprocess'")})
    first = workspace.start(CALL)
    worker = int(workspace.wait("started"))
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    workspace.tell("go")
    assert workspace.run(CALL).out == f"(1, {worker})"
    assert workspace.ticks() == 1


def test_holders_that_are_killed_again_and_again(workspace: Any) -> None:
    """After three takeovers without an outcome the call is an error that tells the story."""
    workspace.write(
        {
            "mine.py": """
import os, signal
from lab import *
@pure.magic()
def deadly(x):
    tick()
    wait('all here')
    os.kill(os.getpid(), signal.SIGKILL)
"""
        }
    )
    code = """
from mine import *
from thds.mops.errors import AbandonedCallError
future = deadly.submit(1)
tick('waiting')
try:
    future.result()
except AbandonedCallError as error:
    assert len(error.holders) >= 3 and error.memo_uri == deadly.memo_uri(1)
    print(error)
"""
    callers = [workspace.start(code)]
    wait_for_ticks(workspace, "ran", 1)
    callers += [workspace.start(code) for _ in range(5)]
    wait_for_ticks(workspace, "waiting", 5)
    workspace.tell("all here")
    ended = [workspace.end(caller, check=False) for caller in callers]
    assert workspace.ticks() == 4
    assert sorted(end.code for end in ended) == [-9, -9, -9, -9, 0, 0]
    assert all("deadly" in end.out for end in ended if end.code == 0)


def test_waiters_of_one_process_share_one_execution(workspace: Any) -> None:
    """Sixty-four threads, one body; each gets a value of its own but for the one who ran it."""
    workspace.write(
        {
            "mine.py": """
import threading
from lab import *
ARRIVED = threading.Barrier(64)
@pure.magic()
def slow(x):
    tick()
    wait('go')
    return [x]
""",
            "main.py": """
from concurrent.futures import ThreadPoolExecutor
from mine import *
def ask(_):
    ARRIVED.wait()
    return slow(1)
with ThreadPoolExecutor(64) as pool:
    answers = [pool.submit(ask, n) for n in range(64)]
    while not ticks():
        time.sleep(0.01)
    tell('go')
    values = [answer.result() for answer in answers]
assert values == [[1]] * 64
assert len({id(value) for value in values}) == 64
assert ticks() == 1
""",
        }
    )
    workspace.run("main.py")


def test_a_forked_child_is_a_process_of_its_own(workspace: Any) -> None:
    """It does not hold what its parent holds, and waits for it as any other process does."""
    workspace.write(
        {
            "main.py": """
import os
from lab import *

@pure.magic()
def held(x):
    tick('held')
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if other(x) == x else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return x

@pure.magic()
def other(x):
    tick('other')
    return x

assert held(1) == 1 and other(1) == 1
pid = os.fork()
if pid == 0:
    os._exit(0 if held(2) == 2 and other(2) == 2 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert held(2) == 2 and other(2) == 2
assert ticks('held') == 2 and ticks('other') == 2
""",
        }
    )
    workspace.run("main.py")


def test_a_session_lock_does_not_survive_in_children(workspace: Any) -> None:
    """A holder that is killed while a child of it lives on (a helper it started) is noticed all the same."""
    workspace.write(
        {
            "mine.py": """
import os, subprocess, sys
from lab import *
@pure.magic()
def slow(x):
    tick()
    if ticks() == 1:
        quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sleep = [sys.executable, '-c', 'import time; time.sleep(60)']
        child = subprocess.Popen(sleep, start_new_session=True, **quiet)
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        tell('started', child.pid)
        wait('never')
    return x
"""
        }
    )
    env = {"MOPS_LEASE_PERIOD_S": "3600"}
    holder = workspace.start("from mine import *; slow(1)", env=env)
    helper = int(workspace.wait("started"))
    try:
        os.kill(holder.pid, signal.SIGKILL)
        workspace.run("from mine import *; assert slow(1) == 1", env=env)
        assert workspace.ticks() == 2
    finally:
        os.kill(helper, signal.SIGKILL)


def test_a_result_forgotten_while_others_wait(workspace: Any) -> None:
    """A tombstone is no result: waiters of the new execution wait for it, and get it."""
    workspace.write({"mine.py": SLOW.replace("SHIM", "'samethread'")})
    workspace.tell("go")
    workspace.run("from mine import *; slow(1); assert slow.forget(1)")
    (workspace.folder / "go.told").unlink()
    (workspace.folder / "started.told").unlink()
    holder = workspace.start(CALL)
    workspace.wait("started")
    waiters = [workspace.start(CALL) for _ in range(2)]
    wait_for_ticks(workspace, "asking", 3)
    workspace.tell("go")
    assert len({workspace.end(process).out for process in (holder, *waiters)}) == 1
    assert workspace.ticks() == 2
