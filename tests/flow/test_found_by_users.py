"""What users ran into when the library was new."""

from __future__ import annotations

import os
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import ShimError

CLASSES = """
import enum
from lab import *
class E(enum.Enum):
    A = 1
class D:
    pass
@pure.magic()
def e():
    return E.A
@pure.magic("subprocess")
def d():
    return D()
@pure.magic("subprocess")
def takes(x):
    return isinstance(x, D) and isinstance(d(), D)
def main():
    print(e() is E.A, isinstance(d(), D), takes(D()))
if __name__ == "__main__":
    main()
"""
RUN = ("-m", "pk.cls")
IMPORT = ("import pk.cls; pk.cls.main()",)


@pytest.mark.parametrize("first_then", [(RUN, IMPORT), (IMPORT, RUN), (RUN, RUN)])
def test_run_as_a_module_and_imported(workspace: Any, first_then: Any) -> None:
    """`python -m pk.cls` and `import pk.cls` share results, and each finds its own classes in them."""
    workspace.write({"pk/__init__.py": "", "pk/cls.py": CLASSES})
    for how in first_then:
        assert workspace.run(*how).out == "True True True"


@pytest.mark.parametrize("way", ["raise KeyboardInterrupt", "os.kill(os.getpid(), signal.SIGINT); wait(0)"])
def test_a_worker_that_is_interrupted(workspace: Any, way: str) -> None:
    """Ends the call, once; it does not run again by itself."""
    head = "import signal\nfrom lab import *\n@pure.magic('subprocess')\n"
    workspace.write({"mine.py": f"{head}def f(x):\n    tick()\n    {way}\n"})
    code = "from mine import *\ntry:\n    f(1)\nexcept KeyboardInterrupt as error:\n    print(repr(error))\n"
    assert workspace.run(code).out == "KeyboardInterrupt()"
    assert workspace.ticks() == 1


TWICE = """
from lab import *
from decorators import noisy
@pure.magic()
WRAP
def g(x):
    return 1
@pure.magic()
WRAP
def g(x):
    return 2
"""
NOISY = """
import functools
def noisy(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper
"""


@pytest.mark.parametrize("wrap", ["", "@noisy"])
@pytest.mark.parametrize("how", [("main.py",), ("-m", "main"), ("import main",)])
def test_two_functions_of_one_name(workspace: Any, how: Any, wrap: str) -> None:
    """Are refused, however their file is run, and whatever they are wrapped in."""
    workspace.write({"decorators.py": NOISY, "main.py": TWICE.replace("WRAP", wrap)})
    ended = workspace.run(*how, check=False)
    assert "DuplicateFunctionError" in ended.err


def test_scripts_with_functions_in_wrappers(workspace: Any) -> None:
    """A function is of the script that defines it, not of the module that wraps it."""
    head = "from lab import *\nfrom decorators import noisy\n@pure.magic()\n@noisy\n"
    script = head + "def f(x):\n    return {!r}\nprint(f(1))\n"
    workspace.write({"decorators.py": NOISY, "one.py": script.format("one"), "two.py": script.format("two")})
    assert (workspace.run("one.py").out, workspace.run("two.py").out) == ("one", "two")


def test_a_spawned_child_that_starts_subprocesses(workspace: Any) -> None:
    """There, a script is called `__mp_main__`."""
    workspace.write(
        {
            "main.py": """
import multiprocessing
from lab import *
class D:
    pass
@pure.magic("subprocess")
def f(x):
    return isinstance(x, D)
def child():
    tell("said", f(D()))
if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
"""
        }
    )
    workspace.run("main.py")
    assert workspace.wait("said") == "True"


def nonsense(_arguments: list[str]) -> Any:
    return "done"


def nonsense_builder(_function: Any, _args: Any, _kwargs: Any) -> Any:
    return 5


@pytest.mark.parametrize(("shim", "said"), [(nonsense, "'done'"), (nonsense_builder, "returned 5")])
@pytest.mark.usefixtures("root")
def test_shims_that_answer_nonsense(shim: Any, said: str) -> None:
    """Are told what they should answer."""

    @pure.magic(shim)
    def f(x: int) -> int:
        return x

    with pytest.raises(ShimError, match=said) as caught:
        f(1)
    assert "must return" in caught.value.hint


