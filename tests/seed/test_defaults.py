"""The seed: "apply @pure.magic() to your function directly as a decorator, without any other config"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PLAIN = """
import os, threading
from thds.mops import pure

@pure.magic()
def where_am_i(x):
    print("running")
    return os.getpid(), threading.get_ident(), x
"""


def test_it_runs_in_the_thread_that_called(workspace: Any) -> None:
    """ "just like a normal Python function"."""
    workspace.write({"mine.py": PLAIN})
    done = workspace.run(
        "import os, threading, mine\n"
        "assert mine.where_am_i(1) == (os.getpid(), threading.get_ident(), 1)\n"
        "assert mine.where_am_i(1) == (os.getpid(), threading.get_ident(), 1)"
    )
    assert done.lines == ["running"]


def test_it_is_memoized_below_the_home_directory(workspace: Any) -> None:
    """Underneath `~/.mops`, for all processes."""
    workspace.write({"mine.py": PLAIN})
    first = workspace.run("import mine; print(mine.where_am_i(1)); print(mine.where_am_i.memo_uri(1))")
    ran, value, uri = first.lines
    assert ran == "running"
    assert uri.startswith(f"file://{workspace.folder}/home/.mops/")
    assert Path(uri.removeprefix("file://")).is_file()
    assert workspace.run("import mine; print(mine.where_am_i(1))").lines == [value]


def test_the_defaults_are_those_of_the_seed(workspace: Any) -> None:
    """`'samethread'`, `file://~/.mops`, `'magic'`, as `repr` shows them."""
    workspace.write({"mine.py": PLAIN})
    shown = workspace.run("import mine; print(mine.where_am_i)").out
    assert "samethread" in shown
    assert "file://~/.mops" in shown
    assert "magic" in shown.replace("<magic", "")
    assert "mine.where_am_i" in shown


def test_nothing_but_the_decorator_is_needed_to_import(workspace: Any) -> None:
    """`from thds.mops import pure, k8s` imports on a bare install: nothing but the standard library is loaded."""
    done = workspace.run(
        "import sys\nbefore = set(sys.modules)\nfrom thds.mops import pure, k8s\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before"
        "} - sys.stdlib_module_names - {'thds'}))"
    )
    assert done.out == "[]"
