"""Names, folders and processes that are not quite as usual."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

MODULE = """
from lab import *

@pure.magic(SHIM)
def größe(n, ключ=1):
    tick()
    return [n, ключ]
"""


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
@pytest.mark.parametrize(
    "root",
    ["a b/ü#?%20x", "-dash", "x" * 200 + "/" + "y" * 200, "per%2Fcent", "q?x=1&y=2#z", "quote'\"$HOME`"],
)
def test_roots_with_odd_names(workspace: Any, shim: str, root: str) -> None:
    """Any folder that the file system allows; the address is the folder's name as it is."""
    workspace.write({"mine.py": MODULE.replace("SHIM", repr(shim))})
    workspace.run(
        f"from mine import *\nfor root in str(HERE / {root!r}), HERE / {root!r}:\n"
        "    with pure.magic.override(blob_root=root):\n"
        "        assert größe(1, ключ=2) == größe.peek(1, 2) == [1, 2]\n"
        f"        assert Path(größe.memo_uri(1, 2).removeprefix('file://')).is_relative_to(HERE / {root!r})\n"
        "        assert Path(größe.memo_uri(1, 2).removeprefix('file://')).is_file()\nassert ticks() == 1"
    )


def test_very_long_names(workspace: Any) -> None:
    """Of functions, modules and pipelines: cut, and still apart."""
    first, second = "f" * 300 + "1", "f" * 300 + "2"
    workspace.write(
        {
            f"{'m' * 200}.py": f"from lab import *\n@pure.magic()\ndef {first}(): return 1\n"
            f"@pure.magic()\ndef {second}(): return 2\n"
        }
    )
    workspace.run(
        f"from {'m' * 200} import *\nwith pure.magic.override(pipeline_id='/'.join(['p' * 190] * 3)):\n"
        f"    assert ({first}(), {second}()) == (1, 2)\n    assert ({first}(), {second}()) == (1, 2)"
    )


def test_names_that_differ_in_case_only(workspace: Any) -> None:
    """Also where the file system does not tell them apart."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic()\ndef f(): return 'f'\n@pure.magic()\ndef F(): return 'F'\n"
        }
    )
    workspace.run(
        "from mine import *\nassert (f(), F(), f(), F()) == ('f', 'F', 'f', 'F')\n"
        "assert f.memo_uri().split('/')[-1] != F.memo_uri().split('/')[-1]"
    )


def test_a_working_directory_that_is_gone(workspace: Any) -> None:
    """A `subprocess` call needs none."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'subprocess'")})
    workspace.run(
        "import os\nfrom mine import *\nos.mkdir('gone')\nos.chdir('gone')\ngröße(1)\n"
        "os.rmdir(HERE / 'gone')\nassert größe(2) == [2, 1] and größe.memo_uri(1)"
    )


def test_closed_standard_streams(workspace: Any) -> None:
    """As daemons have them: nothing of ours takes their numbers, and nothing breaks."""
    workspace.write(
        {
            "mine.py": MODULE.replace("SHIM", "'subprocess'"),
            "main.py": "from mine import *\ntell('value', größe(1))\n",
        }
    )
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -W error main.py <&- >&- 2>&-"],
        cwd=workspace.folder,
        env=workspace._environment({}),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert workspace.wait("value") == "[1, 1]"


def test_no_home_directory(workspace: Any) -> None:
    """Only the default root needs one: the error says so, and `off` works."""
    workspace.write({"mine.py": "from thds.mops import pure\n@pure.magic()\ndef f(x): return x\n"})
    workspace.run(
        "from mine import *\nwith pure.magic.override(blob_root='~nobody-of-this-name/x'):\n"
        "    try:\n        f(1)\n    except ValueError as error:\n        assert 'home' in str(error)\n"
        "    else:\n        raise AssertionError\n    with f.off(): assert f(1) == 1"
    )


def test_a_file_where_the_root_should_be(workspace: Any) -> None:
    """A value all the same, with a warning, or an error that names the file; the file stays what it is."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'"), "root": "a file"})
    done = workspace.run(
        "import warnings\nwarnings.simplefilter('always')\nfrom mine import *\nassert größe(1) == [1, 1]",
        check=False,
        python=(sys.executable,),
    )
    assert str(workspace.root) in done.err
    assert (workspace.folder / "root").read_text() == "a file"


def test_a_root_that_is_a_link(workspace: Any) -> None:
    """To a folder that is there, or is not there yet."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'")})
    (workspace.folder / "target").mkdir()
    workspace.root.symlink_to(workspace.folder / "target")
    workspace.run("from mine import *\nassert größe(1) == größe(1) == [1, 1] and ticks() == 1")
    assert list((workspace.folder / "target").rglob("*.result"))


def test_optimised_interpreters(workspace: Any) -> None:
    """`-O` and `-OO` share results with the others, and say nothing about changed code."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic('subprocess')\ndef f(x):\n    'Documented.'\n"
            "    assert x\n    tick()\n    return x\n"
        }
    )
    for flags in ((), ("-O",), ("-OO",)):
        done = workspace.run(
            "from mine import *\nassert f(1) == 1 or True\nprint(f(1))", python=(sys.executable, *flags)
        )
        assert (done.out, done.err) == ("1", "")
    assert workspace.ticks() == 1


def test_a_root_that_only_this_process_can_see(workspace: Any) -> None:
    """`memory://`: works here; a call that another process should run is refused by name, before anything starts."""
    workspace.write({"mine.py": MODULE.replace("SHIM", "'samethread'")})
    done = workspace.run(
        "from mine import *\npure.magic.blob_root('memory://here', 'mine')\nassert größe(1) == größe(1) == [1, 1]\n"
        "assert ticks() == 1\nwith größe.shim('subprocess'): größe(2)",
        check=False,
    )
    assert done.code == 1
    assert "memory" in done.err.strip().splitlines()[-1] + done.err.strip().splitlines()[-2]
