"""Each test of this room starts with an empty tree and an empty context, and leaves none of its own behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from thds.mops.config.context import CallContext, entered
from thds.mops.config.settings import LEASE_PERIOD_VARIABLE
from thds.mops.config.tree import TREE

PrintedBy = Callable[..., str]


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(LEASE_PERIOD_VARIABLE, raising=False)
    with TREE.isolated(), entered(CallContext()):
        yield


@pytest.fixture
def printed_by(tmp_path: Path) -> PrintedBy:
    """Runs a new interpreter in `tmp_path`, where it finds modules too; what it printed. Fails if it failed."""

    def run(*arguments: str) -> str:
        paths = [str(tmp_path), *(path for path in sys.path if path)]
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def write_files(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write
