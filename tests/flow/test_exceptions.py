"""Exceptions come back as themselves, with the remote traceback as their cause; also those that pickle badly."""

from __future__ import annotations

from typing import Any

import pytest

KINDS = '''
import json, socket, subprocess, threading, urllib.error
from lab import *

class Plain(Exception): pass

class TwoArguments(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason

class KeywordOnly(Exception):
    def __init__(self, *, code):
        super().__init__()
        self.code = code
    def __str__(self): return f"code {self.code}"

class Unpicklable(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock, self.kept = threading.Lock(), "kept"

class UnpicklableArgument(Exception):
    pass

class Slotted(Exception):
    __slots__ = ("where",)
    def __init__(self, text, where="here"):
        super().__init__(text)
        self.where = where

class BadStr(Exception):
    def __str__(self): raise RuntimeError("no text")

class BadReduce(Exception):
    def __reduce__(self): raise RuntimeError("no pickle")

class Wraps(Exception):
    """Says more than its argument: rebuilding it from `args` would say it twice."""
    def __init__(self, text):
        super().__init__(f"wrapped: {text}")

class Nothing(Exception):
    def __init__(self): super().__init__("always the same")

def local_class():
    class Local(Exception): pass
    return Local("local")

def with_notes():
    error = ValueError("noted")
    error.add_note("a note")
    return error

def chained():
    try:
        try: raise KeyError("first")
        except KeyError as first: raise ValueError("second") from first
    except ValueError as second:
        return second

MAKE = {
    "ValueError": lambda: ValueError("text", 5),
    "KeyError": lambda: KeyError("key"),
    "OSError": lambda: FileNotFoundError(2, "No such file", "a.txt", None, "b.txt"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"abc", 1, 2, "bad"),
    "JSON": lambda: json.JSONDecodeError("bad", "{", 1),
    "Process": lambda: subprocess.CalledProcessError(3, ["x"], b"out"),
    "HTTP": lambda: urllib.error.HTTPError("http://x", 404, "gone", {}, None),
    "Stop": lambda: StopIteration(5),
    "Group": lambda: ExceptionGroup("several", [ValueError(1), TwoArguments(4, "in a group")]),
    "Import": lambda: ImportError("no", name="module", path="path"),
    "Attribute": lambda: AttributeError("no", name="x", obj=threading.Lock()),
    "Plain": lambda: Plain("text"),
    "TwoArguments": lambda: TwoArguments(404, "gone"),
    "KeywordOnly": lambda: KeywordOnly(code=7),
    "Unpicklable": lambda: Unpicklable("text"),
    "UnpicklableArgument": lambda: UnpicklableArgument(threading.Lock(), "second"),
    "Slotted": lambda: Slotted("text", "there"),
    "BadStr": lambda: BadStr("x"),
    "BadReduce": lambda: BadReduce("x"),
    "Wraps": lambda: Wraps("text"),
    "Nothing": Nothing,
    "Local": local_class,
    "Notes": with_notes,
    "Chained": chained,
}

def raise_it(which):
    raise MAKE[which]()

@pure.magic("subprocess")
def fails(which):
    raise_it(which)
'''

CHECK = """
from mine import *
from thds.mops.errors import MopsError

def get(which):
    try:
        fails(which)
    except BaseException as error:
        return error
    raise AssertionError(which)

for which, make in MAKE.items():
    if PART(which):
        continue
    wanted, got = make(), get(which)
    if which != "Local":
        assert type(got) is type(wanted), (which, got)
    else:
        assert type(got).__name__ == "Local" and isinstance(got, Exception), got
    assert not isinstance(got, MopsError), (which, got)
    if which == "UnpicklableArgument":
        assert got.args[1] == "second" and "lock" in repr(got.args[0])
    elif which != "BadStr":
        assert str(got) == str(wanted), (which, str(got))
    # The cause is the whole traceback there: the line that raised, and the exceptions that led to it.
    cause = str(got.__cause__)
    assert "raise_it" in cause and "mine.py" in cause and "Traceback" in cause, (which, cause)
    for name in ("code", "reason", "errno", "filename", "filename2", "start", "pos", "returncode", "cmd", "output",
                 "value", "where", "kept", "__notes__"):
        if hasattr(wanted, name):
            assert getattr(got, name) == getattr(wanted, name), (which, name)
    if which == "Group":
        first, second = got.exceptions
        assert type(first) is ValueError and (second.code, second.reason) == (4, "in a group")
    if which == "Chained":
        assert "first" in cause and "direct cause" in cause
"""


