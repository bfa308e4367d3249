"""Custom shims and shim builders, returning `None` or a future."""

from __future__ import annotations

from typing import Any

import pytest

SHIMS = """
import subprocess, sys
from concurrent.futures import Future, ThreadPoolExecutor
from lab import *

POOL = ThreadPoolExecutor(4)

def command(args):
    assert isinstance(args, list) and all(isinstance(arg, str) for arg in args), args
    return [sys.executable, "-W", "error", "-m", "thds.mops.worker", *args]

def blocking(args):
    subprocess.run(command(args), check=True)

def future(args):
    return POOL.submit(subprocess.run, command(args), check=True)

def in_this_process(args):
    from thds.mops.worker.run import main
    assert main(args) == 0

def build_blocking(func, args, kwargs):
    tick("built")
    return blocking

def build_future(func, args, kwargs):
    assert func.__name__ == "work" and not isinstance(func, pure.Magic)
    return future

class Object:
    def __call__(self, args):
        return future(args)

    def method(self, args):
        return blocking(args)
"""
MODULE = """
import os
from shims import *

@pure.magic(SHIM)
def work(x, y=1):
    tick()
    if x == "fail":
        raise KeyError(x)
    return x, y, os.getpid()
"""


@pytest.mark.parametrize(
    "shim",
    ["blocking", "future", "build_blocking", "build_future", "Object()", "Object().method", "'shims:future'"],
)
def test_they_run_the_call(workspace: Any, shim: str) -> None:
    """By call and by submit; a hit asks no shim; the function's exceptions come back as themselves."""
    workspace.write({"shims.py": SHIMS, "mine.py": MODULE.replace("SHIM", shim)})
    workspace.run(
        """
from mine import *
x, y, pid = work(1)
assert (x, y) == (1, 1) and pid != os.getpid()
assert work(1, y=1) == (1, 1, pid)
future = work.submit(2, 3)
assert future.result(30)[:2] == (2, 3)
assert future.metadata.pid == future.result()[2]
try:
    work("fail")
except KeyError as error:
    assert error.args == ("fail",) and "in work" in str(error.__cause__)
assert ticks() == 3 and ticks("built") in (0, 3)
left = [file.name for file in ROOT.rglob("*.invocation")] + [file.name for file in ROOT.rglob("*.lease")]
assert not any(name.endswith(".invocation") for name in left), left
"""
    )


def test_one_that_runs_the_worker_in_this_process(workspace: Any) -> None:
    """Whatever can call a function can be a shim."""
    workspace.write({"shims.py": SHIMS, "mine.py": MODULE.replace("SHIM", "in_this_process")})
    workspace.run(
        "from mine import *\nassert work(1) == (1, 1, os.getpid())\nassert work(1) == (1, 1, os.getpid())"
    )
    assert workspace.ticks() == 1


BAD = {
    "lambda args: None": "no outcome",
    "lambda args: 5": "5",
    "lambda args: 1 / 0": "division by zero",
    "lambda args: Future_of(OSError('engine down'))": "engine down",
    "lambda args: subprocess.run(['false'], check=True)": "exit status 1",
    "lambda func, args, kwargs: 5": "5",
    "lambda func, args, kwargs: 1 / 0": "division by zero",
}


@pytest.mark.parametrize(("shim", "says"), BAD.items())
def test_one_that_does_not_run_it(workspace: Any, shim: str, says: str) -> None:
    """Is a `ShimError` that names the call and what the shim said; the call is free for the next one."""
    source = MODULE.replace("SHIM", shim).replace(
        "@pure",
        "def Future_of(error):\n    made = Future()\n    made.set_exception(error)\n    return made\n\n@pure",
        1,
    )
    workspace.write({"shims.py": SHIMS, "mine.py": source})
    done = workspace.run(
        "from mine import *\nfrom thds.mops.errors import ShimError\nfor _ in range(2):\n    try:\n        work(1)\n"
        "    except ShimError as error:\n"
        "        assert 'mine.work' in str(error) and error.memo_uri == work.memo_uri(1)\n"
        "        print(error, error.__cause__)\n    else:\n        raise AssertionError\n"
        "with work.shim('samethread'): assert work(1)[0] == 1"
    )
    assert says in done.out


def test_one_that_says_done_too_early(workspace: Any) -> None:
    """It returned None while its worker still runs: the error is clear, and the worker's late result does no harm."""
    workspace.write(
        {
            "shims.py": SHIMS
            + "\ndef early(args):\n    subprocess.Popen(command(args), stderr=subprocess.DEVNULL)\n",
            "mine.py": MODULE.replace("SHIM", "early").replace("tick()", "tick()\n    wait('go')"),
        }
    )
    workspace.run(
        "from mine import *\nfrom thds.mops.errors import ShimError\n"
        "try:\n    work(1)\nexcept ShimError as error:\n    pass\nelse:\n    raise AssertionError\ntell('go')\n"
        "with work.shim(blocking): assert work(1)[:2] == (1, 1)"
    )


def test_an_interrupted_shim_leaves_the_call_free(workspace: Any) -> None:
    """Also when it raises KeyboardInterrupt itself."""
    workspace.write(
        {
            "shims.py": SHIMS + "\ndef stop(args):\n    raise KeyboardInterrupt\n",
            "mine.py": MODULE.replace("SHIM", "stop"),
        }
    )
    workspace.run(
        "from mine import *\ntry:\n    work(1)\nexcept KeyboardInterrupt:\n    pass\nelse:\n    raise AssertionError\n"
        "with work.shim('samethread'): assert work(1)[0] == 1"
    )


def test_a_future_that_is_cancelled_by_the_engine(workspace: Any) -> None:
    """The engine gave the job up: an error, not a hang."""
    workspace.write(
        {
            "shims.py": SHIMS
            + "\ndef cancelled(args):\n    made = Future()\n    made.cancel()\n    return made\n",
            "mine.py": MODULE.replace("SHIM", "cancelled"),
        }
    )
    done = workspace.run("from mine import *\nwork(1)", check=False)
    assert done.code == 1
    assert "ShimError" in done.err or "CancelledError" in done.err
    workspace.run("from mine import *\nwith work.shim('samethread'): assert work(1)[0] == 1")


def test_a_worker_without_an_invocation(workspace: Any) -> None:
    """Started twice, or too late: it says so, and touches nothing."""
    workspace.write({"shims.py": SHIMS, "mine.py": MODULE.replace("SHIM", "blocking")})
    workspace.write(
        {
            "twice.py": "from shims import *\nseen = []\ndef twice(args):\n    seen.append(args)\n    blocking(args)\n"
        }
    )
    done = workspace.run(
        "import subprocess, sys\nfrom mine import *\nfrom twice import *\n"
        "with work.shim(twice): value = work(1)\n"
        "again = subprocess.run(command(seen[0]), stderr=subprocess.PIPE, text=True)\n"
        "assert again.returncode not in (0,), again\nprint(again.stderr)\nassert work(1) == value and ticks() == 1"
    )
    assert "invocation" in done.out
