"""Scripts, `python -m`, notebooks and the REPL alike: what lives in `__main__` travels by value, without any guard."""

from __future__ import annotations

import sys
from typing import Any

import pytest

SCRIPT = """
import dataclasses, enum, os
from lab import *

SCALE = 10

@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    def scaled(self): return Point(self.x * SCALE)

class Colour(enum.Enum):
    RED = 1

class Base:
    pass

class Child(Base):
    def __init__(self, n): self.n = n
    def double(self): return self.n * helper(2)

def helper(n):
    return n

@pure.magic('subprocess')
def move(point, colour):
    tick()
    assert isinstance(point, Point) and isinstance(colour, Colour) and colour is Colour.RED
    return {"point": point.scaled(), "colour": colour, "child": Child(3), "pid": os.getpid()}

@pure.magic('subprocess')
def factorial(n):
    tick('factorial')
    return 1 if n == 0 else n * factorial(n - 1)

tick('main')
result = move(Point(4), Colour.RED)
assert isinstance(result["point"], Point) and result["point"] == Point(40)
assert result["colour"] is Colour.RED
assert type(result["child"]) is Child and isinstance(result["child"], Base) and result["child"].double() == 6
assert result["pid"] != os.getpid()
again = move(Point(4), Colour.RED)
assert isinstance(again["point"], Point) and again["pid"] == result["pid"]
with move.shim('samethread'):
    here = move(Point(5), Colour.RED)
    assert type(here["point"]) is Point and type(move(Point(5), Colour.RED)["point"]) is Point
assert factorial(3) == 6
print(move.memo_uri(Point(4), Colour.RED))
"""


def test_a_script_without_a_guard(workspace: Any) -> None:
    """It runs once a start, not again in its workers; classes are the same classes, in a second run that hits too."""
    workspace.write({"main.py": SCRIPT})
    first = workspace.run("main.py")
    second = workspace.run("main.py")
    assert first.out == second.out
    assert workspace.ticks("main") == 2
    assert workspace.ticks() == 2
    assert workspace.ticks("factorial") == 4


def test_a_script_is_the_same_wherever_it_is_called_from(workspace: Any) -> None:
    """By an absolute path, from another directory."""
    workspace.write({"sub/main.py": SCRIPT})
    first = workspace.run("sub/main.py")
    second = workspace.run(str(workspace.folder / "sub" / "main.py"), cwd=workspace.folder / "sub")
    assert first.out == second.out
    assert workspace.ticks() == 2


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"prog.py": SCRIPT}, "prog"),
        ({"pack/__init__.py": "", "pack/__main__.py": SCRIPT}, "pack"),
        ({"pack/prog.py": SCRIPT}, "pack.prog"),
    ],
)
def test_python_m(workspace: Any, files: dict[str, str], module: str) -> None:
    """A module, a package, a module in a namespace package."""
    workspace.write(files)
    first = workspace.run("-m", module)
    assert workspace.run("-m", module).out == first.out
    assert workspace.ticks() == 2
    assert workspace.ticks("main") == 2


def test_python_m_is_the_module_that_it_is(workspace: Any) -> None:
    """`python -m pkg.mod` and `import pkg.mod` share results and settings."""
    workspace.write(
        {
            "pack/prog.py": "from lab import *\n@pure.magic()\ndef f(x):\n    tick()\n    return x\n"
            "if __name__ == '__main__':\n    f(1)\n    print(f.memo_uri(1))\n"
        }
    )
    uri = workspace.run("-m", "pack.prog").out
    assert workspace.run("from pack.prog import f; f(1); print(f.memo_uri(1))").out == uri
    assert workspace.ticks() == 1


