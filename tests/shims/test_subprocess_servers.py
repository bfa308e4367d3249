"""Fork servers: when one is shared, when another one is needed, when a new interpreter is, and what outlives what."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.errors import ShimError
from thds.mops.shims.subprocess import Subprocess, build

from .conftest import PATIENCE_S, Room, gone

RunPython = Callable[..., Any]


def parent(room: Room, *modules: str) -> int:
    """Who started a worker with these modules: a server, or this process for a new interpreter."""
    room.program("tell('parent', os.getppid())")
    room.run(modules=modules)
    return int(room.told("parent"))


def forked(room: Room, *modules: str) -> bool:
    return parent(room, *modules) != os.getpid()


# ---- one server for many calls


def test_a_server_serves_many_calls(room: Room) -> None:
    """What it has imported is there in every worker without being imported again, and each worker is a new process."""
    room.write("heavy", "from telling import HERE\nopen(HERE / 'imports', 'a').write('x')\nSTATE = []")
    room.program(
        "import heavy; heavy.STATE.append(1); tell(argv[0], [os.getpid(), os.getppid(), heavy.STATE])"
    )
    seen = []
    for name in "abc":
        room.run(name, modules=["heavy"])
        seen.append(room.told(name))
    assert len({pid for pid, _, _ in seen}) == 3
    assert len({server for _, server, _ in seen}) == 1
    assert [state for _, _, state in seen] == [[1], [1], [1]]
    assert (room.folder / "imports").read_text() == "x"


def test_builder_imports_what_a_function_needs(room: Room) -> None:
    """The module of the function; for a function of a script, the modules it refers to; those of its arguments."""
    (room.folder / "package").mkdir()
    for name in ("mine", "theirs", "package/__init__", "package/inner"):
        room.write(name, "class Thing: pass\ndef f(x): return x")
    import mine  # type: ignore[import-not-found]
    import package.inner  # type: ignore[import-not-found]
    import theirs  # type: ignore[import-not-found]

    assert modules_of(mine.f, theirs.Thing()) == {"mine", "theirs"}
    script: dict[str, Any] = {"__name__": "__main__", "mine": mine, "package": package, "Thing": theirs.Thing}
    exec("def f(x): return [mine for _ in x]\ndef g(x): return f(package.inner, Thing)", script)
    assert modules_of(script["f"], 1) == {"mine"}
    assert modules_of(script["g"], 1) == {"mine", "theirs", "package", "package.inner"}


def modules_of(func: Callable[..., Any], *args: Any) -> set[str]:
    shim = build(func, args, {})
    assert isinstance(shim, Subprocess)
    return set(shim.modules) - {"numpy.random"}


def test_module_that_only_the_caller_has(room: Room) -> None:
    """A function that travels by value may name a module that cannot be imported elsewhere: no reason not to fork."""
    assert forked(room, "no_such_module_anywhere")


def test_random_numbers_differ(room: Room) -> None:
    """Workers do not repeat each other, though they are copies of one process."""
    room.write("dice", "import random, numpy\nrandom.random(), numpy.random.random()")
    room.program("import dice; tell('n', [dice.random.random(), dice.numpy.random.random()])")
    drawn = []
    for _ in range(3):
        room.run(modules=["numpy.random", "dice"])
        drawn.append(room.told("n"))
    assert len({a for a, _ in drawn}) == len({b for _, b in drawn}) == 3
    assert forked(room, "numpy.random", "dice")


def test_random_numbers_that_a_module_seeds(room: Room) -> None:
    """A module that seeds the generators when it is imported does so for each worker."""
    room.write(
        "seeded", "import random, numpy\nrandom.seed(7); numpy.random.seed(7); first = random.random()"
    )
    room.program("import seeded; tell('n', [seeded.random.random(), seeded.numpy.random.random()])")
    drawn = []
    for fresh in (True, False, False):
        room.run(modules=["numpy.random", "seeded"], fresh=fresh)
        drawn.append(room.told("n"))
    assert drawn[0] == drawn[1] == drawn[2]
    assert forked(room, "numpy.random", "seeded")


def test_threads_of_blas_are_no_obstacle(room: Room) -> None:
    """NumPy and pandas start native threads that stand a fork: their users' workers are forked, and compute."""
    room.write("linear", "import numpy, pandas\nA = numpy.ones((300, 300)); B = A @ A")
    assert forked(room, "linear")
    room.program("import linear; tell('sum', float((linear.A @ linear.B).sum()))")
    room.run(modules=["linear"])
    assert room.told("sum") == 300.0**4


