"""When the function raises: who waited for that very execution gets that exception, who calls later runs it again."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from thds.mops import pure

MODULE = """
import os
from lab import *

@pure.magic(SHIM)
def fails(x):
    tick()
    tell('started')
    wait('go')
    raise LookupError(f"run {ticks()} in process {os.getpid()}")
"""
CALL = """
import traceback
from mine import *
tick('asking')
try:
    fails(1)
except LookupError as error:
    print(error)
else:
    raise AssertionError
"""


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_all_waiters_in_several_processes_get_the_same_one(workspace: Any, shim: str) -> None:
    """The body ran once for all of them; the next call runs again."""
    import time

    workspace.write({"mine.py": MODULE.replace("SHIM", repr(shim))})
    first = workspace.start(CALL)
    workspace.wait("started")
    waiter = CALL.replace("fails(1)", "future = fails.submit(1)\n    tick('waiting')\n    future.result()")
    waiters = [workspace.start(waiter) for _ in range(3)]
    until = time.monotonic() + 30
    while workspace.ticks("waiting") < 3:
        assert time.monotonic() < until
        time.sleep(0.005)
    workspace.tell("go")
    outs = [workspace.end(caller).out for caller in (first, *waiters)]
    assert len(set(outs)) == 1, outs
    assert workspace.ticks() == 1
    assert workspace.run(CALL).out.startswith("run 2")
    assert workspace.ticks() == 2


def test_a_failure_is_not_memoized(workspace: Any) -> None:
    """Neither for this process nor for another one; `peek` finds nothing."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'")})
    workspace.tell("go")
    workspace.run(CALL + "\nassert not fails.peek(1)\nassert fails.submit(1).exception() is not None")
    workspace.run(CALL)
    assert workspace.ticks() == 3


RAN: list[int] = []
GO = threading.Event()


@pure.magic()
def fails_here(x: int) -> None:
    RAN.append(x)
    assert GO.wait(30)
    raise KeyError(x)


def test_waiters_in_one_process(root: Any) -> None:
    """Threads and futures: one body, and every one of them is told."""
    assert root
    RAN.clear()
    GO.clear()
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(fails_here, 1) for _ in range(8)]
        import time

        from thds.mops.futures import IN_FLIGHT

        def waiters() -> int:
            return sum(execution.waiters for execution in IN_FLIGHT._running.values())

        while waiters() < 8:
            time.sleep(0.005)
        GO.set()
        assert all(isinstance(call.exception(), KeyError) for call in calls)
    assert RAN == [1]
    with pytest.raises(KeyError):
        fails_here(1)
    assert RAN == [1, 1]


def test_the_traceback_of_a_call_in_this_thread_is_complete(root: Any) -> None:
    """It leads to the line that raised, and nothing of ours is its cause."""
    assert root
    GO.set()
    with pytest.raises(KeyError) as caught:
        fails_here(2)
    assert caught.value.__cause__ is None
    assert caught.traceback[-1].name == "fails_here"


def test_our_frames_are_few(root: Any) -> None:
    """At most six between the caller and the body."""
    assert root

    @pure.magic()
    def depth(x: int) -> int:
        return x + len(inspect.stack())

    here = len(inspect.stack())
    assert depth(0) - here - 1 <= 6


def test_a_base_exception_is_no_outcome(root: Any) -> None:
    """SystemExit and KeyboardInterrupt pass through, and leave the call free."""
    assert root

    @pure.magic()
    def leaves(x: int) -> int:
        if not RAN:
            RAN.append(x)
            raise SystemExit(5)
        return x

    RAN.clear()
    with pytest.raises(SystemExit):
        leaves(1)
    RAN[:] = [1]
    assert leaves(1) == 1


def test_system_exit_in_a_subprocess(workspace: Any) -> None:
    """In the worker it is an exception like others: it does not look like a crash, and the caller gets it."""
    workspace.run(
        "import sys\nfrom lab import *\n@pure.magic('subprocess')\ndef leaves(): sys.exit('reason')\n"
        "try:\n    leaves()\nexcept SystemExit as error:\n    assert error.code == 'reason'\n"
        "else:\n    raise AssertionError"
    )


def test_a_result_after_failures(workspace: Any) -> None:
    """The first run that returns is memoized."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic('subprocess')\ndef third_time(x):\n    tick()\n"
            "    if ticks() < 3: raise OSError(5, 'not yet', 'file')\n    return x\n"
        }
    )
    workspace.run(
        "from mine import *\nfor _ in range(2):\n    try:\n        third_time(1)\n    except OSError as error:\n"
        "        assert error.errno == 5 and error.filename == 'file', error\n    else:\n        raise AssertionError\n"
        "assert third_time(1) == third_time(1) == 1 and ticks() == 3"
    )