@pytest.mark.parametrize("how", ["-c", "stdin", "interactive"])
def test_the_repl(workspace: Any, how: str) -> None:
    """Code that no file holds: `-c`, piped into the interpreter, typed in."""
    if how == "-c":
        done = workspace.run(SCRIPT)
    elif how == "stdin":
        done = workspace.run("-", text=SCRIPT)
    else:
        # Blank lines end a block in the interactive interpreter, so each definition is fed as one `exec`.
        workspace.write({"typed.txt": SCRIPT})
        done = workspace.run(
            "-i", text="exec(compile(open('typed.txt').read(), '<stdin>', 'exec'))\n", check=False
        )
        assert "Error" not in done.err, done.err
    assert done.out.endswith(".result")
    assert workspace.ticks("main") == 1
    assert workspace.ticks() == 2


def test_a_notebook(workspace: Any) -> None:
    """Cells compiled one by one in a `__main__` that has no file, as IPython does it; a cell that is run again with
    changed code is another function."""
    workspace.write(
        {
            "kernel.py": '''
import linecache, sys, types

main = types.ModuleType("__main__")
main.__builtins__ = __builtins__
sys.modules["__main__"] = main
CELLS = """
import os
from lab import *
#%%
class Box:
    def __init__(self, n): self.n = n
def helper(n): return n + 1
#%%
@pure.magic('subprocess')
def work(box):
    tick()
    assert isinstance(box, Box)
    return Box(helper(box.n)), os.getpid()
#%%
box, pid = work(Box(1))
assert isinstance(box, Box) and box.n == 2 and pid != os.getpid()
assert work(Box(1))[1] == pid
assert ticks() == 1
#%%
@pure.magic('subprocess')
def work(box):
    tick()
    return Box(helper(box.n) * 100), os.getpid()
#%%
assert work(Box(1))[0].n == 200
assert ticks() == 2
#%%
class Box:
    def __init__(self, n): self.n = n
    def more(self): return self.n
assert isinstance(work(Box(1))[0], Box)
"""
for number, cell in enumerate(CELLS.split("#%%")):
    name = f"<ipython-input-{number}>"
    linecache.cache[name] = len(cell), None, cell.splitlines(True), name
    exec(compile(cell, name, "exec"), vars(main))
'''
        }
    )
    workspace.run("kernel.py")


def test_main_functions_call_each_other_in_the_worker(workspace: Any) -> None:
    """Helpers, recursion, mutual recursion, decorated calls of decorated functions, globals."""
    workspace.write(
        {
            "main.py": """
import os
from lab import *
import math as m

LIMIT = {"n": 3}

def plain(n): return plain(n - 1) + 1 if n else 0

@pure.magic('subprocess')
def even(n):
    tick()
    return True if n == 0 else odd(n - 1)

@pure.magic()
def odd(n):
    tick()
    return False if n == 0 else even(n - 1)

@pure.magic('subprocess')
def mixed(n):
    return plain(n), m.floor(2.5), LIMIT["n"], [step(k) for k in range(n)], sorted(range(n), key=lambda k: -k)

@pure.magic()
def step(k): return k * LIMIT["n"]

assert even(4) is True and ticks() == 5
assert odd(3) is True and ticks() == 5
assert mixed(2) == (2, 2, 3, [0, 3], [1, 0])
assert [step(k) for k in range(2)] == [0, 3]
"""
        }
    )
    workspace.run("main.py")
    workspace.run("main.py")
    assert workspace.ticks() == 5


def test_methods_and_nested_functions_of_main(workspace: Any) -> None:
    """Bound methods, class methods, closures."""
    workspace.write(
        {
            "main.py": """
import os
from lab import *

class Model:
    def __init__(self, n): self.n = n
    @pure.magic('subprocess')
    def fit(self, x): return self.n + x, os.getpid(), type(self).__name__
    @pure.magic('subprocess')
    @classmethod
    def made(cls, n): return cls(n)
    @pure.magic('subprocess')
    @staticmethod
    def static(x): return x, os.getpid()

value, pid, name = Model(1).fit(2)
assert value == 3 and pid != os.getpid() and name == "Model"
made = Model.made(5)
assert isinstance(made, Model) and made.n == 5
assert Model.static(1)[1] != os.getpid()

def make(offset):
    @pure.magic('subprocess')
    def add(x): return x + offset, os.getpid()
    return add
for offset in 1, 2:
    value, pid = make(offset)(10)
    assert value == 10 + offset and pid != os.getpid()
"""
        }
    )
    workspace.run("main.py")


