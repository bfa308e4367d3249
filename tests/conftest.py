"""What the tests of all rooms share: settings of their own, a blob root of their own, and other processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.config.context import CallContext, entered
from thds.mops.config.tree import TREE

SOURCES = Path(__file__).parents[1] / "src"
#: Nothing here takes this long; a test that waits longer has failed.
PATIENCE_S = 60

#: What scripts in a workspace import: a blob root beside them, marks that are counted, and signals between processes.
LAB = '''
import os, threading, time
from pathlib import Path

from thds.mops import pure

HERE = Path(__file__).parent
ROOT = HERE / "root"
pure.magic.blob_root(ROOT, "")


def tick(name="ran"):
    """One more mark; several processes may make them at once."""
    file = os.open(HERE / f"{name}.ticks", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, b"x")
    os.close(file)


def ticks(name="ran"):
    file = HERE / f"{name}.ticks"
    return file.stat().st_size if file.exists() else 0


def tell(name, text=""):
    """Let whoever waits for `name` go on, and tell them `text`."""
    temporary = HERE / f"{name}.{os.getpid()}.{threading.get_ident()}"
    temporary.write_text(str(text))
    temporary.rename(HERE / f"{name}.told")


def wait(name):
    until = time.monotonic() + 60
    while not (HERE / f"{name}.told").exists():
        assert time.monotonic() < until, f"nobody told {name}"
        time.sleep(0.005)
    return (HERE / f"{name}.told").read_text()
'''


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings of another, nor the home directory of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in [name for name in os.environ if name.startswith("MOPS_")]:
        monkeypatch.delenv(name)
    with TREE.isolated(), entered(CallContext()):
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The blob root of all functions in this process, for this test."""
    folder = tmp_path / "root"
    pure.magic.blob_root(folder, "")
    return folder


RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


class Workspace:
    """A directory with scripts and modules, and processes that run them there. `lab.py` is in it already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.write({"lab.py": LAB})

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def _command(self, what: tuple[str | Path, ...], python: tuple[str, ...]) -> list[str]:
        first, *others = map(str, what)
        if "\n" in first or " " in first:
            return [*python, "-c", first, *others]
        return [*python, first, *others]

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        paths = [str(self.folder), str(SOURCES)]
        return {
            **os.environ,
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": "random",
            # Tests write a module again within a second and with the same size: Python would take the older bytecode.
            "PYTHONDONTWRITEBYTECODE": "1",
            **env,
        }

    def start(
        self,
        *what: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        python: tuple[str, ...] = (sys.executable, "-W", "error"),
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """A fresh interpreter; it is killed with the test if it has not ended by then. `what`: code (it has spaces),
        or a script or `-m module`, and arguments."""
        process = subprocess.Popen(
            self._command(what, python),
            cwd=cwd or self.folder,
            env=self._environment(env or {}),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def run(self, *what: str | Path, check: bool = True, text: str | None = None, **options: Any) -> Ended:
        """What it printed, when it has ended."""
        stdin = subprocess.DEVNULL if text is None else subprocess.PIPE
        return self.end(self.start(*what, stdin=stdin, **options), check=check, text=text)

    def end(self, process: subprocess.Popen[str], *, check: bool = True, text: str | None = None) -> Ended:
        try:
            out, err = process.communicate(text, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill(process)
            raise AssertionError(f"it hangs: {process.args}") from None
        if check:
            assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
        return Ended(process.returncode, out.rstrip("\n"), err)

    def ticks(self, name: str = "ran") -> int:
        file = self.folder / f"{name}.ticks"
        return file.stat().st_size if file.exists() else 0

    def tell(self, name: str, text: str = "") -> None:
        (self.folder / f"{name}.test").write_text(text)
        (self.folder / f"{name}.test").rename(self.folder / f"{name}.told")

    def wait(self, name: str) -> str:
        until = time.monotonic() + PATIENCE_S
        while not (self.folder / f"{name}.told").exists():
            assert time.monotonic() < until, f"nobody told {name}"
            time.sleep(0.005)
        return (self.folder / f"{name}.told").read_text()

    def blobs(self, kind: str = "result") -> list[Path]:
        return sorted(self.root.rglob(f"*.{kind}"))

    def close(self) -> None:
        for process in self.processes:
            self.kill(process)

    def kill(self, process: subprocess.Popen[str]) -> None:
        """With all it started. Its pipes are closed, not read to the end: who outlives it may hold them open."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


class Ended:
    """How a process ended. `out` is without its last line end."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def lines(self) -> list[str]:
        return self.out.split("\n") if self.out else []


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def run_python(workspace: Workspace) -> Callable[..., Ended]:
    """`run_python(code_or_path, *arguments, cwd=, env=, check=)`: a fresh interpreter in which warnings are errors."""
    return workspace.run
