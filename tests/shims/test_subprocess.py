"""How workers end, and how they are stopped."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from typing import Any

import pytest

from thds.mops.errors import ShimError
from thds.mops.shims.subprocess import Subprocess, build
from thds.mops.worker.exit_codes import ORDERLY

from .conftest import PATIENCE_S, Room, gone

CRASHES = {
    "os._exit(3)": "exit code 3",
    "sys.exit(4)": "exit code 4",
    "sys.exit('no more')": "exit code 1",
    "sys.exit(83)": "exit code 83",
    "raise RuntimeError('boom')": "exit code 1",
    "raise KeyboardInterrupt": "exit code 130",
    "os.kill(os.getpid(), 9)": "killed by SIGKILL (signal 9)",
    "os.kill(os.getpid(), 11)": "killed by SIGSEGV (signal 11)",
    "import ctypes; ctypes.string_at(0)": "killed by SIGSEGV (signal 11)",
}


def test_crash(room: Room, fresh: bool) -> None:
    """Whatever ends a worker other than in an orderly way is an error that says what it was."""
    room.program("exec(argv[0])")
    calls = {body: room.call(body, fresh=fresh) for body in CRASHES}
    for body, reported in CRASHES.items():
        crash = calls[body].exception(PATIENCE_S)
        assert isinstance(crash, ShimError)
        assert crash.reported.startswith(reported)  # type: ignore[attr-defined]
        assert reported in str(crash)
        assert body in str(crash)


def test_killed_names_memory(room: Room, fresh: bool) -> None:
    """SIGKILL out of nowhere is what running out of memory looks like: the error says so, and how much was used."""
    room.program("block = bytearray(60_000_000)\nos.kill(os.getpid(), 9)")
    with pytest.raises(ShimError, match=r"having used up to \d+ MB; out of memory\?"):
        room.run(fresh=fresh)


def test_error_names_the_call(room: Room) -> None:
    """From what our worker is given, the memo's address is told, also after pickling."""
    room.program("os._exit(3)")
    with pytest.raises(ShimError) as crash:
        room.run("file:///root", "mops/1/magic/m.f/ab/abcd.claim.invocation")
    again = pickle.loads(pickle.dumps(crash.value))
    assert again.memo_uri == "file:///root/mops/1/magic/m.f/ab/abcd.result"
    assert again.reported == "exit code 3"


@pytest.mark.parametrize("code", sorted(ORDERLY))
def test_orderly(room: Room, code: int) -> None:
    """The exit codes that say an outcome is, or will be, in the store are no error."""
    room.program(f"return {code}")
    room.run()


