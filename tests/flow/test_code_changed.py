"""A hit on a result that other code made says so, once."""

from __future__ import annotations

from typing import Any

MODULE = """
import logging, sys
logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(name)s %(levelname)s %(message)s")
from lab import *

@pure.magic()
def f(x):
    return x + 1

@pure.magic()
def g(x):
    return x
"""


def test_said_once_a_function_and_process(workspace: Any) -> None:
    """With the function, and what to do; the result is used all the same."""
    workspace.write({"mine.py": MODULE})
    assert workspace.run("from mine import *; print(f(1), f(2), g(1))").lines == ["2 3 1"]
    workspace.write({"mine.py": MODULE.replace("x + 1", "x + 100")})
    said, values = workspace.run(
        "from mine import *; print(f(1), f(2), f(1), g(1))", env={"PYTHONDONTWRITEBYTECODE": "1"}
    ).lines
    assert values == "2 3 2 1"
    assert "mine.f" in said
    assert "function-logic-key" in said
    assert said.startswith("thds.mops")
    assert "WARNING" in said


def test_not_said_for_what_changes_nothing(workspace: Any) -> None:
    """Comments, blank lines, another place in the file, an annotation, a docstring: the same code."""
    workspace.write({"mine.py": MODULE})
    workspace.run("from mine import *; f(1)")
    changed = MODULE.replace("def f(x):\n", "# moved\n\n\ndef f(x):  # here\n    # a comment\n")
    workspace.write({"mine.py": changed})
    assert workspace.run("from mine import *; print(f(1))", env={"PYTHONDONTWRITEBYTECODE": "1"}).lines == [
        "2"
    ]


def test_a_new_logic_key_computes_again(workspace: Any) -> None:
    """The remedy that the notice names."""
    workspace.write({"mine.py": MODULE})
    workspace.run("from mine import *; f(1)")
    changed = MODULE.replace(
        "def f(x):\n    return x + 1", "def f(x):\n    'function-logic-key: v2'\n    return x + 100"
    )
    workspace.write({"mine.py": changed})
    assert workspace.run("from mine import *; print(f(1))", env={"PYTHONDONTWRITEBYTECODE": "1"}).lines == [
        "101"
    ]


def test_a_nested_function_changed(workspace: Any) -> None:
    """The code inside the code counts."""
    inner = MODULE.replace("return x + 1", "return (lambda y: y + 1)(x)")
    workspace.write({"mine.py": inner})
    workspace.run("from mine import *; f(1)")
    workspace.write({"mine.py": inner.replace("y + 1", "y + 2")})
    done = workspace.run("from mine import *; print(f(1))", env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert "mine.f" in done.lines[0]
    assert done.lines[1] == "2"
