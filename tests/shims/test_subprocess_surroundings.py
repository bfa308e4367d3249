"""What a worker has in common with the process that starts it, and where its output goes."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE_S, Room

RunPython = Callable[..., Any]

#: A caller: runs a worker, forked and in a new interpreter.
CALLER = """
import sys
from thds.mops.shims.subprocess import Subprocess
print("caller")
for fresh in (False, True):
    Subprocess(entry="program:main", fresh=fresh)(["a", "b"]).result()
"""
#: What its workers print.
PRINTS = 'print("worker", *argv, flush=True)\nprint("trouble", file=sys.stderr)'


# ---- like this interpreter


def test_each_call_has_the_surroundings_of_its_moment(
    room: Room, fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Working directory, environment and `sys.path` are those at the call, whatever they were before."""
    room.program("tell('here', [os.getcwd(), os.environ.get('COLOUR'), sys.path, dict(os.environ)])")
    folders = [room.folder / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLOUR", folder.name)
        monkeypatch.syspath_prepend(folder / "lib")
        room.run(fresh=fresh)
        cwd, colour, path, environ = room.told("here")
        assert (cwd, colour, path) == (str(folder), folder.name, sys.path)
        assert environ == dict(os.environ)
    monkeypatch.delenv("COLOUR")
    room.run(fresh=fresh)
    assert room.told("here")[1] is None


def test_imports_see_the_surroundings_of_the_call_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module reads from them while it is imported is what a new interpreter would have read."""
    room.program("import probe; tell('seen', [probe.COLOUR, probe.CWD])")
    room.write("probe", "import os\nCOLOUR = os.environ['COLOUR']\nCWD = os.getcwd()\n")
    for name in ("one", "two"):
        (room.folder / name).mkdir()
        monkeypatch.setenv("COLOUR", name)
        monkeypatch.chdir(room.folder / name)
        room.run(modules=["probe"])
        assert room.told("seen") == [name, str(room.folder / name)]


def test_calls_started_before_a_change_keep_theirs(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that waits for its process is not touched by what happens after it was made."""
    room.program("tell(argv[0], os.environ['COLOUR'])")
    futures = []
    for colour in ("red", "green", "blue"):
        monkeypatch.setenv("COLOUR", colour)
        futures.append(room.call(colour))
    for each in futures:
        each.result(PATIENCE_S)
    assert [room.told(colour) for colour in ("red", "green", "blue")] == ["red", "green", "blue"]


def test_working_directory_that_is_gone(room: Room, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program whose directory was removed under it can still start workers."""
    room.program("tell('done')")
    (room.folder / "gone").mkdir()
    monkeypatch.chdir(room.folder / "gone")
    (room.folder / "gone").rmdir()
    room.run(fresh=fresh)
    room.told("done")


def test_flags_of_the_interpreter(room: Room, run_python: RunPython) -> None:
    """-O, -W, -X, -B and so on hold in workers as they do here."""
    room.program("print(__debug__, sys.flags, sys.warnoptions, sys._xoptions)")
    python = (
        sys.executable,
        "-O",
        "-B",
        "-s",
        "-X",
        "dev",
        "-X",
        "mine=1",
        "-W",
        "error::DeprecationWarning",
    )
    own = "import sys; print(__debug__, sys.flags, sys.warnoptions, sys._xoptions)\n"
    caller, forked, fresh = (
        line for line in run_python(own + CALLER, python=python).lines if line != "caller"
    )
    assert caller == forked == fresh


def test_argv_and_main(room: Room, fresh: bool) -> None:
    """A worker is a program of its own: the caller's arguments and `__main__` are not there."""
    room.program(
        "import __main__\ntell('self', [sys.argv, hasattr(__main__, '__file__'), __main__.__name__])"
    )
    room.run("a", "b", fresh=fresh)
    assert room.told("self") == [["thds.mops.worker", "a", "b"], False, "__main__"]


def test_standard_input_is_empty(room: Room, fresh: bool) -> None:
    """A worker that reads it meets its end at once."""
    room.program("tell('read', sys.stdin.read())")
    room.run(fresh=fresh)
    assert room.told("read") == ""


def test_files_of_the_caller_are_closed(room: Room, fresh: bool) -> None:
    """What the caller has open, even inheritable, is not open in workers."""
    room.program(
        "tell('links', [os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')[:-1]])"
    )
    with open(room.folder / "secret", "w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003
        room.run(fresh=fresh)
    assert not [each for each in room.told("links") if "secret" in each]


# ---- wherever the caller's code comes from


@pytest.mark.parametrize("kind", ["script", "module", "code", "stdin"])
def test_callers_without_a_guard(room: Room, run_python: RunPython, kind: str) -> None:
    """Scripts, `python -m`, `python -c` and a script on standard input: none is run again by its workers."""
    room.program("print('worker', *argv)")
    script = room.write("caller", CALLER)
    text = None
    if kind == "script":
        command: tuple[Any, ...] = (script,)
    elif kind == "module":
        command = ("-m", "caller")
    elif kind == "code":
        command = (CALLER,)
    else:
        command, text = ("-",), CALLER
    assert run_python(*command, text=text).lines == ["caller", "worker a b", "worker a b"]


def test_interactive_caller(room: Room, run_python: RunPython) -> None:
    """The REPL too."""
    room.program("print('worker', *argv)")
    typed = CALLER.replace(".result()", ".result()\n\n").replace('print("caller")', "")
    ended = run_python("-", text=typed, python=(sys.executable, "-i", "-q"))
    assert [line for line in ended.lines if line.startswith("worker")] == ["worker a b"] * 2


# ---- output


def test_output_passes_through(room: Room, run_python: RunPython) -> None:
    """Both streams appear where the caller's appear, in order, with all that was written before."""
    room.program(PRINTS)
    ended = run_python(CALLER + 'print("after")\n')
    assert ended.lines == ["caller", "worker a b", "worker a b", "after"]
    assert ended.err == "trouble\ntrouble\n"


class Gzipped(io.TextIOWrapper):
    """Has a `fileno`, of a file that must not be written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(gzip.GzipFile(path, "w"), "utf-8")  # type: ignore[arg-type]

    def getvalue(self) -> str:
        self.close()
        return gzip.open(self.path, "rt", encoding="utf-8").read()


class Bytes(io.TextIOWrapper):
    def __init__(self, _: Path) -> None:
        super().__init__(io.BytesIO(), "utf-8")

    def getvalue(self) -> str:
        self.flush()
        return str(self.buffer.getvalue().decode())  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [lambda _: io.StringIO(), Bytes, Gzipped])
def test_output_into_an_object(room: Room, fresh: bool, kind: Callable[[Path], Any]) -> None:
    """A stream that is no file of the system gets the text too, all of it before the call is done."""
    room.program(PRINTS + "\nprint('ä' * 100_000)\nos.write(1, b'past Python\\n')")
    stream, errors = kind(room.folder / "out"), io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(errors):
        print("before")
        room.run("a", fresh=fresh)
        print("after")
    assert stream.getvalue().split("\n") == ["before", "worker a", "ä" * 100_000, "past Python", "after", ""]
    assert errors.getvalue() == "trouble\n"


def test_output_into_capsys(room: Room, fresh: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """pytest's own capture of `sys.stdout` is such an object."""
    room.program(PRINTS)
    room.run("a", fresh=fresh)
    assert capsys.readouterr() == ("worker a\n", "trouble\n")


def test_one_object_for_both_streams_keeps_their_order(room: Room, fresh: bool) -> None:
    """Where both are the same object, lines stay in the order in which they were written."""
    room.program("for n in range(50):\n        print(n, file=(sys.stdout, sys.stderr)[n % 2])")
    both = io.StringIO()
    with contextlib.redirect_stdout(both), contextlib.redirect_stderr(both):
        room.run(fresh=fresh)
    assert both.getvalue().split() == [str(n) for n in range(50)]


def test_output_into_an_object_appears_while_it_is_written(room: Room, fresh: bool) -> None:
    """A notebook shows progress, not just the end."""
    room.program("print('begun')\nwait('go')")
    seen = threading.Event()

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            seen.set()
            return super().write(text)

    with contextlib.redirect_stdout(Stream()):
        future = room.call(fresh=fresh)
        assert seen.wait(PATIENCE_S)
        assert not future.done()
        room.tell("go")
        future.result(PATIENCE_S)


def test_output_into_an_object_that_fails(room: Room, fresh: bool) -> None:
    """A stream that was closed meanwhile loses the text; the worker does not notice."""
    room.program("wait('go')\nprint('x' * 1_000_000)")
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        future = room.call(fresh=fresh)
    stream.close()
    room.tell("go")
    future.result(PATIENCE_S)


def test_output_into_a_file(room: Room, fresh: bool) -> None:
    """A file that stands in for `sys.stdout` is written to by the worker itself, in order."""
    room.program(PRINTS)
    with open(room.folder / "out", "w") as file, contextlib.redirect_stdout(file):
        print("before")
        room.run("a", fresh=fresh)
        print("after")
    assert (room.folder / "out").read_text() == "before\nworker a\nafter\n"


def test_no_output_streams(room: Room, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a program without them (`pythonw`, a daemon), what workers print goes nowhere."""
    room.program(PRINTS + "\ntell('done')")
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    room.run("a", fresh=fresh)
    room.told("done")


def test_large_output_is_not_lost(room: Room, run_python: RunPython) -> None:
    """Megabytes, written by Python and past it, arrive whole."""
    room.program("print('x' * 3_000_000)\nsys.stdout.flush()\nos.system('printf %02000000d 0')")
    out = run_python(CALLER).out
    assert (out.count("x"), out.count("0")) == (6_000_000, 4_000_000)


def test_output_of_an_import_appears_once(room: Room, capfd: pytest.CaptureFixture[str]) -> None:
    """It is shown with the first call that needs the module, on the stream it was meant for."""
    room.program("print('call')")
    room.write("chatty", "import sys\nprint('imported')\nprint('oh', file=sys.stderr)")
    for _ in range(2):
        room.run(modules=["chatty"])
    assert capfd.readouterr() == ("imported\ncall\ncall\n", "oh\n")


def test_handlers_made_by_an_import_go_on(room: Room, capfd: pytest.CaptureFixture[str]) -> None:
    """A module that configures logging while it is imported logs to the standard error of each call."""
    room.program("import noisy; noisy.log.warning(argv[0])")
    room.write(
        "noisy", "import logging\nlogging.basicConfig(format='%(message)s')\nlog = logging.getLogger('noisy')"
    )
    room.run("one", modules=["noisy"])
    assert capfd.readouterr().err == "one\n"
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        room.run("two", modules=["noisy"])
    assert errors.getvalue() == "two\n"


def test_encodings(room: Room, run_python: RunPython) -> None:
    """Workers write in the encoding that a new interpreter would take, `PYTHONIOENCODING` included."""
    room.program("print(sys.stdout.encoding, sys.stdout.errors, sys.stderr.encoding, sys.stderr.errors)")
    own = (
        "import sys\nprint(sys.stdout.encoding, sys.stdout.errors, sys.stderr.encoding, sys.stderr.errors)\n"
    )
    for env in ({}, {"PYTHONIOENCODING": "latin-1:replace"}, {"PYTHONUNBUFFERED": "1"}):
        lines = [line for line in run_python(own + CALLER, env=env).lines if line != "caller"]
        assert len(lines) == 3
        assert len(set(lines)) == 1
