"""`off`: the plain function, and nothing else happens."""

from __future__ import annotations

import builtins
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from thds.mops import events, pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


def never() -> str:
    raise AssertionError("the blob root was asked for")


@pure.magic()
def plain(x: Any) -> Any:
    RAN.append(x)
    return x


@pytest.fixture
def off() -> None:
    pure.magic.blob_root(never, plain)
    pure.magic.off(plain)


@pytest.mark.usefixtures("off")
def test_each_call_runs_and_gives_the_object_itself() -> None:
    """No copy, no key, any argument."""
    value = object()
    assert plain(value) is value
    assert plain(value) is value
    assert plain.submit(value).result() is value
    assert list(plain.map([value])) == [value]
    assert [value] * 4 == RAN


@pytest.mark.usefixtures("off")
def test_no_io_at_all(monkeypatch: pytest.MonkeyPatch, own_root: Path) -> None:
    """Neither the root nor any file is asked for; no event, no log line."""

    def refuse(*args: Any, **_: Any) -> Any:
        raise AssertionError(f"touched {args}")

    seen: list[Any] = []
    stop = events.subscribe(seen.append)
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("thds.mops")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        for name in ("open", "stat", "mkdir", "link", "rename", "listdir", "scandir"):
            monkeypatch.setattr(os, name, refuse)
        monkeypatch.setattr(builtins, "open", refuse)
        assert plain(3) == 3
        monkeypatch.undo()
    finally:
        stop()
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert not own_root.exists()
    assert not seen
    assert not records


def test_calls_itself_without_end_as_plain_python_would() -> None:
    """No error of ours: it is the interpreter's."""

    @pure.magic("off")
    def endless(n: int) -> int:
        return endless(n)

    with pytest.raises(RecursionError, match="maximum recursion"):
        endless(1)


def test_the_wrapped_function_is_always_plain(own_root: Path) -> None:
    """`f.__wrapped__(...)`, whatever the settings."""
    assert plain.__wrapped__(1) == 1
    assert plain.__wrapped__(1) == 1
    assert RAN == [1, 1]
    assert not own_root.exists()


def test_switched_on_again() -> None:
    """The last setting at one place wins."""
    pure.magic.off(plain)
    plain(1)
    pure.magic.shim("samethread", plain)
    plain(1)
    plain(1)
    assert RAN == [1, 1]
