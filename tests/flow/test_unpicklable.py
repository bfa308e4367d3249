"""Unpicklable arguments and results: an error naming the argument and the path inside it."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import UnpicklableResultError

RAN: list[object] = []
OPEN: list[Any] = []


class Model:
    def __init__(self) -> None:
        self.weights = [1, 2]
        self.lock = threading.Lock()


@pure.magic()
def fit(x: int) -> Any:
    RAN.append(x)
    return {"score": 1.0, "models": [None, Model()]}


def test_a_result_names_the_path_and_is_not_lost(root: Path) -> None:
    """The function ran for ten hours: its value is in the error, in this process."""
    assert root
    RAN.clear()
    with pytest.raises(UnpicklableResultError) as caught:
        fit(1)
    assert "result['models'][1].lock" in str(caught.value)
    assert "fit" in str(caught.value)
    assert fit.memo_uri(1) in str(caught.value)
    assert caught.value.path == "result['models'][1].lock"  # type: ignore[attr-defined]
    assert caught.value.value["score"] == 1.0
    with pytest.raises(UnpicklableResultError):
        fit(1)
    assert RAN == [1, 1]


@pytest.mark.parametrize(
    "value", [lambda: (x for x in "ab"), threading.Lock, lambda: [threading.local()], socket.socket]
)
def test_other_things_that_cannot_be_stored(root: Path, value: Any) -> None:
    """Generators, locks, sockets."""
    assert root

    @pure.magic(ignore=["make"])
    def give(make: Any) -> Any:
        return make()

    with pytest.raises(UnpicklableResultError, match="result") as caught:
        give(value)
    getattr(caught.value.value, "close", lambda: None)()


def test_an_open_file_cannot_be_stored(root: Path) -> None:
    """It would come back as something else: the text it had, or nothing."""
    assert root

    @pure.magic()
    def opened(name: str) -> Any:
        OPEN.append(open(name))  # noqa: SIM115
        return OPEN[-1]

    try:
        with pytest.raises(UnpicklableResultError):
            opened("/dev/null")
    finally:
        OPEN.pop().close()


def test_a_result_in_a_subprocess(run_python: Any) -> None:
    """The same error here, with the traceback from there."""
    run_python(
        """
import socket
import threading
from lab import *
from thds.mops.errors import UnpicklableResultError
@pure.magic('subprocess')
def fit(x):
    tick()
    return {"lock": [threading.Lock()]}
for _ in range(2):
    try:
        fit(1)
    except UnpicklableResultError as error:
        assert "result['lock'][0]" in str(error) and error.path == "result['lock'][0]"
    else:
        raise AssertionError
assert ticks() == 2
"""
    )


def test_an_argument_names_itself_and_the_path(run_python: Any) -> None:
    """Nothing was started, and nothing is left behind; under `samethread` the same call works."""
    run_python(
        """
import socket
import threading
from lab import *
from thds.mops.errors import UnpicklableArgumentError

class Config:
    def __init__(self): self.callbacks = [1, {"a": threading.Lock()}]
    def __mops_key__(self): return "config"

@pure.magic('subprocess', ignore=["conn"])
def work(cfg, conn=None):
    tick()
    return 1

for args, path in [((Config(),), "cfg.callbacks[1]['a']"), ((1, [threading.Lock()]), "conn[0]")]:
    for ask in work, lambda *args: work.submit(*args).result():
        try:
            ask(*args)
        except UnpicklableArgumentError as error:
            assert f"`{path}`" in str(error) and error.path == path, error
            assert "work" in str(error) and "subprocess" in str(error)
        else:
            raise AssertionError
assert not ticks()
left = [file.name for file in ROOT.rglob("*.*") if file.suffix in (".invocation", ".result")]
assert left == [], left
with work.shim("samethread"):
    assert work(Config()) == 1
"""
    )


def test_waiters_in_this_process_are_told(root: Path) -> None:
    """They do not get the value: theirs would have to be a copy."""
    assert root
    go = threading.Event()

    @pure.magic(ignore=["event"])
    def slow(event: Any) -> Any:
        RAN.append("slow")
        assert event.wait(30)
        return threading.Lock()

    RAN.clear()
    with ThreadPoolExecutor(2) as pool:
        calls: list[Future[Any]] = [pool.submit(slow, go) for _ in range(2)]
        from thds.mops.futures import IN_FLIGHT

        while sum(execution.waiters for execution in IN_FLIGHT._running.values()) < 2:
            pass
        go.set()
        errors = [call.exception() for call in calls]
    assert all(isinstance(error, UnpicklableResultError) for error in errors)
    assert RAN == ["slow"]
