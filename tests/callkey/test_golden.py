"""Digests that never change: one that does is a new `address.LAYOUT`, and an error until then.

They hold on every interpreter and, for adapters, every version of the library. Nothing may be edited here, only added.
"""

from __future__ import annotations

import collections
import datetime as dt
import enum
import functools
import math
import pathlib
import re
import types
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from thds.mops.callkey.address import LAYOUT
from thds.mops.callkey.canonical import digest
from thds.mops.callkey.function import Identity
from thds.mops.callkey.key import KeyMaker
from thds.mops.callkey.registry import register_encoder


def placed(cls: Any) -> Any:
    """Under a name that does not depend on how the tests are run."""
    module = types.ModuleType("golden_values")
    cls.__module__ = module.__name__
    setattr(PLACES, cls.__name__, cls)
    return cls


PLACES = types.ModuleType("golden_values")


@placed
@dataclass
class Data:
    a: int
    b: Any = None


@placed
class Plain:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@placed
class Slotted:
    __slots__ = ("a",)


@placed
class Items(dict[Any, Any]):
    pass


@placed
class Members(frozenset[Any]):
    pass


@placed
class Pair(NamedTuple):
    a: int
    b: int


@placed
class Color(enum.Enum):
    RED = "red"


@placed
class Access(enum.Flag):
    READ = 1
    WRITE = 2


@placed
class Keyed:
    def __mops_key__(self) -> object:
        return ("mine", 1)


@placed
class Foreign:
    pass


@placed
def named(x: int, /, y: object = None, *args: object, z: float = 0.5, **kwargs: object) -> object:
    """function-logic-key: v1"""
    return x, y, args, z, kwargs


def slotted() -> Any:
    made = Slotted()
    made.a = 1
    return made


def loop() -> Any:
    one, other = Plain(name="one"), Plain(name="other")
    one.next, other.next = [other, {other}], one  # type: ignore[attr-defined]
    return one


def long_list() -> list[object]:
    return [f"item {number}" if number % 3 else number for number in range(30_000)]


VALUES: dict[str, Callable[[], object]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "2**31": lambda: 2**31,
    "10**30": lambda: 10**30,
    "0.1": lambda: 0.1,
    "-0.0": lambda: -0.0,
    "nan": lambda: math.nan,
    "1j": lambda: 1j,
    "text": lambda: "Größe €",
    "no text": lambda: "",
    "lone surrogate": lambda: "\ud800",
    "text of 300": lambda: "x" * 300,
    "large text": lambda: "é" * 70_000,
    "text below the threshold": lambda: "é" * 65_535,
    "bytes": lambda: b"\x00\xff",
    "large bytes": lambda: bytes(range(256)) * 256,
    "bytearray": lambda: bytearray(b"abc"),
    "large bytearray": lambda: bytearray(bytes(range(256)) * 256),
    "list": lambda: [1, "a", None, [2.5, ()]],
    "tuple": lambda: (1, (2, (3, 4, 5, 6))),
    "dict": lambda: {"b": 1, "a": {"c": [True, False]}, 3: None},
    "list of 30000": long_list,
    "dict of 2500": lambda: {number: str(number) for number in range(2500)},
    "set": lambda: {"a", 1, None, (1, "b")},
    "frozensets": lambda: frozenset({frozenset({1, 2}), frozenset()}),
    "range": lambda: range(1, 10, 2),
    "slice": lambda: slice(1, None),
    "Ellipsis": lambda: ...,
    "memoryview": lambda: memoryview(b"abc"),
    "class": lambda: [int, dict, collections.OrderedDict, type(None)],
    "module": lambda: math,
    "functions": lambda: [math.sin, len, functools.reduce, str.upper, "a".join],
    "date": lambda: dt.date(2020, 2, 29),
    "datetime": lambda: dt.datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=dt.UTC),
    "zoned": lambda: dt.datetime(2020, 2, 29, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    "time": lambda: dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")),
    "timedelta": lambda: dt.timedelta(1, 2, 3),
    "Decimal": lambda: [Decimal("1.50"), Decimal("NaN"), Decimal("-Infinity")],
    "Fraction": lambda: Fraction(1, 3),
    "UUID": lambda: uuid.UUID(int=1),
    "Pattern": lambda: re.compile("a.b", re.IGNORECASE),
    "PurePath": lambda: [pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("a/b")],
    "OrderedDict": lambda: collections.OrderedDict(b=1, a=2),
    "Counter": lambda: collections.Counter("aab"),
    "defaultdict": lambda: collections.defaultdict(list, a=[1]),
    "deque": lambda: collections.deque([1, 2], 5),
    "SimpleNamespace": lambda: types.SimpleNamespace(b=1, a=2),
    "mappingproxy": lambda: types.MappingProxyType({"a": 1}),
    "partial": lambda: functools.partial(math.pow, 2, b=1),
    "dataclass": lambda: Data(1, [Data(2)]),
    "instance": lambda: Plain(b=1, a=[2]),
    "slots": slotted,
    "dict subclass": lambda: Items(a=1),
    "frozenset subclass": lambda: Members({1, 2}),
    "namedtuple": lambda: Pair(1, 2),
    "enum": lambda: [Color.RED, Access.READ | Access.WRITE],
    "__mops_key__": Keyed,
    "registered": Foreign,
    "function": lambda: named,
    "loop": loop,
}
GOLDEN: dict[str, str] = {}
KEYS: dict[str, str] = {}
LIBRARIES: dict[str, tuple[str, str]] = {}