RICH = """
import functools, typing
from lab import *
class Base:
    registry = {}
    def __init_subclass__(cls):
        Base.registry[cls.__name__] = cls
class Sub(Base):
    pass
UserId = typing.NewType("UserId", int)
@functools.cache
def cached(x):
    return 2 * x
class Lazy:
    @functools.cached_property
    def three(self):
        return 3
@pure.magic("subprocess")
def rich(x: UserId):
    found = Base.registry["Sub"]
    return found is Sub, isinstance(found(), Sub), cached(2), Lazy().three
print(*rich(1))
"""


def test_everyday_things_of_scripts(workspace: Any) -> None:
    """Classes that know each other, caches, new types and cached properties travel with a script's function."""
    workspace.write({"main.py": RICH})
    assert workspace.run("main.py").out == "True True 4 3"


def test_arguments_of_a_script_have_one_key_in_workers_too(workspace: Any) -> None:
    """What the caller has computed is a hit in a worker."""
    workspace.write(
        {
            "main.py": """
from lab import *
class D:
    def __init__(self, v):
        self.v = v
@pure.magic()
def inner(d):
    tick()
    return d.v
@pure.magic("subprocess")
def outer(d):
    return inner(d)
inner(D(1))
print(outer(D(1)), ticks())
"""
        }
    )
    assert workspace.run("main.py").out == "1 1"


def test_a_thread_that_outlives_the_main_thread(workspace: Any) -> None:
    """Gets its result all the same."""
    workspace.write(
        {
            "main.py": """
import threading
from lab import *
@pure.magic("subprocess")
def leaf(x):
    wait("main ends")
    return x
threading.Thread(target=lambda: print("result", leaf(1))).start()
tell("main ends")
"""
        }
    )
    assert workspace.run("main.py").out == "result 1"


class TwoArguments(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one}{two}")


@pure.magic()
def collects() -> list[Exception]:
    return [TwoArguments(1, 2)]


@pure.magic()
def takes_self(x: int, self: int = 0, **more: int) -> int:
    return x + self + sum(more.values())


@pytest.mark.usefixtures("root")
def test_exceptions_as_values() -> None:
    """Come back as raised ones do, whatever their `__init__` wants."""
    for _ in range(2):
        (error,) = collects()
        assert isinstance(error, TwoArguments)
        assert str(error) == "12"


@pytest.mark.usefixtures("root")
def test_a_parameter_called_self() -> None:
    """Is a parameter like any other."""
    assert takes_self(1, self=2) == takes_self.submit(1, self=2).result() == takes_self.peek(1, self=2) == 3


def test_assigning_to_a_setter() -> None:
    """Is an error that shows the call."""
    with pytest.raises(AttributeError, match=r"pure.magic.blob_root\('/data'\)"):
        pure.magic.blob_root = "/data"  # type: ignore[method-assign,assignment]


def test_classes_of_programs_from_stdin(workspace: Any) -> None:
    """No file names them, so their code tells them apart."""
    program = "from lab import *\nclass D:\n    def v(self):\n        return {0}\n"
    program += "@pure.magic()\ndef f(d):\n    return d.v()\nprint(f(D()))\n"
    assert [workspace.run("-", text=program.format(n)).out for n in (1, 2)] == ["1", "2"]


async def leaves() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("shim", ["off", "samethread"])
@pytest.mark.usefixtures("root")
def test_a_submitted_coroutine_that_leaves(shim: str) -> None:
    """Ends its future, in whatever thread it ran."""
    with pure.magic.override(shim=shim):
        assert isinstance(pure.magic()(leaves).submit().exception(timeout=60), SystemExit)


UNWRITABLE = """
import os, warnings
from lab import *
from thds.mops.errors import NotStoredWarning

pure.magic.blob_root("/sys/mops")  # nobody can make folders there
@pure.magic("subprocess")
def f(x):
    return x
def held():
    files = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]
    return [os.readlink(file) for file in files if os.path.islink(file)]
with warnings.catch_warnings():
    warnings.simplefilter("ignore", NotStoredWarning)
    assert f(0) == 0
    before = [name for name in held() if "mops-" in name]
    assert [f(n) for n in range(1, 4)] == [1, 2, 3]
    assert [name for name in held() if "mops-" in name] == before == [], held()
"""


def test_calls_on_a_root_that_cannot_be_written_keep_no_files_open(workspace: Any) -> None:
    """Each is computed by way of a temporary root, which goes with it."""
    if not os.path.isdir("/sys/kernel"):
        pytest.skip("needs the /proc and /sys of Linux")
    workspace.write({"main.py": UNWRITABLE})
    workspace.run("main.py")