def test_what_a_worker_raises_is_shown(room: Room, fresh: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """A traceback goes to standard error."""
    room.program("raise RuntimeError('boom')")
    with pytest.raises(ShimError):
        room.run(fresh=fresh)
    shown = capfd.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert shown.endswith("RuntimeError: boom\n")


def test_what_an_interpreter_does_at_its_end(
    room: Room, fresh: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Threads are waited for, exit handlers run, and what is buffered is written, in this order; C's buffers too."""
    room.program(
        """
import atexit, ctypes, threading, time
atexit.register(print, "handler")
threading.Thread(target=lambda: (wait("go"), print("thread"))).start()
ctypes.CDLL(None).puts(b"from C")
print("main")
tell("ready")
"""
    )
    future = room.call(fresh=fresh)
    room.told("ready")
    assert not future.done()
    room.tell("go")
    future.result(PATIENCE_S)
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if line != "from C"] == ["main", "thread", "handler"]
    assert "from C" in lines


@pytest.mark.parametrize(("fresh", "ignoring"), [(True, False), (False, False), (False, True)])
def test_cancel_ends_the_process_group(room: Room, fresh: bool, ignoring: bool) -> None:
    """A running worker and what it has started are ended, killed if they do not want to."""
    room.program(
        """
import signal, subprocess, time
if argv[0] == "True":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"])
tell("pids", [os.getpid(), child.pid])
time.sleep(1000)
"""
    )
    future = room.call(str(ignoring), fresh=fresh)
    pids = room.told("pids")
    assert future.running()
    assert future.cancel()
    assert future.cancelled()
    assert future.done()
    assert not future.running()
    assert wait([future], timeout=PATIENCE_S).done == {future}
    with pytest.raises(CancelledError):
        future.result()
    assert all(gone(pid) for pid in pids)
    assert future.cancel()  # it stays cancelled


def test_cancel_lets_a_worker_tidy_up(room: Room, fresh: bool) -> None:
    """It is asked first, and has a moment."""
    room.program(
        """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: (tell("tidied"), os._exit(0)))
tell("ready")
time.sleep(1000)
"""
    )
    future = room.call(fresh=fresh)
    room.told("ready")
    assert future.cancel()
    room.told("tidied")


def test_cancel_before_it_has_started(room: Room) -> None:
    """A call that is cancelled at once leaves nothing behind, and others are not concerned."""
    room.program("tell(argv[0])")
    futures = [room.call("a") for _ in range(20)]
    assert all(each.cancel() or each.done() for each in futures)
    room.run("b")
    room.told("b")


def test_cancel_is_too_late_for_a_crash(room: Room) -> None:
    """A future that has its error keeps it."""
    room.program("os._exit(3)")
    future = room.call()
    assert isinstance(future.exception(PATIENCE_S), ShimError)
    assert not future.cancel()


def test_callbacks_may_start_workers(room: Room) -> None:
    """They run in the thread that watches, which goes on meanwhile."""
    room.program("tell(argv[0])")
    room.call("first").add_done_callback(lambda _: room.call("second"))
    room.told("second")


def test_64_threads_at_once(room: Room) -> None:
    """Each gets its own worker, and one server serves them all."""
    room.program("tell(argv[0], os.getppid())")
    room.run("warm")
    server = room.told("warm")
    start = threading.Barrier(64)

    def one(number: int) -> None:
        start.wait(PATIENCE_S)
        room.run(str(number))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(64)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE_S)
    assert [room.told(str(number)) for number in range(64)] == [server] * 64


@pytest.mark.parametrize("redirected", [False, True])
def test_hundreds_at_once_with_few_file_descriptors(
    room: Room, run_python: Callable[..., Any], redirected: bool
) -> None:
    """Calls that wait or run take up no file descriptors of this process."""
    room.program(r"sys.stdout.write('worker\n')")
    code = """
import contextlib, io, resource, sys
from thds.mops.shims.subprocess import Subprocess
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
text = io.StringIO()
with contextlib.redirect_stdout(text if REDIRECTED else sys.stdout):
    futures = [Subprocess(entry="program:main")([str(n)]) for n in range(200)]
    print("all begun")
for each in futures:
    each.result()
sys.stdout.write(text.getvalue())
""".replace("REDIRECTED", str(redirected))
    assert sorted(run_python(code).lines) == ["all begun", *["worker"] * 200]


def test_no_thread_remains(room: Room) -> None:
    """Between calls nothing of ours runs in this process: it may fork as it likes."""
    room.program("pass")
    futures = [room.call() for _ in range(3)]
    watchers = [each for each in threading.enumerate() if each.name == "mops-subprocess"]
    assert len(watchers) <= 1
    for each in futures:
        each.result(PATIENCE_S)
    for each in watchers:
        each.join(PATIENCE_S)
        assert not each.is_alive()


def test_interpreter_that_cannot_be_started(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no interpreter, the error names it."""
    monkeypatch.setattr(sys, "executable", str(room.folder / "nothing"))
    with pytest.raises(ShimError, match="No such file") as failure:
        room.run()
    assert "nothing" in failure.value.hint


def test_arguments_that_are_not_text(room: Room) -> None:
    """A mistake of whoever calls the shim is raised where it was made."""
    with pytest.raises(TypeError, match="str"):
        room.call(3)  # type: ignore[arg-type]


def test_children_that_others_reap(room: Room, fresh: bool) -> None:
    """Where this program ignores its children's end, their exit codes are lost, but not their end."""
    room.program("return 0")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        room.run(fresh=fresh)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_worker_leads_a_process_group(room: Room, fresh: bool) -> None:
    """Ctrl-C in the terminal does not reach it."""
    room.program("tell('ids', [os.getpid(), os.getpgid(0)])")
    room.run(fresh=fresh)
    pid, group = room.told("ids")
    assert pid == group != os.getpgid(0)


def test_builder() -> None:
    """The builder's shims have a readable repr that names what will be imported beforehand."""
    assert isinstance(shim := build(Room.run, (), {}), Subprocess)
    assert repr(shim).startswith("subprocess(")
