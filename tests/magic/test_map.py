"""`f.map(iterable, ...)`: ordered results, bounded concurrency, `return_exceptions`, optional progress line."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import MissingExtraError, UnkeyableError

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def inverse(x: float) -> float:
    RAN.append(x)
    return 1 / x


@pure.magic()
def add(x: int, y: int) -> int:
    return x + y


def test_results_are_in_order() -> None:
    """Each item is one call, memoized like any other."""
    assert list(inverse.map([4, 2, 1, 2])) == [0.25, 0.5, 1.0, 0.5]
    assert RAN == [4, 2, 1]
    assert list(inverse.map([1, 4])) == [1.0, 0.25]
    assert RAN == [4, 2, 1]


def test_several_iterables() -> None:
    """As the builtin: a call per tuple, until the shortest ends."""
    assert list(add.map([1, 2, 3], [10, 20])) == [11, 22]
    assert list(add.map([], [])) == []


def test_it_needs_an_iterable() -> None:
    """As the builtin does."""
    with pytest.raises(TypeError):
        add.map()


def test_it_is_lazy() -> None:
    """An endless iterable is read no further than concurrency asks for."""
    read: list[int] = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            number += 1
            read.append(number)
            yield number

    results = inverse.map(endless(), concurrency=2)
    assert next(results) == 1.0
    assert next(results) == 0.5
    assert len(read) <= 5


def test_the_first_exception_is_raised_in_its_place() -> None:
    """What comes before it was yielded."""
    results = inverse.map([1, 0, 2])
    assert next(results) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_exceptions_as_results() -> None:
    """`return_exceptions=True`: each in its place, and the others go on."""
    first, second, third = inverse.map([1, 0, 2], return_exceptions=True)
    assert (first, third) == (1.0, 0.5)
    assert isinstance(second, ZeroDivisionError)


def test_calls_that_cannot_be_made() -> None:
    """An argument without a key fails in its own place."""
    import threading

    first, second = inverse.map([threading.Lock(), 2], return_exceptions=True)  # type: ignore[list-item]
    assert isinstance(first, UnkeyableError)
    assert second == 0.5


@pytest.mark.parametrize("concurrency", [0, -1])
def test_no_concurrency_is_refused(concurrency: int) -> None:
    """At the call, not at the first result."""
    with pytest.raises(ValueError, match=str(concurrency)):
        inverse.map([1], concurrency=concurrency)


def test_off() -> None:
    """Plain calls, ordered."""
    with inverse.off():
        assert list(inverse.map([1, 1])) == [1.0, 1.0]
        first, second = inverse.map([0, 2], return_exceptions=True)
    assert isinstance(first, ZeroDivisionError)
    assert second == 0.5
    assert RAN == [1, 1, 0, 2]


def test_the_settings_are_those_of_the_call() -> None:
    """Also for results that are taken after the block that called `map`: none of them switches half-way."""
    with pure.magic.override(pipeline_id="for/map"):
        uris = [inverse.memo_uri(x) for x in (1, 2, 3)]
        results = inverse.map([1, 2, 3], concurrency=1)
    assert list(results) == [1.0, 0.5, 1 / 3]
    from pathlib import Path

    assert all(Path(uri.removeprefix("file://")).exists() for uri in uris)


IN_A_SUBPROCESS = """
import os
from lab import *

@pure.magic('subprocess')
def meet(x):
    tick('at once')
    tell(f'started{x}')
    wait(f'go{x}')
    return x
"""


def test_bounded_concurrency(workspace: Any) -> None:
    """As many at once as asked for, and no more."""
    workspace.write({"mine.py": IN_A_SUBPROCESS})
    workspace.run(
        """
from mine import *
results = meet.map(range(4), concurrency=2)
wait('started0'), wait('started1')
time.sleep(0.1)  # more than two would have started by now: this can only let a bug through, never fail by itself
assert ticks('at once') == 2
tell('go1')
tell('go0')
assert next(results) == 0
wait('started2')
assert next(results) == 1
tell('go2'), tell('go3')
assert list(results) == [2, 3]
"""
    )


def test_dropping_the_iterator_cancels_what_is_in_flight(workspace: Any) -> None:
    """An exception, or a caller who takes no more, stops the workers."""
    workspace.write({"mine.py": IN_A_SUBPROCESS})
    workspace.run(
        """
from mine import *
results = meet.map(range(4), concurrency=3)
wait('started0'), wait('started1'), wait('started2')
tell('go0')
assert next(results) == 0
results.close()
tell('go1'), tell('go2'), tell('go3')
with pure.require_all():
    assert meet.peek(0) == 0 and not meet.peek(3)
"""
    )


def test_progress_line(workspace: Any) -> None:
    """With the extra: a line on stderr that goes to the end; without: an error that says what to install."""
    code = "from lab import *\n@pure.magic()\ndef inverse(x): return 1 / x\n"
    workspace.write({"mine.py": code})
    done = workspace.run(
        "import sys\nsys.modules['tqdm'] = None\nfrom mine import *\nfrom thds.mops.errors import MissingExtraError\n"
        "try:\n    list(inverse.map([1, 2], progress=True))\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    assert "mops-magic[" in done.out
    if importlib.util.find_spec("tqdm"):
        done = workspace.run(
            "from mine import *\nassert list(inverse.map([1, 2], progress=True)) == [1, 0.5]"
        )
        assert "inverse" in done.err
        assert "2/2" in done.err
    else:
        with pytest.raises(MissingExtraError):
            inverse.map([1], progress=True)
