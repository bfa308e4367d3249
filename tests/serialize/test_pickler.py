"""A value to a pickle with its large buffers apart, and back."""

from __future__ import annotations

import array
import pickle
from typing import Any

import pytest

from thds.mops.serialize import pickler
from thds.mops.serialize.unpicklable import where


def back(value: object) -> Any:
    pickled = pickler.dump(value)
    return pickler.load(pickled.data, [bytearray(buffer) for buffer in pickled.buffers])


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "x",
        [1, [2]],
        {"a": (1, 2)},
        {1, 2},
        b"x" * 10_000,
        bytearray(10_000),
        array.array("d", [1.0]),
    ],
)
def test_there_and_back(value: object) -> None:
    """The same, with the same type."""
    again = back(value)
    assert again == value
    assert type(again) is type(value)


def test_shared_parts_stay_shared() -> None:
    """As pickle promises."""
    shared = [1]
    first, second = back([shared, shared])
    assert first is second


def test_large_buffers_are_kept_apart_and_not_copied() -> None:
    """Small ones stay inside."""
    numpy = pytest.importorskip("numpy")
    large, small = numpy.arange(100_000), numpy.arange(10)
    pickled = pickler.dump({"large": large, "small": small})
    (buffer,) = pickled.buffers
    assert buffer.nbytes == large.nbytes
    assert numpy.shares_memory(numpy.frombuffer(buffer, dtype=large.dtype), large)
    assert len(pickled.data) < 2_000
    again = back({"large": large, "small": small})
    assert numpy.array_equal(again["large"], large)
    assert numpy.array_equal(again["small"], small)


def test_what_is_not_contiguous() -> None:
    """Comes back right, in whatever layout."""
    numpy = pytest.importorskip("numpy")
    matrix = numpy.arange(20_000).reshape(100, 200)
    for value in (matrix[::2, ::3], matrix.T, numpy.asfortranarray(matrix), matrix[:, 5]):
        assert numpy.array_equal(back(value), value)


def test_lambdas_and_local_classes_go_by_value(run_python: Any) -> None:
    """What no name leads to, in a process that has never seen it."""
    done = run_python(
        "import base64\nfrom thds.mops.serialize import pickler\n"
        "def make(n):\n    class Local:\n        def get(self): return n\n    return Local(), lambda x: x + n\n"
        "print(base64.b64encode(pickler.dump(make(5)).data).decode())"
    )
    import base64

    local, function = pickle.loads(base64.b64decode(done.out))
    assert local.get() == 5
    assert function(1) == 6


def test_functions_of_modules_go_by_name() -> None:
    """They are small, and the same objects."""
    assert back(where) is where
    assert len(pickler.dump(where).data) < 200


class Holder:
    __slots__ = ("inside",)

    def __init__(self, inside: object) -> None:
        self.inside = inside


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (lambda bad: bad, "x"),
        (lambda bad: [1, bad], "x[1]"),
        (lambda bad: {"a": {"b": (0, bad)}}, "x['a']['b'][1]"),
        (lambda bad: Holder([bad]), "x.inside[0]"),
        (lambda bad: {bad: 1}, "<key <unlocked"),
        (lambda bad: {1: Holder(Holder(bad))}, "x[1].inside.inside"),
    ],
)
def test_where_the_culprit_is(value: Any, path: str) -> None:
    """The path of the innermost part that cannot be pickled."""
    import threading

    found, reason = where(value(threading.Lock()), "x")
    assert found.startswith(path)
    assert "lock" in str(reason)


def test_nothing_wrong() -> None:
    """No culprit."""
    assert where([1, 2], "x") == ("x", None)


def test_a_cycle_with_a_culprit_ends() -> None:
    """Also where parts contain each other."""
    import threading

    first: list[Any] = []
    first += [first, threading.Lock()]
    path, reason = where(first, "x")
    assert path.startswith("x")
    assert reason is not None


def test_too_deep_a_value_is_an_error_and_not_a_crash() -> None:
    """The interpreter lives on."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises((RecursionError, pickle.PicklingError)):
        pickler.dump(deep)
    while deep:  # taken apart by hand: the interpreter itself would recurse
        deep = deep[0]