# ---- another server


def test_edited_module(room: Room) -> None:
    """The next call gets the new code, even if it is as long as the old and was written within the same second."""
    room.program("import code_; tell('answer', code_.answer())")
    for number in (1, 2, 3):
        shallow = room.write("code_", f"import deeper\ndef answer(): return [{number}, deeper.N]")
        deeper = room.write("deeper", f"N = {number}")
        for file in (shallow, deeper):
            os.utime(file, ns=(10**18 + number, 10**18 + number))
        room.run(modules=["code_"])
        assert room.told("answer") == [number, number]


def test_edited_program(room: Room) -> None:
    """That holds for whatever a server has imported, and calls under way go on with what they began with."""
    room.program("tell('began'); wait('go'); tell('old')")
    old = room.call()
    room.told("began")
    room.program("tell('new')")
    room.run()
    room.told("new")
    room.tell("go")
    assert old.result(PATIENCE_S) is None
    room.told("old")


def test_module_edited_while_it_is_imported(room: Room) -> None:
    """Nobody keeps the old code for ever, however close the edit was."""
    room.program("import slow; tell('n', slow.N)")
    room.write("slow", "N = 1\nfrom telling import tell, wait\ntell('importing'); wait('go')")
    call = room.call(modules=["slow"])
    room.told("importing")
    room.write("slow", "N = 2")
    room.tell("go")
    call.result(PATIENCE_S)
    room.told("n")
    room.run(modules=["slow"])
    assert room.told("n") == 2


def test_server_that_was_killed(room: Room) -> None:
    """Between calls nobody notices: the next one starts another server."""
    server = parent(room)
    os.kill(server, signal.SIGKILL)
    assert gone(server)
    assert parent(room) not in (server, os.getpid())


def test_server_that_is_killed_during_a_call(room: Room) -> None:
    """The call is an error that says so; its worker, which nobody can watch any more, is left to finish."""
    room.program("tell('server', os.getppid()); wait('go'); tell('finished')")
    call = room.call()
    os.kill(room.told("server"), signal.SIGKILL)
    error = call.exception(PATIENCE_S)
    assert isinstance(error, ShimError)
    assert "fork server died" in error.reported  # type: ignore[attr-defined]
    room.tell("go")
    room.told("finished")


