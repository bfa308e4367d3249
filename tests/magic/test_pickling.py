"""A decorated function can itself be pickled: sent to a process pool, passed as an argument to another one."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from thds.mops import pure

RAN: list[object] = []


@pure.magic()
def increment(x: int) -> int:
    RAN.append(x)
    return x + 1


@pure.magic()
def apply(function: Any, x: int) -> int:
    RAN.append("apply")
    return int(function(x))


def test_by_name_it_stays_the_same_object() -> None:
    """As a plain function does."""
    assert pickle.loads(pickle.dumps(increment)) is increment
    assert copy.copy(increment) is increment
    assert copy.deepcopy({"f": increment})["f"] is increment


def test_as_an_argument_of_a_decorated_function() -> None:
    """It counts by its name and logic key."""
    RAN.clear()
    assert apply(increment, 1) == apply(increment, 1) == 2
    assert RAN == ["apply", 1]


def test_as_an_argument_its_logic_key_counts() -> None:
    """A new `function-logic-key` of the argument is another call of the function it is given to."""

    def make(version: str) -> Any:
        def helper(x: int) -> int:
            return x

        helper.__doc__ = f"function-logic-key: {version}"
        return pure.magic()(helper)

    assert apply.memo_uri(make("v1"), 1) == apply.memo_uri(make("v1"), 1)
    assert apply.memo_uri(make("v1"), 1) != apply.memo_uri(make("v2"), 1)


MODULE = """
from lab import *

@pure.magic()
def increment(x):
    tick()
    return x + 1

@pure.magic('subprocess')
def apply(function, x):
    tick('apply')
    return function(x)

class Box:
    def __init__(self, n): self.n = n
    @pure.magic()
    def total(self, x):
        tick('total')
        return self.n + x
    @pure.magic()
    @classmethod
    def made(cls, n):
        return n
"""


def test_a_spawned_process_pool(workspace: Any) -> None:
    """`multiprocessing` and `ProcessPoolExecutor` with spawn: functions, bound methods, and futures of them."""
    workspace.write(
        {
            "mine.py": MODULE,
            "main.py": """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from mine import *

if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(increment, range(4))) == [1, 2, 3, 4]
        assert list(pool.map(increment, range(4))) == [1, 2, 3, 4]
        assert list(pool.map(Box(10).total, range(2))) == [10, 11]
        assert pool.submit(Box.made, 4).result() == 4
    assert ticks() == 4
    assert [increment(x) for x in range(4)] == [1, 2, 3, 4]
    assert ticks() == 4 and Box(10).total(1) == 11 and ticks('total') == 2
""",
        }
    )
    workspace.run("main.py")


def test_functions_of_main_in_a_spawned_pool(workspace: Any) -> None:
    """multiprocessing imports the script again under the name `__mp_main__`: they are the same functions there."""
    workspace.write(
        {
            "main.py": """
import multiprocessing
from lab import *

@pure.magic()
def increment(x):
    tick()
    return x + 1

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(increment, range(4)) == [1, 2, 3, 4]
    assert [increment(x) for x in range(4)] == [1, 2, 3, 4]
    assert ticks() == 4, ticks()
"""
        }
    )
    workspace.run("main.py")


def test_as_an_argument_in_a_subprocess(workspace: Any) -> None:
    """The worker calls it, and it is the same decorated function there."""
    workspace.write({"mine.py": MODULE})
    workspace.run(
        "from mine import *\nassert apply(increment, 1) == 2\nassert apply(increment, 1) == 2\n"
        "assert apply(Box(3).total, 1) == 4\nassert increment(1) == 2 and Box(3).total(1) == 4\n"
        "assert ticks('apply') == 2 and ticks() == 1 and ticks('total') == 1"
    )


def test_cloudpickle_carries_it_too(workspace: Any) -> None:
    """Functions of `__main__`, with their identity: the other process addresses the same memo."""
    workspace.write(
        {
            "main.py": """
import subprocess, sys
import cloudpickle
from lab import *

@pure.magic()
def increment(x):
    tick()
    return x + 1

@pure.magic()
def countdown(n):
    return n if n == 0 else countdown(n - 1)

sent = cloudpickle.dumps((increment, countdown))
code = "import sys, pickle; f, g = pickle.load(sys.stdin.buffer); print(f.memo_uri(1), f(1), g(3))"
done = subprocess.run([sys.executable, "-c", code], input=sent, stdout=subprocess.PIPE, check=True)
uri, value, zero = done.stdout.decode().split()
assert uri == increment.memo_uri(1), (uri, increment.memo_uri(1))
assert value == "2" and increment(1) == 2 and ticks() == 1 and zero == "0"
"""
        }
    )
    workspace.run("main.py")
