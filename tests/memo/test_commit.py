"""A valid result is never replaced: the first one wins, and every caller sees the same one."""

from __future__ import annotations

from typing import Any

import pytest


def test_whoever_commits_second_returns_the_first_result(workspace: Any) -> None:
    """A lease that is lost (here: its files are removed by hand) costs work, never correctness."""
    workspace.write(
        {
            "mine.py": """
import os
from lab import *
@pure.magic()
def slow(x):
    tick()
    tell(f'started{ticks()}')
    wait(f"go{os.environ['ME']}")
    return os.environ['ME']
"""
        }
    )
    first = workspace.start("from mine import *; print(slow(1), slow(1))", env={"ME": "1"})
    workspace.wait("started1")
    for lease in workspace.blobs("lease"):
        lease.unlink()
    second = workspace.start("from mine import *; print(slow(1), slow(1))", env={"ME": "2"})
    workspace.wait("started2")
    workspace.tell("go2")
    assert workspace.end(second).out == "2 2"
    workspace.tell("go1")
    assert workspace.end(first).out == "2 2"
    assert workspace.run("from mine import *; print(slow(1))", env={"ME": "3"}).out == "2"


def test_a_root_that_is_removed_while_it_runs(workspace: Any) -> None:
    """`rm -rf` of everything: the result is stored all the same, or returned with a warning; no error."""
    workspace.write(
        {
            "mine.py": "import shutil\nfrom lab import *\n@pure.magic()\ndef f(x):\n    shutil.rmtree(ROOT)\n"
            "    return x\n"
        }
    )
    workspace.run(
        "import warnings\nfrom mine import *\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n"
        "    assert f(1) == 1 and f(2) == 2 and f(1) == 1"
    )


@pytest.mark.parametrize("count", [6])
def test_many_processes_without_a_lease_agree(workspace: Any, count: int) -> None:
    """All of them compute, one of them wins, and all see its result."""
    workspace.write(
        {
            "mine.py": """
import os
from lab import *
@pure.magic()
def f(x):
    tick()
    for lease in ROOT.rglob('*.lease'):
        lease.unlink(missing_ok=True)
    tell(f'here{os.getpid()}')
    wait('go')
    return os.getpid()
"""
        }
    )
    import time

    running = []
    for started in range(1, count + 1):
        running.append(workspace.start("from mine import *; print(f(1))"))
        until = time.monotonic() + 30
        while workspace.ticks() < started or workspace.blobs("lease"):
            assert time.monotonic() < until
            time.sleep(0.005)
    workspace.tell("go")
    outs = {workspace.end(process).out for process in running}
    assert len(outs) == 1
    assert workspace.ticks() == count
    assert len(workspace.blobs()) == 1
