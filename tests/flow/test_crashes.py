"""A worker that ends without an outcome is a `ShimError` that says how it ended."""

from __future__ import annotations

from typing import Any

import pytest

MODULE = """
import os, signal
from lab import *

@pure.magic('subprocess')
def crash(how):
    tick()
    if how == 'exit':
        os._exit(3)
    if how == 'exit 0':
        os._exit(0)
    if how == 'segv':
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == 'memory':
        import resource
        limit = 400 << 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        bytearray(2 << 30)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("how", "says"),
    [("exit", "3"), ("kill", "SIGKILL"), ("segv", "SIGSEGV"), ("exit 0", "")],
)
def test_a_crash_says_so(workspace: Any, how: str, says: str) -> None:
    """`os._exit(3)`, SIGKILL (as out of memory does it): which function, which address, what was reported."""
    workspace.write({"mine.py": MODULE})
    done = workspace.run(
        "from mine import *\nfrom thds.mops.errors import ShimError\nfor _ in range(2):\n"
        f"    try:\n        crash({how!r})\n"
        "    except ShimError as error:\n"
        f"        assert error.memo_uri == crash.memo_uri({how!r}), error.memo_uri\n"
        "        assert error.memo_uri in str(error) and 'mine.crash' in str(error)\n        print(error.reported)\n"
        "    else:\n        raise AssertionError"
    )
    assert len(done.lines) == 2
    assert all(says in line for line in done.lines)
    assert workspace.ticks() == 2, "a crash is not memoized, and is not tried again by itself"


def test_sigkill_hints_at_memory(workspace: Any) -> None:
    """The likeliest reason is named."""
    workspace.write({"mine.py": MODULE})
    done = workspace.run("from mine import *\ncrash('kill')", check=False)
    assert done.code == 1
    assert "ShimError" in done.err
    assert "memory" in done.err


def test_memory_error_is_an_exception_like_others(workspace: Any) -> None:
    """Python noticed by itself."""
    workspace.write({"mine.py": MODULE})
    workspace.run(
        "from mine import *\ntry:\n    crash('memory')\nexcept MemoryError as error:\n"
        "    assert 'in crash' in str(error.__cause__)\nelse:\n    raise AssertionError"
    )


def test_a_crash_while_the_module_is_imported(workspace: Any) -> None:
    """An import that fails in the worker only is an error that says what failed there."""
    workspace.write(
        {
            "mine.py": "import os\nfrom lab import *\n"
            "if os.getpid() != int(os.environ.setdefault('CALLER', str(os.getpid()))):\n"
            "    raise RuntimeError('not here')\n@pure.magic('subprocess')\ndef f(x): return x\n"
        }
    )
    done = workspace.run("from mine import *\nf(1)", check=False)
    assert done.code == 1
    assert "RuntimeError" in done.err
    assert "not here" in done.err
    assert "mine.f" in done.err


def test_an_exit_while_the_module_is_imported(workspace: Any) -> None:
    """The same for a module that ends the process."""
    workspace.write(
        {
            "mine.py": "import os\nfrom lab import *\n"
            "if os.getpid() != int(os.environ.setdefault('CALLER', str(os.getpid()))):\n"
            "    os._exit(9)\n@pure.magic('subprocess')\ndef f(x): return x\n"
        }
    )
    done = workspace.run("from mine import *\nf(1)", check=False)
    assert done.code == 1
    assert "ShimError" in done.err
    assert "9" in done.err


def test_output_passes_through(workspace: Any) -> None:
    """stdout and stderr of the worker are those of the caller, also what a child or C code writes, in order."""
    workspace.write(
        {
            "mine.py": """
import os, subprocess, sys
from lab import *
@pure.magic('subprocess')
def talk(x):
    print("one")
    sys.stdout.flush()
    os.write(1, b"two\\n")
    subprocess.run(["echo", "three"])
    print("four", end="")
    print("oh no", file=sys.stderr)
    assert sys.stdin.read() == ""
    return x
"""
        }
    )
    done = workspace.run("from mine import *\ntalk(1)\ntalk(1)", text="not for the worker\n")
    assert done.out == "one\ntwo\nthree\nfour"
    assert done.err == "oh no\n"


def test_output_of_a_crash(workspace: Any) -> None:
    """What was written before the end is not lost."""
    workspace.write(
        {
            "mine.py": "import os\nfrom lab import *\n@pure.magic('subprocess')\ndef f(x):\n"
            "    print('before', flush=True)\n    os.write(2, b'the end\\n')\n    os._exit(3)\n"
        }
    )
    done = workspace.run("from mine import *\nf(1)", check=False)
    assert done.out == "before"
    assert "the end" in done.err
