"""`f.peek(...)`, `f.memo_uri(...)`, `f.forget(...)`: questions about one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def double(x: int, y: int = 0) -> list[int]:
    RAN.append(x)
    return [x * 2 + y]


@pure.magic()
def nothing() -> None:
    RAN.append("nothing")


def everything_below(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_peek_answers_the_value() -> None:
    """Without computing."""
    double(1)
    assert double.peek(1) == double.peek(x=1, y=0) == [2]
    assert RAN == [1]


def test_peek_of_what_is_not_there(own_root: Path) -> None:
    """`Unmemoized`, with the address, falsy; nothing runs and nothing is written, not even the root."""
    answer = double.peek(1)
    assert isinstance(answer, pure.Unmemoized)
    assert not answer
    assert answer.memo_uri == double.memo_uri(1)
    assert not RAN
    assert not own_root.exists()


def test_peek_tells_none_from_nothing() -> None:
    """A memoized None is None."""
    assert isinstance(nothing.peek(), pure.Unmemoized)
    nothing()
    assert nothing.peek() is None


def test_peek_gives_a_copy() -> None:
    """Changing it changes nobody's result."""
    double(1)
    first = double.peek(1)
    assert isinstance(first, list)
    first.append(5)
    assert double.peek(1) == [2]


def test_memo_uri(own_root: Path) -> None:
    """Where it lies or will lie: the layout of the design, the same for the same call, without any contact."""
    uri = double.memo_uri(1)
    assert uri == double.memo_uri(x=1) == double.memo_uri(1, y=0)
    assert uri != double.memo_uri(2)
    root, _, rest = uri.partition("/mops/")
    assert root == f"file://{own_root}"
    layout, pipeline, function, two, name = rest.split("/")
    assert (layout, pipeline) == ("1", "magic")
    assert function.endswith("test_questions.double")
    digest, kind = name.split(".")
    assert (len(digest), digest[:2], kind) == (64, two, "result")
    assert not own_root.exists()
    double(1)
    assert Path(uri.removeprefix("file://")).is_file()


def test_forget() -> None:
    """The next call computes again; other calls keep theirs."""
    double(1)
    double(2)
    assert double.forget(1) is True
    assert isinstance(double.peek(1), pure.Unmemoized)
    assert double.peek(2) == [4]
    assert double(1) == double(1) == [2]
    assert RAN == [1, 2, 1]


def test_forget_what_is_not_there(own_root: Path) -> None:
    """False, and nothing is written."""
    assert double.forget(1) is False
    assert not own_root.exists()
    double(1)
    assert double.forget(1) is True
    before = everything_below(own_root)
    assert double.forget(1) is False
    assert everything_below(own_root) == before


def test_forget_loses_nothing(own_root: Path) -> None:
    """ "set aside": the old bytes are still below the root."""
    double(1)
    blob = Path(double.memo_uri(1).removeprefix("file://"))
    bytes_before = blob.read_bytes()
    double.forget(1)
    assert bytes_before in everything_below(own_root).values()


def test_forget_over_and_over() -> None:
    """Each time the call runs once."""
    for _ in range(3):
        assert double(1) == double(1) == [2]
        assert double.forget(1)
    assert RAN == [1, 1, 1]


def test_forget_a_damaged_result(recwarn: pytest.WarningsRecorder) -> None:
    """It is out of the way."""
    double(1)
    blob = Path(double.memo_uri(1).removeprefix("file://"))
    blob.write_bytes(b"damage")
    assert double.forget(1) is True
    assert double(1) == [2]
    assert RAN == [1, 1]
    assert not [warning for warning in recwarn if "damaged" in str(warning.message)]


def test_forgetting_is_seen_by_other_processes(workspace: Any) -> None:
    """One shared memo."""
    workspace.write({"mine.py": "from lab import *\n@pure.magic()\ndef f(x):\n    tick()\n    return x\n"})
    workspace.run("from mine import *; f(1); assert f.forget(1)")
    workspace.run("from mine import *; assert not f.peek(1); assert f(1) == 1; assert f(1) == 1")
    assert workspace.ticks() == 2


def test_questions_under_off() -> None:
    """`off` is about calls; a question about a memo is still answered."""
    double(1)
    with double.off():
        assert double.peek(1) == [2]
        assert "test_questions.double" in double.memo_uri(1)