def test_few_servers_are_kept(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Surroundings that change all the time do not pile up servers."""
    servers = []
    for number in range(6):
        monkeypatch.setenv("NUMBER", str(number))
        servers.append(parent(room))
    assert len(set(servers)) == 6
    assert all(gone(server) for server in servers[:3])
    assert parent(room) == servers[-1]


# ---- a new interpreter instead


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "thread",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        ),
        (
            "pool",
            "from concurrent.futures import ThreadPoolExecutor as P\nPOOL = P(1); POOL.submit(int).result()",
        ),
        ("socket_", "import socket\nPAIR = socket.socketpair()"),
        ("file", "FILE = open(__file__)"),
        ("handler", "import atexit\natexit.register(int)"),
        ("folder", "import tempfile\nFOLDER = tempfile.TemporaryDirectory()"),
        ("generator", "import random\nRNG = random.Random()"),
        ("numpy_generator", "import numpy\nRNG = numpy.random.default_rng()"),
    ],
)
def test_modules_that_must_not_be_forked(room: Room, name: str, text: str) -> None:
    """What an import leaves running or open is each worker's own; other modules go on being forked."""
    room.write(name, text)
    assert not forked(room, name)
    assert not forked(room, name)
    assert forked(room)


def test_module_that_may_be_forked_after_an_edit(room: Room) -> None:
    """It is judged anew when one of its files has changed."""
    room.write("opens", "FILE = open(__file__)")
    assert not forked(room, "opens")
    room.write("opens", "pass")
    assert forked(room, "opens")


def test_seeded_generators_may_be_forked(room: Room) -> None:
    """With a seed of its own, every worker starts with the same numbers anyway."""
    room.write("fixed", "import numpy\nRNG = numpy.random.default_rng(7)")
    room.program("import fixed; tell('n', float(fixed.RNG.random()))")
    drawn = []
    for fresh in (True, False, False):
        room.run(modules=["fixed"], fresh=fresh)
        drawn.append(room.told("n"))
    assert len(set(drawn)) == 1
    assert forked(room, "fixed")


def test_temporary_folder_of_a_module_is_each_workers_own(room: Room) -> None:
    """One worker's end does not take it away from the next."""
    room.write(
        "scratch",
        "import atexit, shutil, tempfile\nHERE = tempfile.mkdtemp()\natexit.register(shutil.rmtree, HERE)",
    )
    room.program("import scratch; open(scratch.HERE + '/x', 'w').close(); tell('folder', scratch.HERE)")
    folders = []
    for _ in range(2):
        room.run(modules=["scratch"])
        folders.append(room.told("folder"))
    assert folders[0] != folders[1]
    assert not any(Path(each).exists() for each in folders)


def test_polars(room: Room) -> None:
    """A process forked after it was used hangs: these calls get a new interpreter."""
    room.write("frames", "import polars\nF = polars.DataFrame({'a': [1, 2, 2]}); G = F.group_by('a').sum()")
    assert not forked(room, "frames")
    room.program("import frames; tell('rows', frames.F.group_by('a').sum().height)")
    room.run(modules=["frames"])
    assert room.told("rows") == 2


@pytest.mark.parametrize(
    "text",
    [
        "raise RuntimeError('boom')",
        "1 +",
        "import no_such_module",
        "raise SystemExit(5)",
        "raise KeyboardInterrupt",
    ],
)
def test_module_that_cannot_be_imported(room: Room, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The worker itself meets the error, shows it once, and a repaired module is tried again."""
    room.write("broken", f"print('importing')\n{text}" if text != "1 +" else text)
    room.program("import broken")
    with pytest.raises(ShimError, match="exit code"):
        room.run(modules=["broken"])
    out, err = capfd.readouterr()
    assert out == ("importing\n" if text != "1 +" else "")
    assert err.count("Traceback") == (0 if "Exit" in text else 1)
    room.write("broken", "pass")
    assert forked(room, "broken")


def test_module_that_kills_its_process(room: Room) -> None:
    """The server dies of it, the worker's own end is reported, and soon no server is tried any more."""
    room.write("deadly", "import os\nos._exit(9)")
    room.program("import deadly")
    for _ in range(3):
        with pytest.raises(ShimError, match="exit code 9"):
            room.run(modules=["deadly"])
    assert forked(room)


def test_server_never_looks_at_a_store(room: Room) -> None:
    """While it imports, that is known; and a module that tries, and goes on without, is not forked."""
    room.write(
        "early",
        "from thds.mops.worker import importing\n"
        "SEEN = [bool(importing.under_way), importing.may_look()]\n"
        "def now(): return [bool(importing.under_way), importing.may_look()]",
    )
    room.program("import early; tell('seen', [early.SEEN, early.now()])")
    room.run(modules=["early"])
    assert room.told("seen") == [[True, False], [False, True]]
    room.write(
        "tries", "from thds.mops.worker import importing\nif it := importing.current(): it.refused = True"
    )
    assert not forked(room, "tries")


def test_no_fork_where_the_system_cannot(room: Room, run_python: RunPython) -> None:
    """On other systems than Linux, each worker is a new interpreter, and its end is noticed without pidfds."""
    room.program(
        "tell(argv[0], [os.getpid(), os.getppid()])\nif argv[0] == 'x': wait('never')\nos._exit(int(argv[0]))"
    )
    ended = run_python(
        "import os, sys\ndel os.pidfd_open\n"
        "from telling import wait\n"
        "from thds.mops.shims.subprocess import Subprocess\n"
        "print(os.getpid(), Subprocess(entry='program:main')(['0']).result())\n"
        "print(Subprocess(entry='program:main')(['3']).exception().reported)\n"
        "running = Subprocess(entry='program:main')(['x'])\nwait('x')\nprint(running.cancel())"
    )
    assert ended.lines == [f"{room.told('0')[1]} None", "exit code 3", "True"]
    assert gone(room.told("x")[0])  # though the caller ended right after cancelling


# ---- what outlives what


@pytest.mark.parametrize("end", ["SIGKILL", "exit"])
def test_worker_outlives_its_caller(room: Room, fresh: bool, end: str) -> None:
    """It finishes, though it prints to where nobody reads any more; then its server is gone too."""
    room.program(
        "tell('pids', [os.getpid(), os.getppid()]); wait('go')\n"
        "print('x' * 200_000)\nprint('x' * 200_000, file=sys.stderr)\ntell('finished')"
    )
    code = f"""
import io, sys
from telling import wait
from thds.mops.shims.subprocess import Subprocess
sys.stderr = io.StringIO()
Subprocess(entry="program:main", fresh={fresh})(["a"])
wait("end")
"""
    caller = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    )
    worker, server = room.told("pids")
    assert (server == caller.pid) == fresh
    if end == "exit":
        room.tell("end")
    else:
        caller.kill()
    assert caller.stdout is not None
    caller.stdout.close()
    caller.wait(PATIENCE_S)
    assert caller.returncode == (0 if end == "exit" else -9)
    room.tell("go")
    room.told("finished")
    assert gone(worker)
    assert gone(server)


def test_idle_server_ends_with_its_caller(room: Room, run_python: RunPython) -> None:
    """Nothing remains, and the caller's pipes are not held open."""
    room.program("print(os.getppid())")
    ended = run_python(
        "from thds.mops.shims.subprocess import Subprocess\nSubprocess(entry='program:main')(['a']).result()"
    )
    assert gone(int(ended.out))


def test_forked_caller(room: Room) -> None:
    """A process forked from this one starts a server of its own, and this one keeps its own."""
    server = parent(room)
    pending = threading.Event()
    room.program("tell('began'); wait('go')")
    mine = room.call()
    room.told("began")
    mine.add_done_callback(lambda _: pending.set())
    process = multiprocessing.get_context("fork").Process(target=_in_forked_caller, args=(room,))
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
    assert room.told("theirs") not in (server, os.getpid())
    assert not pending.is_set()
    room.tell("go")
    assert mine.result(PATIENCE_S) is None


def _in_forked_caller(room: Room) -> None:
    room.write("other", "import os\nfrom telling import tell\ndef main(argv): tell('theirs', os.getppid())")
    Subprocess(entry="other:main")(["a"]).result(PATIENCE_S)


def test_workers_that_start_workers(room: Room) -> None:
    """A forked worker is a caller like any other."""
    room.program(
        "if argv[0] == '0': tell('deep')\n"
        "else:\n"
        "        from thds.mops.shims.subprocess import Subprocess\n"
        "        Subprocess(entry='program:main')([str(int(argv[0]) - 1)]).result()"
    )
    room.run("2")
    room.told("deep")
