"""A folder with programs that stand in for the worker, and what they tell the test."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from thds.mops.shims.subprocess import Subprocess

PATIENCE_S = 60

#: What programs import: where they leave word.
TELLING = '''
import json, os
from pathlib import Path

HERE = Path(__file__).parent

def tell(name, value=None):
    """Leave a value for whoever asks for `name`."""
    temporary = HERE / f"{name}.{os.getpid()}"
    temporary.write_text(json.dumps(value))
    temporary.rename(HERE / f"{name}.told")

def wait(name):
    import time
    while not (HERE / f"{name}.told").exists():
        time.sleep(0.002)
'''


class Room:
    """`program.py` in `folder` is run by workers, which find its modules on `sys.path`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("telling", TELLING)

    def write(self, module: str, text: str) -> Path:
        file = self.folder / f"{module}.py"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        return file

    def program(self, body: str) -> None:
        """`body` is that of `main(argv)`, in which `tell` and `wait` are known; it ends with code 0."""
        lines = "\n    ".join(line for line in body.strip("\n").split("\n"))
        self.write(
            "program",
            f"import os, sys\nfrom telling import tell, wait\ndef main(argv):\n    {lines}\n    return 0\n",
        )

    def call(
        self, *arguments: str, modules: Sequence[str] = (), fresh: bool = False, entry: str = "program:main"
    ) -> Future[None]:
        return Subprocess(modules, entry=entry, fresh=fresh)(arguments)

    def run(self, *arguments: str, **how: Any) -> None:
        assert self.call(*arguments, **how).result(PATIENCE_S) is None

    def tell(self, name: str, value: object = None) -> None:
        (self.folder / f"{name}.test").write_text(json.dumps(value))
        (self.folder / f"{name}.test").rename(self.folder / f"{name}.told")

    def told(self, name: str) -> Any:
        """What was told, once: it is forgotten then."""
        file = self.folder / f"{name}.told"
        until = time.monotonic() + PATIENCE_S
        while not file.exists():
            assert time.monotonic() < until, f"nobody told {name}"
            time.sleep(0.002)
        value = json.loads(file.read_text())
        file.unlink()
        return value


def gone(pid: int) -> bool:
    """Wait until a process has ended; it may still be there as a zombie of a parent that does not look."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.syspath_prepend(tmp_path)
    yield Room(tmp_path)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(params=["forked", "fresh"])
def fresh(request: pytest.FixtureRequest) -> bool:
    """Whether a worker gets a new interpreter: what holds for one kind of worker holds for the other."""
    return bool(request.param == "fresh")