def test_two_scripts_of_one_name(workspace: Any) -> None:
    """In two directories, on the default root: two programs."""
    for name in ("a", "b"):
        workspace.write(
            {
                f"{name}/main.py": f"from thds.mops import pure\n@pure.magic()\ndef f(x):\n    return {name!r}\n"
                "print(f(1))\n"
            }
        )
    assert [workspace.run(f"{name}/main.py").out for name in ("a", "b", "a")] == ["a", "b", "a"]


def test_classes_of_main_between_programs(workspace: Any) -> None:
    """A result with a class of one script, read by another program: a class of that name, with its methods."""
    workspace.write(
        {
            "shared.py": "from lab import *\n@pure.magic()\ndef make(kind): return kind(5)\n@pure.magic()\n"
            "def give(n): return STORE[n]\n",
            "one.py": """
import shared
from lab import *
class Thing:
    def __init__(self, n): self.n = n
    def double(self): return 2 * self.n
STORE = shared.STORE = [Thing(4)]
assert isinstance(shared.give(0), Thing)
""",
        }
    )
    workspace.run("one.py")
    workspace.run(
        "import shared\nthing = shared.give(0)\nassert thing.double() == 8 and type(thing).__name__ == 'Thing'\n"
        "assert type(thing) is type(shared.give(0))"
    )


def test_the_working_directory_and_the_environment(workspace: Any) -> None:
    """The worker has those of the call, also after they changed; and this interpreter, its flags, this `sys.path`."""
    workspace.write(
        {
            "main.py": """
import os, sys
from lab import *
@pure.magic('subprocess')
def there(n):
    import extra
    return {"cwd": os.getcwd(), "env": os.environ.get("SPECIAL"), "executable": sys.executable, "flags": str(sys.flags),
            "warn": sys.warnoptions, "path": sys.path, "extra": extra.__file__}
def here():
    return {"cwd": os.getcwd(), "env": os.environ.get("SPECIAL"), "executable": sys.executable, "flags": str(sys.flags),
            "warn": sys.warnoptions, "path": sys.path}
os.makedirs("added"), os.makedirs("deep/er")
open("added/extra.py", "w").close()
sys.path.insert(1, os.path.abspath("added"))
for n in range(2):
    os.environ["SPECIAL"] = str(n)
    os.chdir(["deep", "er"][n])
    got = there(n)
    for name, value in here().items():
        assert got[name] == value, (name, got[name], value)
    assert got["extra"].endswith("added/extra.py")
"""
        }
    )
    workspace.run("main.py", python=(sys.executable, "-W", "error", "-X", "utf8", "-O"))


def test_an_interpreter_that_is_not_isolated_from_its_directory(workspace: Any) -> None:
    """`-I` and `-P` hold in the worker too: no module of the working directory shadows the standard library."""
    workspace.write({"random.py": "raise AssertionError('shadowed')\n"})
    workspace.run(
        "import sys\nfrom pathlib import Path\nsys.path.append(sys.argv[1])\nfrom thds.mops import pure\n"
        "pure.magic.blob_root(Path('root'), '')\n"
        "@pure.magic('subprocess')\ndef f(x):\n    import random\n    return random.__file__\n"
        "assert 'python3' in f(1)",
        str(_sources()),
        python=(sys.executable, "-I", "-W", "error"),
    )


def _sources() -> Any:
    from pathlib import Path

    return Path(__file__).parents[2] / "src"
