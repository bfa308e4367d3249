"""The code on the pages of docs/ and in the README runs, and prints what the pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(python|toml)\n(.*?)^```", re.M | re.S)
FILE = re.compile(r"# (\S+\.(?:py|toml))\n")
SHOWN = re.compile(r"# -> (.*)$", re.M)


def _unpack(page: Path, folder: Path) -> tuple[str, list[str]]:
    """Blocks that begin with a file's name become that file; the others are one script."""
    script: list[str] = []
    for _, code in FENCE.findall(page.read_text()):
        name = FILE.match(code)
        if name is None:
            script.append(code)
            continue
        path = folder / name[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    text = "\n".join(script)
    return text, SHOWN.findall(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page: Path, tmp_path: Path) -> None:
    """Each page is one script in a process of its own, with an empty home."""
    script, shown = _unpack(page, tmp_path)
    path = tmp_path / f"{page.stem.lower()}.py"
    path.write_text(script)
    env = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if shown:
        assert done.stdout.splitlines() == shown


def test_the_readme_quickstart_is_short() -> None:
    """At most 15 lines."""
    code = FENCE.findall((ROOT / "README.md").read_text())[0][1]
    assert len(code.strip().splitlines()) <= 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """Links to files lead to files."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
