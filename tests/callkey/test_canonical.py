"""Digests of builtins: what is equal has one digest, what a function can tell apart has different ones."""

from __future__ import annotations

import copy
import math
import pickle
import random
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thds.mops.callkey.canonical import digest
from thds.mops.callkey.content import LARGE
from thds.mops.callkey.tree import Walk

APART = [
    None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**64, -(2**64), 2**5000,
    0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 0j, 1j, complex(0.0, -0.0), complex(math.nan, 1),
    complex(1, math.nan), "", "1", "a", "ab", "nan", "\ud800", b"", b"1", b"a", b"nan", bytearray(b""),
    bytearray(b"a"),
    (), [], {}, set(), frozenset(), (1,), [1], {1}, frozenset({1}), {1: None}, {"a": 1}, {"a": "1"}, ((),),
    [[]], ([],),
    [()], (1, 2), (2, 1), [1, 2], [2, 1], {1, 2}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, [("a", 1)], {1: 2}, {2: 1},
    (1, (2, 3)), (1, 2, 3), [1, [2, 3]], [[1, 2], 3], [1, 2, 3], {frozenset({1}), 2}, {frozenset({1, 2})},
    [{1}, {2}], [{1, 2}], range(3), range(0, 3, 2), range(0, 4, 2), slice(3), slice(0, 3), slice(None), Ellipsis,
    NotImplemented, "Ellipsis", memoryview(b"a"), [math.nan], [math.nan, math.nan], b"a" * 255, b"a" * 256,
    "a" * 255, "a" * 256, "é" * 128, "a" * LARGE, b"a" * LARGE, bytearray(b"a" * LARGE), "a" * (LARGE + 1),
    ["a" * LARGE], [b"a" * LARGE], list(range(1000)), list(range(1001)), dict.fromkeys(range(1001)),
]  # fmt: skip


TEXTS = st.text(max_size=5) | st.binary(max_size=5)
#: Around every size at which the pickler, or the format, changes its ways.
SIZES = [0, 1, 255, 256, LARGE // 2, LARGE - 65, LARGE - 64, LARGE - 63, LARGE - 1, LARGE, LARGE + 1]


def small_values() -> st.SearchStrategy[Any]:
    """Trees of builtins in which sets may be nested too."""
    hashable = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
        max_leaves=6,
    )  # fmt: skip
    return st.recursive(
        hashable,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(hashable, inner, max_size=4)
            | st.sets(hashable, max_size=4)
            | st.lists(inner, max_size=3).map(tuple)
        ),
        max_leaves=12,
    )


def rebuilt(value: Any) -> Any:
    """The same value out of new objects, its sets filled in another order and once grown beyond it."""
    kind = type(value)
    if kind in (list, tuple):
        return kind([rebuilt(each) for each in value])
    if kind is dict:
        return {rebuilt(key): rebuilt(each) for key, each in value.items()}
    if kind in (set, frozenset):
        elements = [rebuilt(each) for each in value]
        random.Random(0).shuffle(elements)
        grown: set[Any] = {("filler", number) for number in range(40)}
        grown.update(elements)
        return kind(each for each in grown if not (type(each) is tuple and each and each[0] == "filler"))
    if kind in (str, bytes):
        return kind.__add__(value[:1], value[1:])
    return value


def exact(value: Any) -> Any:
    """A stand-in that is equal exactly if a function cannot tell two such values apart."""
    kind = type(value)
    if kind in (list, tuple):
        return kind.__name__, tuple(exact(each) for each in value)
    if kind is dict:
        return "dict", tuple((exact(key), exact(each)) for key, each in value.items())
    if kind in (set, frozenset):
        return kind.__name__, frozenset(exact(each) for each in value)
    return kind.__name__, struct.pack("d", value) if kind is float else value


def test_kinds_and_values_stay_apart() -> None:
    """No two of many values, each of another kind, type or content, share a digest."""
    digests = {digest(value, "x"): value for value in APART}
    assert len(digests) == len(APART)


@pytest.mark.parametrize("value", APART, ids=lambda value: repr(value)[:30])
def test_alone_and_in_a_list(value: Any) -> None:
    """The short cut for single scalars gives what the general way gives; a wrapped value is another value."""
    assert digest(value, "x") == Walk().digest(value)
    assert digest([value], "x") != digest(value, "x")
    assert digest((value,), "x") != digest([value], "x")


@given(small_values())
@settings(max_examples=150, deadline=None)
def test_equal_values_have_equal_digests(value: Any) -> None:
    """Neither identities, nor pickling, nor how a set was filled, nor what is shared shows."""
    expected = digest(value, "x")
    assert digest(copy.deepcopy(value), "x") == expected
    assert digest(pickle.loads(pickle.dumps(value)), "x") == expected
    assert digest(rebuilt(value), "x") == expected
    assert Walk().digest(value) == expected
    assert digest([value, value], "x") == digest([value, rebuilt(value)], "x")


@given(small_values(), small_values())
@settings(max_examples=150, deadline=None)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    """Digests are equal exactly if type and content are, all the way down."""
    assert (digest(one, "x") == digest(other, "x")) == (exact(one) == exact(other))


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()))
@settings(deadline=None)
def test_short_cut_is_the_general_way(value: Any) -> None:
    """A scalar's digest does not depend on how it was made."""
    assert digest(value, "x") == Walk().digest(value)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("letter", ["a", "é", "€", "😀"])
def test_short_cut_for_text_and_bytes_of_all_sizes(size: int, letter: str) -> None:
    """It does not depend on the size which way is gone."""
    for value in (letter * size, letter.encode() * size):
        assert digest(value, "x") == Walk().digest(value)


def test_nans_are_one() -> None:
    """Scalar NaNs of one type are one, whatever their bits and identities."""
    other = struct.unpack("d", struct.pack("Q", 0xFFF8000000000123))[0]
    assert digest(math.nan, "x") == digest(other, "x") == digest(float("nan"), "x")
    assert digest([math.nan, 1], "x") == digest([other, 1], "x")
    assert digest(complex(math.nan, 1), "x") == digest(complex(other, 1), "x")
    assert digest({math.nan}, "x") == digest({other}, "x")
    assert digest({math.nan, other}, "x") != digest({math.nan}, "x")


def test_sharing_does_not_show() -> None:
    """`[s, s]` is `[s, an equal copy]`, for every kind of container."""
    for value in (
        {1, 2},
        frozenset({"a"}),
        (1, [2]),
        [1],
        {"a": [1]},
        bytearray(b"a"),
        "a" * 100,
        b"b" * LARGE,
    ):
        assert digest([value, value], "x") == digest([value, copy.deepcopy(value)], "x")
        assert digest({"a": value, "b": (value,)}, "x") == digest(
            {"a": value, "b": (copy.deepcopy(value),)}, "x"
        )


def test_one_item_more_or_less_in_a_long_stream() -> None:
    """Content beyond a frame of 64 KiB counts as much as the first byte."""
    long = [f"item {number}" for number in range(20_000)]
    expected = digest(long, "x")
    assert digest(list(long), "x") == expected
    changed = list(long)
    changed[12_345] = "item 12346"
    assert digest(changed, "x") != expected
    assert digest(long[:-1], "x") != expected


def test_wide_sharing_does_not_explode_for_instances() -> None:
    """Instances are encoded once each: forty levels, each holding the next twice, take no time."""

    class Level:
        def __init__(self, next_: object) -> None:
            self.left = self.right = next_

    def tower() -> object:
        level: object = "bottom"
        for _ in range(40):
            level = Level(level)
        return level

    assert digest(tower(), "x") == digest(tower(), "x")