@pytest.mark.parametrize("half", [0, 1])
def test_every_kind_comes_back_as_itself(workspace: Any, half: int) -> None:
    """Type, text, arguments and attributes as far as they can be pickled, and the remote traceback as the cause."""
    workspace.write({"mine.py": KINDS})
    workspace.run(CHECK.replace("PART(which)", f"list(MAKE).index(which) % 2 != {half}"))


def test_the_traceback_that_a_user_sees(workspace: Any) -> None:
    """An uncaught one prints both: what happened there, and the call here."""
    workspace.write({"mine.py": KINDS})
    done = workspace.run("from mine import *\nfails('TwoArguments')", check=False)
    assert done.code == 1
    assert "in raise_it" in done.err
    assert "The above exception was the direct cause of the following exception" in done.err
    assert done.err.rstrip().endswith("mine.TwoArguments: 404: gone")


def test_classes_of_main(workspace: Any) -> None:
    """`except` clauses of the script itself hold."""
    workspace.write(
        {
            "main.py": """
from lab import *
class Mine(Exception):
    def __init__(self, code, *, extra):
        super().__init__(f"code {code}")
        self.code, self.extra = code, extra

@pure.magic('subprocess')
def fails(x):
    raise Mine(x, extra=[1])

try:
    fails(5)
except Mine as error:
    assert (error.code, error.extra, str(error)) == (5, [1], "code 5")
    assert "fails" in str(error.__cause__)
"""
        }
    )
    workspace.run("main.py")


def test_a_class_that_cannot_be_imported_here(workspace: Any) -> None:
    """What cannot be rebuilt is an error of ours with the whole remote traceback, never a hang."""
    workspace.write(
        {
            "mine.py": """
import sys, types
from lab import *
@pure.magic('subprocess')
def fails(x):
    module = types.ModuleType('only_there')
    sys.modules['only_there'] = module
    exec('class Gone(Exception): pass', vars(module))
    raise module.Gone('text of it')
"""
        }
    )
    workspace.run(
        "from mine import *\nfrom thds.mops.errors import RemoteError\n"
        "try:\n    fails(1)\nexcept RemoteError as error:\n"
        "    text = str(error) + error.remote_traceback + str(error.__cause__)\n"
        "    assert 'Gone' in text and 'text of it' in text and 'in fails' in text, text\n"
        "    assert error.memo_uri == fails.memo_uri(1)\nelse:\n    raise AssertionError"
    )


def test_the_same_for_all_ways_to_call(workspace: Any) -> None:
    """submit, map, await."""
    workspace.write({"mine.py": KINDS})
    workspace.run(
        """
import asyncio
from mine import *
error = fails.submit('TwoArguments').exception()
assert type(error) is TwoArguments and 'raise_it' in str(error.__cause__)
(error,) = fails.map(['KeywordOnly'], return_exceptions=True)
assert type(error) is KeywordOnly and error.code == 7

@pure.magic('subprocess')
async def later(which):
    raise_it(which)
try:
    asyncio.run(later('TwoArguments'))
except TwoArguments as error:
    assert 'raise_it' in str(error.__cause__)
"""
    )


def test_exceptions_of_a_waiter_in_another_process(workspace: Any) -> None:
    """Who waits for an execution in another process's own thread gets its exception too, traceback and all."""
    workspace.write(
        {
            "mine.py": """
from lab import *
class Bad(Exception):
    def __init__(self, a, b):
        super().__init__(a)
        self.b = b
@pure.magic()
def fails(x):
    tell('started')
    wait('go')
    raise Bad(1, b=2)
""",
            "other.py": """
from mine import *
future = fails.submit(1)
assert not future.done()
tell('go')
error = future.exception(30)
assert type(error) is Bad and error.b == 2 and 'in fails' in str(error.__cause__), error
""",
        }
    )
    holder = workspace.start("from mine import *; fails(1)")
    workspace.wait("started")
    workspace.run("other.py")
    assert "Bad" in workspace.end(holder, check=False).err
