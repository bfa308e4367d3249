"""`functools.partial`: decorated, and of a decorated function."""

from __future__ import annotations

import functools
import inspect

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


def power(base: int, exponent: int = 1) -> int:
    RAN.append((base, exponent))
    return int(base**exponent)


decorated = pure.magic()(power)


def test_a_partial_of_a_decorated_function_is_the_same_call() -> None:
    """`partial(f, exponent=2)(3)` is `f(3, 2)`."""
    assert functools.partial(decorated, exponent=2)(3) == 9
    assert functools.partial(decorated, 3)(exponent=2) == 9
    assert decorated(3, 2) == 9
    assert RAN == [(3, 2)]


def test_a_partial_can_be_decorated() -> None:
    """It is memoized, and keeps the signature that is left."""
    square = pure.magic()(functools.partial(power, exponent=2))
    assert square(3) == square(base=3) == 9
    assert RAN == [(3, 2)]
    RAN.clear()
    assert inspect.signature(square) == inspect.signature(functools.partial(power, exponent=2))
    assert list(square.map([3, 4])) == [9, 16]
    assert square.submit(4).result() == square.peek(4) == 16
    assert "power" in repr(square)


def test_partials_of_one_function_do_not_answer_for_each_other() -> None:
    """What they hold counts as arguments."""
    square = pure.magic()(functools.partial(power, exponent=2))
    cube = pure.magic()(functools.partial(power, exponent=3))
    assert square(3) == 9
    assert cube(3) == 27
    assert square(3) == 9
    assert RAN == [(3, 2), (3, 3)]


def test_a_partial_of_an_async_function() -> None:
    """Still awaitable."""
    import asyncio

    async def later(x: int, y: int) -> int:
        RAN.append((x, y))
        return x + y

    three_more = pure.magic()(functools.partial(later, 3))

    async def twice() -> list[int]:
        return [await three_more(1), await three_more(1)]

    assert asyncio.run(twice()) == [4, 4]
    assert RAN == [(3, 1)]


def test_a_partial_in_a_subprocess(run_python: object) -> None:
    """Through the shim that pickles."""
    run_python(  # type: ignore[operator]
        "import functools, operator, os\nfrom lab import *\n"
        "def power(base, exponent): return base ** exponent, os.getpid()\n"
        "square = pure.magic('subprocess')(functools.partial(power, exponent=2))\n"
        "value, pid = square(5)\nassert value == 25 and pid != os.getpid()\nassert square(5) == (25, pid)"
    )