@pytest.fixture(autouse=True)
def golden_module(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "golden_values", PLACES)
    register_encoder("golden_values.Foreign", lambda _foreign: ["registered", 1])


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    """Builtins, the standard library, and classes of users."""
    assert digest(VALUES[name](), "x").hex() == GOLDEN[name]


def test_every_value_has_its_digest() -> None:
    """None is left out, and the layout they belong to is the one in force."""
    assert GOLDEN.keys() == VALUES.keys()
    assert len(set(GOLDEN.values())) == len(GOLDEN)
    assert LAYOUT == 1


def test_keys() -> None:
    """Whole keys of calls: identity, pipeline, logic keys, origin, arguments."""
    identity = Identity("pkg.mod.named", "pkg.mod.named", "v1", None, "/home/me/project", "3.11:0000000000000000")
    maker = KeyMaker(named, identity)
    with_calls = KeyMaker(named, identity, ignore=["y"], calls=[named])
    found = {
        "short": maker.key((1,), {}, "magic", False),  # noqa: FBT003
        "shared": maker.key((1,), {}, "magic", True),  # noqa: FBT003
        "full": maker.key((1, {2}, "more"), {"z": 1.5, "b": 1, "a": [2]}, "some/group", False),  # noqa: FBT003
        "calls": with_calls.key((1, object()), {}, "magic", False),  # noqa: FBT003
    }
    assert {name: key.digest for name, key in found.items()} == KEYS


def test_paths(tmp_path: Path) -> None:
    """A file and a directory."""
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "a.csv").write_bytes(b"1,2\n")
    file, tree = (digest(tmp_path / name, "x").hex() for name in ("tree/inner/a.csv", "tree"))
    assert (file, tree) == LIBRARIES["paths"]


def library_values() -> dict[str, tuple[str, Callable[[Any], object]]]:
    return {
        "numpy": ("numpy", lambda np: [
            np.arange(6).reshape(2, 3), np.arange(6, dtype=">f4"), np.array(["a", "bc"]), np.array(["a", None], object),
            np.array(["2020-01-01"], "M8[ns]"), np.zeros(2, [("a", "i1"), ("b", "f8", (2,))]), np.array(1.5), np.float32(1),
            np.float64("nan"), np.arange(20_000.0), np.arange(40_000.0)[::2], np.ma.array([1, 2], mask=[0, 1]), np.dtype("f8"),
        ]),
        "pandas": ("pandas", lambda pd: [
            pd.DataFrame({"a": [1, 2], "b": [1.5, None]}, index=[3, 4]), pd.Series([1, None], dtype="Int64", name="n"),
            pd.Series(["a", None], dtype="string"), pd.Series(pd.Categorical(["a", "b"], ordered=True)), pd.RangeIndex(3),
            pd.MultiIndex.from_product([[1], [1.5, 2.5]], names=["x", None]), pd.NA, pd.NaT,
            pd.Timestamp(2020, 1, 1, tz="UTC").as_unit("ns"), pd.date_range("2020", periods=2, freq="D", unit="ns"),
        ]),
        "pyarrow": ("pyarrow", lambda pa: [
            pa.table({"a": [1, None], "b": ["x", None]}), pa.array([[1], None, []]), pa.array([{"a": 1}, None]),
            pa.array(["a", "b"]).dictionary_encode(), pa.array([True, None]), pa.scalar(1), pa.int64(),
            pa.schema([("a", pa.timestamp("ns", "UTC"))]), pa.chunked_array([[1], [2]]),
        ]),
        "polars": ("polars", lambda pl: [
            pl.DataFrame({"a": [1, None], "b": ["x", None]}), pl.Series("l", [[1], None, []]), pl.Series([{"a": 1}, None]),
            pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])), pl.Series([True, None]), pl.Datetime("ms", "UTC"),
        ]),
        "pydantic": ("pydantic", lambda pydantic: placed(
            pydantic.create_model("Model", __module__="golden_values", a=(int, 1), b=(str, "b"))
        )(b="c")),
        "attrs": ("attrs", lambda attrs: placed(attrs.make_class("Attrs", {"a": attrs.field()}))(1)),
    }  # fmt: skip


@pytest.mark.parametrize("name", library_values())
def test_libraries(name: str) -> None:
    """Values with adapters, one after the other, and together."""
    module, values = library_values()[name]
    assert digest(values(pytest.importorskip(module)), "x").hex() == LIBRARIES[name][0]
