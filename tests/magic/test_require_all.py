"""`pure.require_all()`: below it, a missing result is an error that names the address, and nothing runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import ResultRequiredError

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def double(x: int) -> int:
    RAN.append(x)
    return x * 2


@pure.magic()
def outer(x: int) -> int:
    RAN.append(x)
    return double(x)


@pure.magic()
async def later(x: int) -> int:
    RAN.append(x)
    return x


def test_what_is_there_is_answered() -> None:
    """By every way to ask."""
    double(1)
    with pure.require_all():
        assert double(1) == double.submit(1).result() == double.peek(1) == 2
        assert list(double.map([1])) == [2]
    assert RAN == [1]


def test_what_is_missing_is_an_error_that_names_the_address(own_root: Path) -> None:
    """Nothing runs, nothing is written."""
    with pure.require_all():
        for ask in (
            lambda: double(1),
            lambda: double.submit(1).result(),
            lambda: list(double.map([1])),
            lambda: asyncio.run(later(1)),
        ):
            with pytest.raises(ResultRequiredError) as caught:
                ask()
            assert caught.value.memo_uri in str(caught.value)  # type: ignore[attr-defined]
            assert isinstance(caught.value, LookupError)
        assert isinstance(double.peek(1), pure.Unmemoized)
    assert not RAN
    assert not own_root.exists()


def test_it_names_the_right_address() -> None:
    """That of the call that is missing."""
    with pure.require_all(), pytest.raises(ResultRequiredError) as caught:
        double(3)
    assert caught.value.memo_uri == double.memo_uri(3)  # type: ignore[attr-defined]


def test_map_puts_it_in_its_place() -> None:
    """With `return_exceptions`."""
    double(1)
    with pure.require_all():
        first, second = double.map([1, 2], return_exceptions=True)
    assert first == 2
    assert isinstance(second, ResultRequiredError)


def test_only_below_it() -> None:
    """Afterwards, and in other threads meanwhile, everything is as before."""
    import threading

    with pure.require_all():
        thread = threading.Thread(target=double, args=(1,))
        thread.start()
        thread.join(30)
    assert RAN == [1]
    assert double(2) == 4


def test_it_nests_and_off_is_still_plain_python() -> None:
    """A function under `off` is no decorated call."""
    with pure.require_all():
        with pure.require_all(), double.off():
            assert double(1) == 2
        with pytest.raises(ResultRequiredError):
            double(1)


def test_in_a_body_that_runs_plainly() -> None:
    """It holds at any depth: here the outer function is off, and its inner call is not."""
    with pure.require_all(), outer.off(), pytest.raises(ResultRequiredError) as caught:
        outer(5)
    assert caught.value.memo_uri == double.memo_uri(5)  # type: ignore[attr-defined]


def test_nothing_is_started_in_a_subprocess(run_python: Any) -> None:
    """No worker, no invocation."""
    run_python(
        "from lab import *\nfrom thds.mops.errors import ResultRequiredError\n"
        "@pure.magic('subprocess')\ndef f(x):\n    tick()\n    return x\n"
        "with pure.require_all():\n"
        "    try:\n        f(1)\n    except ResultRequiredError as error:\n"
        "        assert error.memo_uri == f.memo_uri(1)\n"
        "    else:\n        raise AssertionError\n"
        "assert not ticks() and not ROOT.exists()"
    )
