"""What every shim promises, as tests. For writers of shims: subclass, give the fixture `shim`, run pytest.

    class TestMyShim(ShimContract):
        @pytest.fixture
        def shim(self) -> Shim:
            return MyShim(program=ShimContract.PROGRAM)

What the tests need to know of a worker, and to tell it, goes through files: for a shim that runs workers on another
machine, override the fixture `folder` with a place that both sides see under the same path.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import pytest

from thds.mops.errors import ShimError
from thds.mops.shims.base import Shim
from thds.mops.worker.exit_codes import CLAIM_LOST, FUNCTION_RAISED, RESULT_STORED

#: Nothing here takes this long; a test that waits longer has failed.
PATIENCE_S: Final = 60.0

_AWKWARD = (
    "",
    " ",
    "two words",
    "a\nb",
    "'\"\\$HOME `id`*?;&|<>(){}#!~%",
    "--help",
    "-",
    "--",
    "äöü €  😀",
    "key=value",
    "x" * 50_000,
)


class ShimContract:
    """For shims that run a worker anywhere, this thread included."""

    #: The program that the shim under test runs in the worker's place, a `module:function` as our worker's own.
    PROGRAM: Final = "thds.mops.testing.shim_program:main"

    @pytest.fixture
    def shim(self) -> Shim:
        """One that runs `PROGRAM`."""
        raise NotImplementedError("a contract's subclass gives it its shim")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """An empty folder that workers see under the same path."""
        return tmp_path

    @pytest.mark.parametrize("code", [RESULT_STORED, FUNCTION_RAISED, CLAIM_LOST])
    def test_orderly_end(self, shim: Shim, folder: Path, code: int) -> None:
        """A worker that ends as it should is None, returned or as a future's result, and then it has run."""
        assert outcome(shim, folder, "exit", str(code)) is None
        assert heard(folder, "exit") is not None

    def test_arguments_are_passed_exactly(self, shim: Shim, folder: Path) -> None:
        """Their number, order and every character, whatever a shell or a command line would make of them."""
        outcome(shim, folder, "note", *_AWKWARD)
        assert heard(folder, "note") == [str(folder), "note", *_AWKWARD]

    def test_arguments_may_be_any_sequence(self, shim: Shim, folder: Path) -> None:
        """A tuple serves as well as a list, and a list is left as it was."""
        finished(shim((str(folder), "note", "a")))
        given = [str(folder), "note", "b"]
        finished(shim(given))
        assert given == [str(folder), "note", "b"]
        assert heard(folder, "note") == given

    @pytest.mark.parametrize("code", [1, 2, 3, 127])
    def test_failure_is_reported(self, shim: Shim, folder: Path, code: int) -> None:
        """A worker that ends in any other way is a `ShimError` which says how, raised or as the future's exception."""
        with pytest.raises(ShimError) as failure:
            outcome(shim, folder, "exit", str(code))
        assert str(code) in failure.value.reported  # type: ignore[attr-defined]
        assert str(folder) in failure.value.memo_uri  # type: ignore[attr-defined]

    def test_many_at_once(self, shim: Shim, folder: Path) -> None:
        """Calls from many threads do not mix up."""
        folders = [folder / str(number) for number in range(16)]
        answers: list[object] = []

        def call(own: Path) -> None:
            own.mkdir()
            answers.append(outcome(shim, own, "note", own.name))

        threads = [threading.Thread(target=call, args=(own,)) for own in folders]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE_S)
        assert answers == [None] * len(folders)
        assert [heard(own, "note") for own in folders] == [[str(own), "note", own.name] for own in folders]


class ProcessShimContract(ShimContract):
    """For shims that return futures, of workers in processes of their own."""

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
    def test_crash_is_reported(self, shim: Shim, folder: Path, number: signal.Signals) -> None:
        """A worker that is killed is a `ShimError` that names the signal."""
        with pytest.raises(ShimError) as failure:
            outcome(shim, folder, "crash", str(int(number)))
        assert number.name in failure.value.reported  # type: ignore[attr-defined]

    def test_returns_before_the_worker_ends(self, shim: Shim, folder: Path) -> None:
        """The future is there while the worker runs, and resolves when it has ended."""
        future = shim([str(folder), "wait", "go"])
        assert isinstance(future, Future)
        assert until_heard(folder, "wait")
        assert not future.done()
        (folder / "go").touch()
        assert future.result(PATIENCE_S) is None

    def test_cancel_stops_a_running_worker(self, shim: Shim, folder: Path) -> None:
        """If it says True, the future is cancelled and the worker does not go on."""
        future = shim([str(folder), "wait", "never"])
        assert isinstance(future, Future)
        assert until_heard(folder, "wait")
        if future.cancel():
            assert future.cancelled()
            assert future.done()
            assert outcome(shim, folder, "note") is None  # others are not concerned

    def test_cancel_is_too_late_at_the_end(self, shim: Shim, folder: Path) -> None:
        """A future that is done stays as it is."""
        future = shim([str(folder), "note"])
        assert isinstance(future, Future)
        assert future.result(PATIENCE_S) is None
        assert not future.cancel()
        assert not future.cancelled()


def outcome(shim: Shim, folder: Path, *arguments: str) -> object:
    """What the shim answers, when it has."""
    return finished(shim([str(folder), *arguments]))


def finished(answer: Future[None] | None) -> object:
    return answer.result(PATIENCE_S) if isinstance(answer, Future) else answer


def heard(folder: Path, action: str) -> object:
    """The arguments that a worker noted, or None."""
    file = folder / f"{action}.json"
    return json.loads(file.read_text()) if file.exists() else None


def until_heard(folder: Path, action: str) -> bool:
    """Wait for a worker to begin."""
    until = time.monotonic() + PATIENCE_S
    while heard(folder, action) is None:
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
