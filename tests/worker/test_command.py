"""`python -m thds.mops.worker`: what a shim runs."""

from __future__ import annotations

import sys
from typing import Any

import pytest

SENDER = """
import json
from lab import *

def keep(args):
    tell('args', json.dumps(args))
    raise OSError('sent nowhere')

@pure.magic(keep)
def work(x):
    tick()
    if x == 'fail': raise LookupError(x)
    return [x]
"""


@pytest.mark.parametrize("arguments", [(), ("one",), ("one", "two", "three"), ("--help",)])
def test_wrong_arguments_show_the_usage(workspace: Any, arguments: tuple[str, ...]) -> None:
    """Exit code 2, on stderr."""
    done = workspace.run("-m", "thds.mops.worker", *arguments, check=False)
    assert done.code == 2
    assert done.err.startswith("usage: python -m thds.mops.worker")
    assert done.out == ""


def test_an_invocation_that_is_not_there(workspace: Any) -> None:
    """Exit code 1, and what may be the reason; nothing is written."""
    key = f"mops/1/magic/mine.f/ab/{'ab' * 32}.0123456789abcdef.invocation"
    done = workspace.run("-m", "thds.mops.worker", f"file://{workspace.root}", key, check=False)
    assert done.code == 1
    assert "no invocation" in done.err
    assert key in done.err
    assert not list(workspace.root.rglob("*.*")) if workspace.root.exists() else True


@pytest.mark.parametrize(
    "arguments", [("file:///tmp", "nonsense"), ("what://is/this", "x"), ("/tmp", "../../etc/passwd")]
)
def test_nonsense(workspace: Any, arguments: tuple[str, str]) -> None:
    """A clear failure, no traceback loop, no outcome."""
    done = workspace.run("-m", "thds.mops.worker", *arguments, check=False)
    assert done.code in (1, 2)
    assert done.err


def test_exit_codes(workspace: Any) -> None:
    """0: the result is stored. 81: the function raised, and that is stored. Engines are configured with these."""
    workspace.write(
        {
            "mine.py": SENDER.replace(
                "raise OSError('sent nowhere')",
                "import subprocess, sys\n    done = subprocess.run([sys.executable, '-m', 'thds.mops.worker', *args])\n"
                "    tick(f'code{done.returncode}')",
            )
        }
    )
    workspace.run(
        "from mine import *\nassert work(1) == [1]\n"
        "try: work('fail')\nexcept LookupError: pass\nassert ticks('code0') == 1 and ticks('code81') == 1"
    )


def test_a_damaged_invocation(workspace: Any) -> None:
    """Is not unpickled."""
    workspace.write(
        {
            "mine.py": SENDER.replace(
                "raise OSError('sent nowhere')",
                "import subprocess, sys\n    path = Path(args[0].removeprefix('file://')) / args[1]\n"
                "    data = bytearray(path.read_bytes()); data[-3] ^= 1; path.unlink(); path.write_bytes(data)\n"
                "    command = [sys.executable, '-m', 'thds.mops.worker', *args]\n"
                "    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)\n"
                ""
                "    tell('err', done.stderr); assert done.returncode == 1",
            )
        }
    )
    done = workspace.run("from mine import *\nwork(1)", check=False)
    assert done.code == 1
    assert "ShimError" in done.err
    assert "damaged" in (workspace.folder / "err.told").read_text()
    assert workspace.ticks() == 0


def test_it_needs_no_config_file_and_loads_none(workspace: Any) -> None:
    """The settings come with the invocation; a `.mops.toml` that the caller did not load does nothing."""
    workspace.write(
        {
            ".mops.toml": "[mine]\nmops.pure.magic.shim = 'off'\nmops.pure.magic.pipeline_id = 'wrong'\n",
            "mine.py": "from lab import *\n@pure.magic()\ndef inner(): return inner.memo_uri()\n"
            "@pure.magic('subprocess')\ndef outer(): return inner()\n",
        }
    )
    workspace.run("from mine import *\nassert '/magic/' in outer()")


def test_importing_it_does_nothing(workspace: Any) -> None:
    """No side effects, and nothing heavy."""
    workspace.run(
        "import sys\nimport thds.mops.worker, thds.mops.worker.exit_codes\n"
        "assert 'thds.mops.worker.run' not in sys.modules\nassert 'cloudpickle' not in sys.modules"
    )


def test_other_python_flags(workspace: Any) -> None:
    """A custom shim may start it as it likes."""
    assert (
        workspace.run("-m", "thds.mops.worker", check=False, python=(sys.executable, "-B", "-X", "dev")).code
        == 2
    )
