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
GOLDEN: dict[str, str] = {
    "None": "9c298d589a2158eb513cb52191144518a2acab2cb0c04f1df14fca0f712fa4a1",
    "True": "112bda3b495d867b6a98c899fac7c25eb60ca4b6e6fe5ec7ab9299f93e8274bc",
    "0": "ac57d54dcc34f2ebf6f410f6d7fab436eb84f8f6b640782134b3d8062ebf71d0",
    "-1": "96768675c6178127fcdca41c26bab8793db9a864be4b16a2be3b74e0355b0a28",
    "2**31": "2b3ba5df4f3fee93a5e243d1096660c756e6a187c795967cf42221db8eb45a71",
    "10**30": "d5439c0a6640b6005ff30d4720af8023f9ff401dc15f471e00fb57d4048bbfd4",
    "0.1": "28a363968e72ff382f807a31767ef2c6dc65df8ee6dc02d54bf4d76bbb237b60",
    "-0.0": "7a16207b7902ce9558ba73dc0803d7c52d948fd4ab1fb3cd78131498db37a144",
    "nan": "d944fc73a99e4d99e4f28c44bc2da8e85c1b7f5165f4b8e5bc5c0df1e77e2d96",
    "1j": "d72c7e1a5a55483045c144fd132884877491dbb61fab0634c7093b007711fd13",
    "text": "0767d5f6c7d5c4667ca1d4f90fb50d063f0a0f5283d5fd6c34e5dbf4d754e2b9",
    "no text": "aecf9caebc9a4d57edf83b3203247aeba2bf37edc35c0fcaab39ecafec3fa6c5",
    "lone surrogate": "ed0aa3f3d56fe2aa10e858c24eae28852af0d61173f9df2bf2d8dafe156b9570",
    "text of 300": "b3217b12f70c5eb662a86f6a0e1933cf52744cc9bfb5dab44db3c9abb61dfa53",
    "large text": "dc03248aacd8c19b3ad3ad49e95a06638ef6d7baa5b87806f74bfb8f0e5d461c",
    "text below the threshold": "948d4fc94e4aadc09f9a6311b0a124f4837e122213afcf10eae7354b317803dc",
    "bytes": "39a45a73830303210ddd36cf098bf68b290c5446e54aec9f8373fc3d673934f6",
    "large bytes": "49289ccd10920b0da0f01e10daa085ccac0aba87406abe0cf8036c5ba218907e",
    "bytearray": "4e83af3d455f5d5d70e7318daa7277f05f3820c152c93ae9efd50ce548476761",
    "large bytearray": "b22d9db453c71a1c30c9bbfedc894f3667a00ac0111bdb4034a4c5aa8a2d0580",
    "list": "1a38fb0264aa44746cc0190efa832a15cc45ec7494691f93d9b603c9c8e10a82",
    "tuple": "48a905b52a3a915a24169f24bbbc0b9979673f710afcad4c046364ff7a8e6122",
    "dict": "6b2e90b7db90df6dad12c0c6eb9de4c8055519fd26e2804a746eb9641a602075",
    "list of 30000": "b631ca634134fc1b9c488cacb29278ba8d73493ef3eac83ee643b84c82ecb2e6",
    "dict of 2500": "df4d78f067f5f2873f502f3e621f0cd92878d639b621bb1216cbab04d69b2e4c",
    "set": "6dee78cf1e8ef77224ed5ee1f02b1dff34bc28983041a18d0b6151dd1f37d8cf",
    "frozensets": "f6bdaff5ab92340ff650a2ecc285999d9a2e67309dee937cc99fa3d51b1edf22",
    "range": "74d564551fbbb5271a2324c12f1fca196304119dc4a0ba447fa5b75cb09f481a",
    "slice": "a55dd6eb6be2519c267cc643eb62cca7ede581fc7aef3e24edd9e2fe833f2b44",
    "Ellipsis": "5b8fdee15b963bea0fd4984e1bd7670b1c5d86eb19bf31098ba28300d26626e0",
    "memoryview": "4a40cf3325c7b9228dc7d4b8d628fd228643dcd63a4d28b47f34f6ecc84ff8e7",
    "class": "8ea6df954f19344e120df8d7718308b65d8b10ae1584fc4f920d5b02802d5be2",
    "module": "336c41265f65f03a3d9ca1111155e98c31e3b5cc8ee39d15d90356baa1860221",
    "functions": "7b52d9ab0b41b00ddcfb4119933b8ed16065805c336b90c23edea7ee2d00a486",
    "date": "af3a66c85cce6b5409aeb9315e6a67b1ec72756171e5a5a4833069b0a48c356d",
    "datetime": "3fe2e0dd13aa03990866406548892cdf0986d22ff18ff89dc54ec9ff09605af8",
    "zoned": "cf98837acf63bc2339d04cd1cebcbf08d00e9e3faf8a32107cddfcd72e29a496",
    "time": "4e400a3c350bae4baa72cfd27e9561295d5d548084cf4ae2debad51b03921959",
    "timedelta": "a533c92fbc769eb2dfd7aab72f881d3c79ba0624054bbd2e907a53710fd958b0",
    "Decimal": "9290f090f0447459676fd86e65a3eb72c81bb7b3f0b63f4e0d2f6a31780690e2",
    "Fraction": "03e9d09e70924f0149dea03eacacc1943a6a1c04b100bdf328c7150e923b473c",
    "UUID": "98bb672a0517467116d2779f8aff8dafefe6c840a9cf4fc2ff701db166f96745",
    "Pattern": "143805c245d4ba5067ac68ddd57f96870bbc2bdbc517f606c22ac9bc63f36589",
    "PurePath": "4c0210122f4edf39578f47b3263b0ce9ac9e03e8e35edc100356e6c7351cbccb",
    "OrderedDict": "d43bc1deb7a2eb9337ad4991548b7c9e80048996e7a9065e7dcce5dfe0309890",
    "Counter": "13ba7264648dd30a5ca2524bc53c9362ed16ed5bfae5f43516ec9005177f0dd4",
    "defaultdict": "bd9df99a9605d4d4c2a38c2338c6759fd5357ff70109599951810b13767cba20",
    "deque": "0b546908493dc4cfbddf9cd4dc452735c3ab4bebcd8922b76bbf46e8ef2c43dc",
    "SimpleNamespace": "0658d42a615bad375d659bcba005a5e3ecc7c40d7cc104db3579e4d08cd6a12d",
    "mappingproxy": "b2b196f54cbc56af7f9d7c9e475aa22e635629dfd170938284a43d4ffccd49c5",
    "partial": "81fa3198484cf86254c0ea3cb362a89c3452ba8e989a0e0465b4f8b4f9eec969",
    "dataclass": "d3ed45f725ae5998645e23e606e8c0a851df27405bf0ec4690edc2572a615298",
    "instance": "cde6d3714c25e1ca933dd233ff7bed8b031ca182747445631fe9f26c5f73e317",
    "slots": "12c076de164b03764f508dd21b57c1af1a52872f2aac99c6e10dfa0fbf7fa13e",
    "dict subclass": "a477fc7662cc77f6fb6152b02fe9ba4122f78142c9b4dbcc5237138c815561cc",
    "frozenset subclass": "42fe3d65f5d304e6e0bc982a1ad88452ede8d1b4d94b74d3a742b4e4bc41fc21",
    "namedtuple": "899308549d9b3921dd3236b7bf2a3fc9b939fb49e69829d004b649d6bee0be41",
    "enum": "b5f169a66c234179ca5e536b54f5bbc8185643e7b9910f84631346e84bbcb37d",
    "__mops_key__": "62aefaa3202d9b65089c735ac9f77377cfb5fc16a5daf734679f90f378a9bc51",
    "registered": "7ec4f79ab0842022767505a67e64a080a2a9f1aec3eb61089cf8962e2cad9765",
    "function": "3ed52e44966ce425668eec4fc3efc9399de6d49e46c36162c4583277e23e2719",
    "loop": "50a326b6e6fbc2713432073e181260605b961a6d82e5ed7cf87a4edf355ddc16",
}
KEYS: dict[str, str] = {
    "short": "e0b4fa9019cc76afba5262402c5435c72c46c92a4d2765e4b1de010a04416a88",
    "shared": "bec7994fb155e395a3bb986109795ad8bd461b6518951e128d712a450647d97a",
    "full": "aba2d47cec31c0d639dd420ed06133870aba04b9c87ab0bea8a14cb7e7f19161",
    "calls": "8c4e8084bac82ba2ab86fb56b1f3fc4500399b31b4b93bdb58590a9bf2048790",
}
LIBRARIES: dict[str, tuple[str, ...]] = {
    "paths": (
        "e6e343cc9b611e39bb10c0a512b04185a481acd8d9ee0ec762e4b463aacdfb45",
        "83aadf38b7c3f77177c6739ca373cdb430260bb087d062ce26f95ef301e65ec5",
    ),
    "numpy": ("0eca0f61671d401970f7db6fc6ce27ea2297ec26e5d8fafd72b89322a31e5a18",),
    "pandas": ("e583613b81cc41bdac2daec6e173264347618d6110dd5f2e0c0a7a950845ce9a",),
    "pyarrow": ("bcc629f3e836ec9efcc40a2039add28202dddee830519b5e92cfb0f102fcef9f",),
    "polars": ("ab78389b0e637c62fdb1fa110caf75afb39757dfbd7dbcfe1cfef9c6d07e5f28",),
    "pydantic": ("b20a0744b349f6e13dde297bf7b7bdb3232c99f6a9666c48e27403074638e384",),
    "attrs": ("61b5208039b3b0a9802d00522b30ad1fe304027d7def030165c4834ae2cf5637",),
}


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
    identity = Identity(
        "pkg.mod.named", "pkg.mod.named", "v1", None, "/home/me/project", "3.11:0000000000000000"
    )
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
            np.array(["2020-01-01"], "M8[ns]"), np.zeros(2, [("a", "i1"), ("b", "f8", (2,))]),
            np.array(1.5), np.float32(1),
            np.float64("nan"), np.arange(20_000.0), np.arange(40_000.0)[::2],
            np.ma.array([1, 2], mask=[0, 1]), np.dtype("f8"),
        ]),
        "pandas": ("pandas", lambda pd: [
            pd.DataFrame({5: [1, 2], 6: [1.5, None], 9: [True, False]}, index=[3, 4]),
            pd.Series([1, None], dtype="Int64", name="n"),
            pd.Series(["a", None], dtype="string"), pd.Series(pd.Categorical([7, 8], ordered=True)),
            pd.RangeIndex(3),
            pd.MultiIndex.from_product([[1], [1.5, 2.5]], names=["x", None]), pd.NA, pd.NaT,
            pd.Timestamp(2020, 1, 1, tz="UTC").as_unit("ns"), pd.date_range("2020", periods=2, freq="D", unit="ns"),
        ]),
        "pyarrow": ("pyarrow", lambda pa: [
            pa.table({"a": [1, None], "b": ["x", None]}), pa.array([[1], None, []]), pa.array([{"a": 1}, None]),
            pa.array(["a", "b"]).dictionary_encode(), pa.array([True, None]), pa.scalar(1), pa.int64(),
            pa.schema([("a", pa.timestamp("ns", "UTC"))]), pa.chunked_array([[1], [2]]),
        ]),
        "polars": ("polars", lambda pl: [
            pl.DataFrame({"a": [1, None], "b": ["x", None]}), pl.Series("l", [[1], None, []]),
            pl.Series([{"a": 1}, None]),
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
