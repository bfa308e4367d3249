"""Values of the standard library, by what they mean."""

from __future__ import annotations

import array
import collections
import copy
import datetime as dt
import functools
import io
import itertools
import math
import operator
import pickle
import re
import types
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from thds.mops.callkey.canonical import digest
from thds.mops.errors import UnkeyableError

UTC, BERLIN = dt.UTC, ZoneInfo("Europe/Berlin")
APART = [
    dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2020, 1, 1, 0, 1),
    dt.datetime(2020, 1, 1, tzinfo=BERLIN), dt.datetime(2020, 1, 1, fold=1), dt.datetime(2020, 1, 1, 0, 0, 0, 1),
    dt.time(1), dt.time(1, tzinfo=UTC), dt.timedelta(1), dt.timedelta(0, 1), dt.timedelta(0, 0, 1), UTC, BERLIN,
    dt.timezone(dt.timedelta(hours=1)), dt.timezone(dt.timedelta(hours=1), "CET"), Decimal(1), Decimal("1.0"),
    Decimal("-0"), Decimal(0), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"),
    Fraction(1, 2), Fraction(1), uuid.UUID(int=1), uuid.UUID(int=2), re.compile("a"), re.compile("a", re.IGNORECASE),
    re.compile(b"a"), collections.OrderedDict(a=1), {"a": 1}, collections.OrderedDict(a=1, b=2),
    collections.OrderedDict(b=2, a=1), collections.Counter("a"), collections.Counter("b"), types.SimpleNamespace(a=1),
    collections.defaultdict(int, a=1), collections.defaultdict(list, a=1), collections.defaultdict(None, a=1),
    collections.deque([1]), collections.deque([1], 5), collections.deque([1, None]), [1],
    collections.ChainMap({"a": 1}),
    types.SimpleNamespace(a=2), array.array("i", [1]), array.array("q", [1]), array.array("i", [1, 0]), b"1",
    array.array("d", [1]), PurePosixPath("/a"), PureWindowsPath("/a"), PurePosixPath("/b"), "/a", io.BytesIO(b"a"),
    io.StringIO("a"), functools.partial(int), functools.partial(int, 1), functools.partial(int, base=1),
    functools.partial(int, 1, base=1), functools.partial(float), operator.itemgetter(1), operator.itemgetter(2),
    operator.attrgetter("a"),
    int, float, "int", math, math.sin, math.cos, len, "".join, ",".join, [].append, str.upper,
    str.lower, int.__add__, (1).__add__, dict.fromkeys, collections.OrderedDict.fromkeys, list[int], list[str],
    int | str, types,
]  # fmt: skip
NOT_COPIED = (types.ModuleType, types.BuiltinFunctionType)


def test_all_apart() -> None:
    """Types, values, and what functions can see of them."""
    digests = {digest(value, "x"): value for value in APART}
    assert len(digests) == len(APART)


@pytest.mark.parametrize("value", APART, ids=lambda value: repr(value)[:40])
def test_copies_are_equal(value: Any) -> None:
    """A copy and a pickle of the value have its digest."""
    expected = digest(value, "x")
    if not isinstance(value, types.ModuleType):
        assert digest(copy.deepcopy(value), "x") == expected
    if not isinstance(value, (types.ModuleType, types.MethodWrapperType)):
        assert digest(pickle.loads(pickle.dumps(value)), "x") == expected


def test_equal_ones() -> None:
    """What is built in another order, or remembered something, is the same."""
    equal = [
        (types.SimpleNamespace(a=1, b=2), types.SimpleNamespace(b=2, a=1)),
        (functools.partial(int, a=1, b=2), functools.partial(int, b=2, a=1)),
        (functools.partial(functools.partial(int, 1), base=2), functools.partial(int, 1, base=2)),
        (Decimal("NaN"), Decimal("-NaN123")),
        (uuid.UUID(int=5), uuid.UUID(hex=f"{5:032x}")),
        (ZoneInfo("Europe/Berlin"), ZoneInfo.no_cache("Europe/Berlin")),
        (types.MappingProxyType({"a": {1}}), types.MappingProxyType({"a": {1}})),
        (dt.UTC, dt.timezone(dt.timedelta(0))),
        (PurePath("a/b"), PurePath("a", "b")),
        (slice(1, 2), slice(1, 2)),
    ]
    used = PurePath("a/b")
    assert hash(used)
    assert used.parts
    for one, other in [*equal, (used, PurePath("a/b"))]:
        assert digest(one, "x") == digest(other, "x")


def test_decimals_do_not_depend_on_the_context() -> None:
    """The current context's capitals are not content."""
    import decimal

    expected = digest(Decimal("1E+50"), "x")
    with decimal.localcontext() as context:
        context.capitals = 0
        assert digest(Decimal("1E+50"), "x") == expected


def test_attributes_of_subclasses_and_exact_ones_count() -> None:
    """A subclass is another kind and keeps what it adds; what cannot be told apart otherwise is refused."""

    bases: list[tuple[Any, tuple[Any, ...]]] = [
        (dt.date, (2020, 1, 1)),
        (dt.datetime, (2020, 1, 1)),
        (dt.timedelta, (1,)),
        (Decimal, ("1.5",)),
        (Fraction, (1, 2)),
        (collections.deque, ([1],)),
        (collections.OrderedDict, ({"a": 1},)),
        (array.array, ("i", [1])),
        (ValueError, ("a",)),
        (complex, (1, 2)),
        (functools.partial, (int, 1)),
    ]
    for base, args in bases:
        noted = type("Noted", (base,), {"note": ""})
        one, other = noted(*args), noted(*args)
        other.note = "holiday"
        assert len({digest(each, "x") for each in (one, other, base(*args))}) == 3, base
        one.note = "holiday"
        assert digest(one, "x") == digest(other, "x")
    counter = collections.Counter("a")
    counter.note = "x"  # type: ignore[attr-defined]
    with pytest.raises(UnkeyableError, match="attributes of its own"):
        digest(counter, "x")


def test_memory_files() -> None:
    """Content and position."""
    read = io.BytesIO(b"abc")
    read.read(1)
    assert digest(read, "x") != digest(io.BytesIO(b"abc"), "x")
    assert digest(io.StringIO("a\nb", newline=""), "x") != digest(io.StringIO("a\nb", newline="\r\n"), "x")


@pytest.mark.parametrize(
    "make",
    [
        lambda: iter([1]), lambda: iter({}), lambda: iter("a"), lambda: itertools.count(),
        lambda: zip([1], [2], strict=True),
        lambda: map(str, [1]), lambda: enumerate([1]), lambda: reversed([1]), lambda: (x for x in [1]),
        lambda: {}.keys(), lambda: {}.values(),
    ],
)  # fmt: skip
def test_iterators_are_refused(make: Any) -> None:
    """Reading one uses it up, so no two calls with it are the same."""
    with pytest.raises(UnkeyableError, match=r"`x"):
        digest(make(), "x")
