"""Ctrl-C: the worker stops, the lease is released, and the next call computes."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

MODULE = """
import os, signal, sys
from lab import *

@pure.magic(SHIM)
def slow(x):
    tick()
    tell('started', os.getpid())
    wait('go')
    tick('ended')
    return x
"""
CALLER = """
import sys
from mine import *
try:
    CALL
except KeyboardInterrupt:
    print('interrupted', flush=True)
    until = time.monotonic() + 30
    while list(ROOT.rglob('*.lease')) + list(ROOT.rglob('*.invocation')):
        assert time.monotonic() < until, 'the lease is not released'
        time.sleep(0.005)
    tell('go')
    assert slow(1) == 1
    print(ticks(), ticks('ended'))
"""


def is_gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def wait_until_gone(pid: int) -> None:
    import time

    until = time.monotonic() + 30
    while not is_gone(pid):
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.01)


@pytest.mark.parametrize("call", ["slow(1)", "slow.submit(1).result()", "list(slow.map([1]))"])
@pytest.mark.parametrize("whole_group", [False, True])
def test_a_subprocess_call(workspace: Any, call: str, whole_group: bool) -> None:
    """SIGINT to the caller, or to the whole foreground group as a terminal sends it."""
    if call != "slow(1)":
        call = (
            "future = slow.submit(1)\n    try: future.result()\n    finally: future.cancel()"
            if "submit" in call
            else call
        )
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    caller = workspace.start(CALLER.replace("CALL", call))
    worker = int(workspace.wait("started"))
    (os.killpg if whole_group else os.kill)(caller.pid, signal.SIGINT)
    wait_until_gone(worker)
    assert workspace.end(caller).lines == ["interrupted", "2 1"]


def test_a_program_that_ends_with_the_interrupt(workspace: Any) -> None:
    """The usual Ctrl-C: the worker stops, and the next program computes at once."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    env = {"MOPS_LEASE_PERIOD_S": "3600"}
    caller = workspace.start("from mine import *; slow(1)", env=env)
    worker = int(workspace.wait("started"))
    os.killpg(caller.pid, signal.SIGINT)
    wait_until_gone(worker)
    err = workspace.end(caller, check=False).err
    assert err.rstrip().endswith("KeyboardInterrupt")
    workspace.tell("go")
    workspace.run("from mine import *; assert slow(1) == 1", env=env)
    assert (workspace.ticks(), workspace.ticks("ended")) == (2, 1)


def test_a_call_in_this_thread(workspace: Any) -> None:
    """It is interrupted like any Python code."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'")})
    caller = workspace.start(CALLER.replace("CALL", "slow(1)"))
    workspace.wait("started")
    os.kill(caller.pid, signal.SIGINT)
    assert workspace.end(caller).lines == ["interrupted", "2 1"]


def test_one_waiter_of_several_processes(workspace: Any) -> None:
    """The one that only waits goes away; the one that computes goes on."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'")})
    holder = workspace.start("from mine import *; print(slow(1))")
    workspace.wait("started")
    waiter = workspace.start("from mine import *\nfuture = slow.submit(1)\ntell('waiting')\nfuture.result()")
    workspace.wait("waiting")
    os.kill(waiter.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in workspace.end(waiter, check=False).err
    workspace.tell("go")
    assert workspace.end(holder).out == "1"
    assert workspace.ticks() == 1


def test_threads_that_wait_are_not_interrupted(workspace: Any) -> None:
    """Ctrl-C ends the main thread's wait. Another thread that wants the same result still gets it."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    caller = workspace.start(
        """
import threading
from mine import *
values = []
thread = threading.Thread(target=lambda: values.append(slow(1)))
thread.start()
wait('started')
try:
    second = slow.submit(1)
    tell('both')
    second.result()
except KeyboardInterrupt:
    tell('go')
    thread.join(30)
    print(values, ticks())
"""
    )
    workspace.wait("both")
    os.kill(caller.pid, signal.SIGINT)
    assert workspace.end(caller).out == "[1] 1"


def test_sigterm_of_the_caller_leaves_the_worker(workspace: Any) -> None:
    """A caller that is terminated is a caller that died: its worker goes on and commits."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    caller = workspace.start("from mine import *; slow(1)")
    workspace.wait("started")
    os.kill(caller.pid, signal.SIGTERM)
    caller.wait()
    workspace.tell("go")
    workspace.run("from mine import *; assert slow(1) == 1")
    assert workspace.ticks() == 1


def test_the_interpreter_ends_while_calls_are_in_flight(workspace: Any) -> None:
    """A program that submits and ends does not hang at its exit, nor print tracebacks."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    done = workspace.start(
        "from mine import *\nfutures = [slow.submit(x) for x in range(2)]\nwait('started')\ntell('leaving')"
    )
    workspace.wait("leaving")
    workspace.tell("go")
    ended = workspace.end(done)
    assert ended.err == ""
    workspace.run("from mine import *; assert slow(0) == 0")
