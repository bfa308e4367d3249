"""One memo for all processes: computed once, read everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure

MODULE = """
from lab import *

@pure.magic()
def total(numbers, scale=1.0, **more):
    tick()
    return {"sum": sum(numbers) * scale, "more": more}
"""


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_another_process_has_a_hit(workspace: Any, shim: str) -> None:
    """With other hash seeds, arguments built in another way and given in another order."""
    workspace.write({"mine.py": MODULE})
    first = (
        f"from mine import *\npure.magic.shim({shim!r}, total)\n"
        "print(total([1, 2], scale=2.0, a={'x', 'y', 'z'}, b=frozenset('pqrs')))"
    )
    second = (
        "from mine import *\nprint(total(scale=float('2'), b=frozenset(list('srqp')), "
        "a=set(('z', 'y')) | {'x'}, numbers=[int('1'), 2]))"
    )
    workspace.run(first)
    workspace.run(second)
    workspace.run(first)
    assert workspace.ticks() == 1


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_values_come_back_as_they_were(workspace: Any, shim: str) -> None:
    """Equal and of the same types, computed or read."""
    workspace.write(
        {
            "mine.py": f"""
import datetime, decimal, enum, fractions, dataclasses, collections
from pathlib import Path
from lab import *

class Colour(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int
    y: object = None

Pair = collections.namedtuple("Pair", "a b")

VALUES = [None, True, 0, 1 << 80, 1.5, -0.0, float("inf"), "täxt", b"bytes", bytearray(b"x" * 10000), (1, [2]),
    {{1: 2, "b": [3]}}, {{1, 2}}, frozenset([3]), Colour.RED, Point(1, Point(2)), Pair(1, 2), Path("/tmp/x"),
    decimal.Decimal("1.10"), fractions.Fraction(1, 3), datetime.datetime(2020, 1, 2), range(5), ...,
    "x" * 100_000, list(range(1000)), Point, len, collections.Counter("abca"), collections.OrderedDict(a=1), 3 + 4j,
    ValueError("as a value")]

@pure.magic({shim!r})
def give(which):
    tick()
    return VALUES[which]
""",
            "main.py": """
from mine import *
for which, value in list(enumerate(VALUES))[::STEP]:
    for _ in range(2):
        got = give(which)
        assert type(got) is type(value), (got, value)
        assert repr(got) == repr(value), (got, value)
""".replace("STEP", "1" if shim == "samethread" else "6"),
        }
    )
    workspace.run("main.py")
    ran = workspace.ticks()
    workspace.run("main.py")
    assert workspace.ticks() == ran > 5


def test_large_arrays(workspace: Any) -> None:
    """Bit by bit, writable where they were; changing one that was read changes no other."""
    workspace.write(
        {
            "mine.py": """
import numpy as np
from lab import *

@pure.magic()
def make(n):
    tick()
    frozen = np.arange(n, dtype=np.int32)
    frozen.flags.writeable = False
    return {"a": np.arange(n, dtype=np.float64), "b": frozen, "c": np.arange(n)[::2], "d": np.zeros((3, 0))}
""",
            "main.py": """
from mine import *
fresh = make.__wrapped__(100_000)
for got in make(100_000), make(100_000), make.peek(100_000), make.submit(100_000).result():
    for name, array in fresh.items():
        assert got[name].dtype == array.dtype and np.array_equal(got[name], array)
        assert got[name].flags.writeable == array.flags.writeable, name
    got["a"][:] = -1
""",
        }
    )
    workspace.run("main.py")
    workspace.run("main.py")
    assert workspace.ticks() == 3, "once memoized, and once plainly in each process"


def test_a_result_is_nobodys_but_the_callers(root: Path) -> None:
    """Whoever changes what he got changes it for himself."""
    assert root

    value = listed(3)
    value.append("mine")
    assert listed(3) == [0, 1, 2]
    listed(3).append("mine")
    assert listed(3) == [0, 1, 2]


@pure.magic()
def listed(n: int) -> list[Any]:
    return list(range(n))


def test_arguments_that_the_function_changes(root: Path) -> None:
    """The key is of the arguments as they were given."""
    assert root

    @pure.magic()
    def greedy(items: list[int]) -> int:
        items.append(1)
        return len(items)

    mine = [1, 2]
    assert greedy(mine) == 3
    assert mine == [1, 2, 1]
    assert greedy([1, 2]) == 3


def test_the_same_call_under_another_root_is_another_result(tmp_path: Path) -> None:
    """Roots share nothing."""
    ran = []
    for name in ("a", "b", "a"):
        with pure.magic.override(blob_root=tmp_path / name):
            ran.append(isinstance(listed.peek(1), pure.Unmemoized))
            listed(1)
    assert ran == [True, True, False]


def test_a_root_can_be_moved_as_a_whole(workspace: Any) -> None:
    """Addresses inside a root are relative to it."""
    workspace.write({"mine.py": MODULE})
    workspace.run("from mine import *; total([1])")
    workspace.root.rename(workspace.folder / "moved")
    workspace.run("from mine import *\nwith pure.magic.override(blob_root=HERE / 'moved'): total([1])")
    assert workspace.ticks() == 1


def test_projects_do_not_meet_on_the_default_root(workspace: Any) -> None:
    """`utils.load` of two projects, both with the default root and pipeline id, are two functions; whoever names a
    root or a pipeline id names his own space."""
    for name in ("one", "two"):
        workspace.write(
            {
                f"{name}/utils.py": "from thds.mops import pure\n@pure.magic()\n"
                f"def load(x):\n    print('ran')\n    return {name!r}\n"
            }
        )
    code = "import utils\nfrom thds.mops import pure\nprint(utils.load(1))\n"
    env = [{"PYTHONPATH": f"{workspace.folder}/{name}:{_sources()}"} for name in ("one", "two")]
    assert workspace.run(code, env=env[0]).lines == ["ran", "one"]
    assert workspace.run(code, env=env[1]).lines == ["ran", "two"]
    assert workspace.run(code, env=env[0]).lines == ["one"]
    named = code.replace(
        "print", "pure.magic.pipeline_id('shared')\npure.magic.pipeline_id('shared', utils)\nprint"
    )
    assert workspace.run(named, env=env[0]).lines == ["ran", "one"]
    assert workspace.run(named, env=env[1]).lines == ["one"]


def _sources() -> str:
    return str(Path(__file__).parents[2] / "src")


def test_nothing_is_printed(workspace: Any) -> None:
    """Hits and misses alike: no output that nobody asked for."""
    workspace.write({"mine.py": MODULE})
    for _ in range(2):
        done = workspace.run("from mine import *; total([1]); total([1]); total.submit([2]).result()")
        assert (done.out, done.err) == ("", "")
