"""Packages as the seed writes them, as files on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

#: The toy of the seed, `from .k8s_conf import k8s_shim`: a function that makes shims, here of this machine.
K8S_CONF = """
import functools
from thds.mops.worker.run import main

class Shim:
    def __init__(self, cpus):
        self.cpus = cpus
    def __call__(self, args):
        import subprocess, sys
        subprocess.run([sys.executable, "-m", "thds.mops.worker", *args], check=True)
    def __repr__(self):
        return f"k8s(cpus={self.cpus})"

def k8s_shim(cpus):
    return Shim(cpus)
"""

#: Run before what a test says: `show` prints what is in force for a function, and where that was contacted: never.
SHOW = """
import json
from thds.mops import pure
from thds.mops.config.context import current
from thds.mops.config.settings import resolve

def show(*functions):
    for function in functions:
        path = function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"
        settings = resolve(path, current().overrides)
        # What `repr` shows is what is in force.
        assert isinstance(function, str) or all(
            str(said) in repr(function) for said in (settings.shim, settings.blob_root, settings.pipeline_id)
        ), repr(function)
        root = None if settings.root_is_default else settings.blob_root.uri()
        print(json.dumps([str(settings.shim).strip("'"), root, settings.pipeline_id]))
"""


@pytest.fixture
def package(workspace: Any) -> Callable[[dict[str, str]], Any]:
    """Writes a package, with an empty `__init__.py` in each folder that has none."""

    def write(files: dict[str, str]) -> Any:
        workspace.write({"show.py": SHOW, "foo/bar/k8s_conf.py": K8S_CONF, **files})
        for folder in [workspace.folder / "foo", *(workspace.folder / "foo").rglob("*")]:
            if folder.is_dir() and folder.name != "__pycache__":
                (folder / "__init__.py").touch()
        return workspace

    return write


@pytest.fixture
def in_force(package: Callable[[dict[str, str]], Any]) -> Callable[..., list[list[str]]]:
    """`in_force(files, code)`: (shim, blob root, pipeline id) of each function that the code shows."""

    def ask(files: dict[str, str], code: str) -> list[list[str]]:
        done = package(files).run(f"from show import *\n{code}")
        return [json.loads(line) for line in done.lines]

    return ask
