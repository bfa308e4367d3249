"""Runs the examples as a user does: as programs of their own, with a home directory of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Run:
    """What an example printed. `counts`: (computed, reused) by function, from the table at its end."""

    def __init__(self, output: str) -> None:
        self.lines = output.splitlines()
        start = next(number for number, line in enumerate(self.lines) if line.split()[:1] == ["function"])
        columns = self.lines[start].split()
        computed, reused = columns.index("computed"), columns.index("reused")
        rows = [line.split() for line in self.lines[start + 1 :] if line]
        self.counts = {row[0].rpartition(".")[2]: (int(row[computed]), int(row[reused])) for row in rows}
        self.computed = sum(computed for computed, _ in self.counts.values())


class Home:
    """An empty home directory, in which the examples find and leave their memos."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, example: str, *arguments: object) -> subprocess.Popen[str]:
        source = str(EXAMPLES.parent / "src")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MOPS")}
        return subprocess.Popen(
            [sys.executable, str(EXAMPLES / example), *map(str, arguments)],
            cwd=self.folder,
            env={**kept, "HOME": str(self.folder), "PYTHONPATH": source},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, example: str, *arguments: object) -> Run:
        """Fails if there is anything on stderr: a warning, a log line."""
        process = self.start(example, *arguments)
        output, errors = process.communicate(timeout=100)
        assert (process.returncode, errors) == (0, "")
        return Run(output)

    def results(self, function: str) -> int:
        """How many results of the function there are."""
        return len([*self.folder.glob(f".mops/**/*{function}*/*/*.result")])

    def kill_everything(self) -> None:
        """SIGKILL to every process that has this home, workers and whatever forks them included, until none is left."""
        while processes := [process for process in psutil.process_iter() if self._is_ours(process)]:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            time.sleep(
                0.01
            )  # not psutil's wait: it would take the exit code from whoever started the process

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.environ().get("HOME") == str(self.folder)
        except psutil.Error:  # gone, or another user's
            return False


@pytest.fixture(scope="module")
def make_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Home]:
    return lambda: Home(tmp_path_factory.mktemp("home"))
