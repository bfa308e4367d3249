"""Names of classes and functions in `__main__`, which is another module in every program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

DEFINE = """
class Config:
    def __init__(self, a):
        self.a = a
    def method(self):
        return {body}
def helper():
    return {body}
"""
SHOW = """
import sys
from thds.mops.callkey.canonical import digest
if __name__ == "__main__":
    for value in (Config(1), Config, helper, Config(1).method, sys.modules[__name__]):
        print(digest(value, "x").hex())
"""


def shown(run_python: Callable[..., Any], *what: str, cwd: Path, body: int = 1, file: str = "") -> list[str]:
    text = DEFINE.format(body=body) + SHOW
    if not file:
        return run_python(text, cwd=cwd).lines  # type: ignore[no-any-return]
    (cwd / file).write_text(text)
    return run_python(*what, cwd=cwd).lines  # type: ignore[no-any-return]


def test_scripts_of_different_names_stay_apart(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """A class of one script is not that of another; what its methods do is code, and not in the key."""
    one = shown(run_python, "one.py", cwd=tmp_path, file="one.py")
    other = shown(run_python, "other.py", cwd=tmp_path, file="other.py")
    assert not set(one) & set(other)
    assert shown(run_python, "one.py", cwd=tmp_path, file="one.py", body=2) == one


def test_module_run_as_main_is_the_module(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """`python -m mod` and `import mod` give values of one name."""
    as_main = shown(run_python, "-m", "mod", cwd=tmp_path, file="mod.py")
    imported = """
import mod
from thds.mops.callkey.canonical import digest
for value in (mod.Config(1), mod.Config, mod.helper, mod.Config(1).method, mod):
    print(digest(value, "x").hex())
"""
    assert run_python(imported, cwd=tmp_path).lines == as_main


def test_without_a_file_the_definition_counts(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """In a notebook, or under `python -c`, nothing else could tell two classes of one name apart."""
    one, again = (shown(run_python, cwd=tmp_path) for _ in range(2))
    other = shown(run_python, cwd=tmp_path, body=2)
    assert one == again
    assert [a == b for a, b in zip(one, other, strict=True)] == [False, False, False, False, True]


def test_main_of_another_program(run_python: Callable[..., Any], tmp_path: Path) -> None:
    """A process that has another program's `__main__` by value can say so: then its names stay what they were."""
    script = shown(run_python, "train.py", cwd=tmp_path, file="train.py")
    worker = f"""
import sys
sys.modules["__main__"].__mops_main__ = "__main__.train.py"
scope = {{"__name__": "__main__", "__builtins__": __builtins__}}
exec(compile({DEFINE.format(body=1)!r}, "train.py", "exec"), scope)
from thds.mops.callkey.canonical import digest
Config, helper = scope["Config"], scope["helper"]
for value in (Config(1), Config, helper, Config(1).method, sys.modules["__main__"]):
    print(digest(value, "x").hex())
"""
    assert run_python(worker, cwd=tmp_path).lines == script
