"""Nested functions, recursive and mutually recursive ones; calling itself with its own arguments is an error."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from thds.mops import pure
from thds.mops.errors import SelfCallError

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def fibonacci(n: int) -> int:
    RAN.append(n)
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@pure.magic()
def is_even(n: int) -> bool:
    RAN.append(n)
    return n == 0 or is_odd(n - 1)


@pure.magic()
def is_odd(n: int) -> bool:
    RAN.append(n)
    return n != 0 and is_even(n - 1)


@pure.magic()
def endless(n: int) -> int:
    return endless(n)


@pure.magic()
def ping(n: int) -> int:
    return pong(n)


@pure.magic()
def pong(n: int) -> int:
    return ping(n)


@pure.magic()
async def endless_later(n: int) -> int:
    return await endless_later(n)


@pure.magic()
def endless_in_a_thread(n: int) -> int:
    return endless_in_a_thread.submit(n).result()


BOTH = threading.Barrier(2, timeout=30)


@pure.magic()
def tick() -> int:
    BOTH.wait()
    return tock()


@pure.magic()
def tock() -> int:
    BOTH.wait()
    return tick()


DEEPER: list[bool] = []


@pure.magic()
def sometimes(n: int) -> int:
    return sometimes(n) if DEEPER else n


def test_recursion_computes_each_value_once() -> None:
    """Linear, not exponential."""
    assert fibonacci(30) == 832040
    assert sorted(RAN) == list(range(31))  # type: ignore[type-var]
    RAN.clear()
    assert fibonacci(31) == 1346269
    assert RAN == [31]


def test_mutual_recursion() -> None:
    """Each call once."""
    assert is_even(10) is True
    assert is_odd(9) is True
    assert list(range(10, -1, -1)) == RAN


def test_deep_recursion_goes_as_deep_as_it_should() -> None:
    """The frames that we add are few: a function that recurses 100 deep works under the usual limit of 1000."""
    assert is_even(100)


def test_nested_functions() -> None:
    """Functions defined inside functions, nested twice, recursive too."""

    @pure.magic()
    def outer(n: int) -> int:
        @pure.magic()
        def inner(m: int) -> int:
            RAN.append(("inner", m))
            return m + 1

        RAN.append(("outer", n))
        return inner(n) + inner(n)

    @pure.magic()
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    assert outer(1) == outer(1) == 4
    assert RAN == [("outer", 1), ("inner", 1)]
    assert down(5) == 5


def test_nested_functions_that_capture_other_values_do_not_answer_for_each_other() -> None:
    """Same name, same code, same arguments: what differs is what they captured. Either a result of its own or an
    error, never the other one's."""

    def adder(n: int):  # type: ignore[no-untyped-def]
        @pure.magic()
        def add(x: int) -> int:
            return x + n

        return add

    one, two = adder(1), adder(2)
    assert (one(10), two(10)) == (11, 12)


@pytest.mark.parametrize("function", [endless, ping])
def test_calling_itself_is_an_error(function: pure.Magic[[int], int]) -> None:
    """Not a deadlock, also by way of another function. It says what called itself, and the next call is one too."""
    for _ in range(2):
        with pytest.raises(SelfCallError) as caught:
            function(1)
        assert "test_recursive" in str(caught.value)
        assert caught.value.memo_uri.startswith("file://")  # type: ignore[attr-defined]
        assert isinstance(caught.value, RecursionError)


def test_calling_itself_through_submit_and_await() -> None:
    """Whatever way it is called."""
    with pytest.raises(SelfCallError):
        endless.submit(2).result(timeout=30)
    with pytest.raises(SelfCallError):
        asyncio.run(endless_later(1))
    with pytest.raises(SelfCallError):
        endless_in_a_thread(1)


def test_a_circle_of_two_threads_is_an_error() -> None:
    """a() waits for b(), which another thread computes and which waits for a(): one of them is told."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = [future.exception(timeout=30) for future in (pool.submit(tick), pool.submit(tock))]
    assert any(isinstance(error, SelfCallError) for error in outcomes), outcomes


def test_after_the_error_the_function_still_works() -> None:
    """Nothing is left behind that the next call would trip over."""
    DEEPER[:] = [True]
    with pytest.raises(SelfCallError):
        sometimes(1)
    DEEPER.clear()
    assert sometimes(1) == 1
