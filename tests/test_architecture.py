"""The shape of the code: layers, the cost of the import, the public names, sizes, and what is in no committed file."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PUBLIC = ["thds.mops", "thds.mops.k8s", "thds.mops.pure"]

#: Each takes a millisecond or more to load, and is needed by some calls only, by then.
TOO_DEAR = {
    "ast",
    "asyncio",
    "concurrent.futures",
    "ctypes",
    "dataclasses",
    "datetime",
    "importlib.metadata",
    "inspect",
    "json",
    "logging",
    "multiprocessing",
    "pathlib",
    "socket",
    "subprocess",
    "tempfile",
    "tomllib",
    "urllib",
    "uuid",
}


def run_python(code: str) -> str:
    """What it prints, in a fresh interpreter that finds this checkout's package."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def test_imports_flow_down() -> None:
    """The contracts in `.importlinter` hold."""
    run_python("import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")


@pytest.mark.parametrize("name", ["k8s", "pure"])
def test_import_is_cheap(name: str) -> None:
    """`from thds.mops import pure` loads no third-party module, and none of the standard library's dear ones."""
    code = "import sys; before = set(sys.modules); from thds.mops import {}; print(*sorted(set(sys.modules) - before))"
    loaded = set(run_python(code.format(name)).split())
    outside = {
        module for module in loaded if module.partition(".")[0] not in {*sys.stdlib_module_names, "thds"}
    }
    assert outside == set()
    assert loaded & TOO_DEAR == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_those_announced(name: str) -> None:
    """`__all__` is sorted, its names can be imported, and nothing else of ours is there without an underscore."""
    module = importlib.import_module(name)
    announced = module.__all__
    assert announced == sorted(announced)
    for each in announced:
        assert getattr(module, each) is not None
    found = {each for each, value in vars(module).items() if not each.startswith("_") and _is_ours(value)}
    assert found == {each for each in announced if not each.startswith("_")}


def _is_ours(value: object) -> bool:
    """Defined in this package (an instance: its class), not a module, and not a helper from elsewhere."""
    place: object = getattr(value, "__module__", type(value).__module__)
    return not isinstance(value, ModuleType) and str(place).startswith("thds.")


def test_files_and_functions_are_small() -> None:
    """No file over 400 lines, no function over 60."""
    too_long = []
    for file in python_files("src", "examples", "benchmarks"):
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > 400:
            too_long.append(str(file))
        for node in ast.walk(ast.parse(text)):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and (node.end_lineno or 0) - node.lineno >= 60:
                too_long.append(f"{file}:{node.lineno}")
    assert too_long == []


def test_committed_files_name_no_index_and_no_place_on_this_machine() -> None:
    """What works only behind one package index or in one directory must not be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: what is committed cannot be known")
    index = "(pypi|pythonhosted)" + r"[.]org|--(extra-)?index" + "-url"
    forbidden = re.compile(f"{index}|{re.escape(str(ROOT))}")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and (match := forbidden.search(file.read_text(encoding="utf-8", errors="replace"))):
            found.append(f"{name}: {match.group()}")
    assert found == []
