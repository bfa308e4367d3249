"""Instances: by class and content, whatever order they got it in, and nothing lost."""

from __future__ import annotations

import collections
import copy
import enum
import functools
import pickle
import threading
from dataclasses import InitVar, dataclass, field, make_dataclass
from typing import Any, ClassVar, NamedTuple

import attrs
import pydantic
import pytest

from thds.mops.callkey.canonical import digest
from thds.mops.callkey.registry import known, register_encoder
from thds.mops.errors import SettingsError, UnkeyableError


def key(value: object) -> bytes:
    """The digest, which a copy and a pickle of the value share."""
    expected = digest(value, "x")
    assert digest(copy.deepcopy(value), "x") == expected
    assert digest(pickle.loads(pickle.dumps(value)), "x") == expected
    assert digest([value, value], "x") == digest([value, copy.deepcopy(value)], "x")
    return expected


class Plain:
    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("__private", "a", "b")

    def __init__(self, a: object) -> None:
        self.a = a
        self.__private = 1


class SlottedChild(Slotted):
    """Has slots and a `__dict__`."""


class Cached(Plain):
    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.a  # type: ignore[attr-defined, no-any-return]


class MyList(list[Any]):
    pass


class MyDict(dict[Any, Any]):
    pass


class MySet(set[Any]):
    pass


class MyFrozenSet(frozenset[Any]):
    pass


class MyInt(int):
    pass


class MyStr(str):
    __slots__ = ()


class Point(NamedTuple):
    a: int
    b: int


class Color(enum.Enum):
    RED = 1
    BLUE = 2
    ALSO_RED = RED


class Number(enum.IntEnum):
    ONE = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Data:
    a: int
    b: Any = None
    shared: ClassVar[int] = 1
    seed: InitVar[int] = 0
    hidden: int = field(default=0, compare=False, repr=False)

    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.a


@dataclass
class SameData:
    a: int
    b: Any = None
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class FrozenData:
    a: int
    b: Any = None


@dataclass
class DictData(dict[Any, Any]):
    a: int = 0


@attrs.define
class Attrs:
    a: int
    b: Any = None


@attrs.define
class CachedAttrs:
    a: int

    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.a


@attrs.frozen(cache_hash=True)
class Hashed:
    a: str


@attrs.define(slots=False)
class LooseAttrs:
    a: int


class Model(pydantic.BaseModel):
    a: int
    b: str = "b"
    _private: int = pydantic.PrivateAttr(default=0)

    @functools.cached_property
    def twice(self) -> int:
        return 2 * self.a


class ExtraModel(pydantic.BaseModel, extra="allow"):
    a: int


class Keyed:
    def __init__(self, a: object, noise: object) -> None:
        self.a = a
        self.noise = noise

    def __mops_key__(self) -> object:
        return self.a


class Reduced:
    """Reduces to something of its own."""

    def __init__(self, a: object) -> None:
        self.a = a
        self.lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Reduced, (self.a,)


class WithState(Plain):
    def __getstate__(self) -> object:
        return {name: value for name, value in self.__dict__.items() if name != "lock"}


def test_all_apart() -> None:
    """Classes, fields, bases and values: each difference counts."""
    values = [
        Plain(), Plain(a=1), Plain(a=2), Plain(a=True), Plain(b=1), Plain(a=1, b=2), {"a": 1}, Slotted(1), Slotted(2),
        SlottedChild(1), Cached(a=1), MyList([1]), [1], MyList([2]), MyDict(a=1), MyDict(a=1, b=2), MyDict(b=2, a=1),
        MySet({1}), {1}, MyFrozenSet({1}), frozenset({1}), MyInt(1), 1, MyStr("1"), "1", Point(1, 2), (1, 2),
        Point(2, 1), Color.RED, Color.BLUE, Number.ONE, Access.READ, Access.READ | Access.WRITE, Access(0), Data(1),
        Data(2), Data(1, "b"), Data(1, hidden=1), SameData(1), FrozenData(1), FrozenData(2), DictData(1), DictData(2),
        Attrs(1), Attrs(2), Attrs(1, 1), LooseAttrs(1), Hashed("1"), Model(a=1), Model(a=2), Model(a=1, b="c"),
        ExtraModel(a=1), ExtraModel(a=1, c=2), ExtraModel(a=1, c=3), Plain, Slotted, Color, Model,
        Reduced(1), Reduced(2),
        WithState(a=1), WithState(a=2), int, dict, type(None), ValueError("a"), ValueError("b"), TypeError("a"),
    ]  # fmt: skip
    digests = {key(value): value for value in values}
    assert len(digests) == len(values)


def test_order_of_attributes_does_not_show() -> None:
    """Attributes set in another order; subclasses of sets filled in another order."""
    assert key(Plain(a=1, b=2)) == key(Plain(b=2, a=1))
    assert key(WithState(a=1, b=2, lock=None)) == key(WithState(b=2, lock=1, a=1))
    many = [f"element {number}" for number in range(50)]
    assert key(MySet(many)) == key(MySet(reversed(many)))
    assert key(MyFrozenSet(many)) == key(MyFrozenSet(reversed(many)))
    one, other = MyList([1]), MyList([1])
    one.a, one.b = 1, 2  # type: ignore[attr-defined]
    other.b, other.a = 2, 1  # type: ignore[attr-defined]
    assert key(one) == key(other) != key(MyList([1]))


def test_slots() -> None:
    """Content in slots counts, also private ones; what is not set is not there."""
    one, other = Slotted(1), Slotted(1)
    other.b = 2
    assert key(one) != key(other)
    one.b = 2
    assert key(one) == key(other)
    other._Slotted__private = 5  # type: ignore[attr-defined]
    assert key(one) != key(other)
    child, twin = SlottedChild(1), SlottedChild(1)
    child.more = 1  # type: ignore[attr-defined]
    assert key(child) != key(twin)


def test_cached_properties_do_not_show() -> None:
    """Having been read changes nothing, on any kind of class; other extra attributes do."""
    for make in (lambda: Cached(a=1), lambda: Data(1), lambda: Model(a=1), lambda: CachedAttrs(1)):
        read, fresh = make(), make()
        assert read.twice == 2
        assert key(read) == key(fresh)
    extra = Data(1)
    extra.more = 1  # type: ignore[attr-defined]
    assert key(extra) != key(Data(1))
    other = Data(1)
    other.more = 2  # type: ignore[attr-defined]
    assert key(extra) != key(other)
    loose = LooseAttrs(1)
    loose.more = 1  # type: ignore[attr-defined]
    assert key(loose) != key(LooseAttrs(1))


def test_subclasses_of_builtins_keep_their_content() -> None:
    """A dataclass that is a dict is its fields and its items."""
    full = DictData(1)
    full["k"] = 1
    assert key(full) != key(DictData(1))


def test_remembered_hashes_do_not_show() -> None:
    """attrs keeps the hash of an instance in it; it differs with the hash seed."""
    hashed = Hashed("a")
    hash(hashed)
    assert key(hashed) == key(Hashed("a"))


def test_pydantic() -> None:
    """Fields in any order; extras and private attributes count; which fields were given does not."""
    assert key(Model(a=1, b="b")) == key(Model(b="b", a=1)) == key(Model(a=1))
    assert key(Model.model_validate_json('{"b": "b", "a": 1}')) == key(Model(a=1))
    private = Model(a=1)
    private._private = 1
    assert key(private) != key(Model(a=1))
    assert key(ExtraModel(a=1, c=1, d=2)) == key(ExtraModel(d=2, c=1, a=1))


def test_enums() -> None:
    """Aliases are one member; a member is not its value; the value counts beside the name."""
    assert key(Color.RED) == key(Color.ALSO_RED) == key(Color(1))
    one, other = (enum.Enum("Local", {"A": value}) for value in (1, 2))
    assert digest(one.A, "x") != digest(other.A, "x")  # type: ignore[attr-defined]


def test_a_class_can_say_its_key() -> None:
    """`__mops_key__` stands for the instance, under the class's name."""

    class OtherKeyed(Keyed):
        pass

    assert digest(Keyed([1], threading.Lock()), "x") == digest(Keyed([1], 5), "x")
    assert digest(Keyed([1], 0), "x") != digest(Keyed([2], 0), "x")
    assert digest(Keyed(1, 0), "x") != digest(OtherKeyed(1, 0), "x")
    assert digest(Keyed({"b", "a"}, 0), "x") == digest(Keyed({"a", "b"}, 0), "x")
    with pytest.raises(UnkeyableError, match=r"`x\[0\]"):
        digest([Keyed(threading.Lock(), 0)], "x")


class Foreign:
    def __init__(self, a: object) -> None:
        self.a = a
        self.lock = threading.Lock()


class ForeignChild(Foreign):
    pass


def test_register_encoder() -> None:
    """By class or by name, for subclasses too; the last one wins, also where the class was keyed before."""
    with pytest.raises(UnkeyableError):
        digest(Foreign(1), "x")
    register_encoder(Foreign, lambda foreign: foreign.a)
    first = digest(Foreign(1), "x")
    assert digest(Foreign(1), "x") == first != digest(Foreign(2), "x")
    assert digest(ForeignChild(1), "x") not in (first, digest(1, "x"))
    register_encoder(f"{Foreign.__module__}.Foreign", lambda _foreign: "all the same")
    assert digest(Foreign(1), "x") == digest(Foreign(2), "x") != first
    assert Foreign in known
    with pytest.raises(SettingsError, match="dotted name"):
        register_encoder("Foreign", str)
    with pytest.raises(SettingsError, match="not callable"):
        register_encoder(Foreign, 5)  # type: ignore[arg-type]


def local_class(body: int, base: type = object) -> Any:
    """A class that no name leads back to; what its method does depends on the body."""

    class Local(base):  # type: ignore[misc]
        limit = body

        def __init__(self) -> None:
            super().__init__()
            self.a = 1

        def method(self) -> int:
            return self.a + 1

    return Local


def test_local_classes_by_their_definition() -> None:
    """A name that several classes share cannot stand for one of them."""
    assert digest(local_class(1)(), "x") == digest(local_class(1)(), "x")
    assert digest(local_class(1)(), "x") != digest(local_class(2)(), "x")
    assert digest(local_class(1), "x") != digest(local_class(1, Plain), "x")
    assert digest(local_class(1), "x") != digest(local_class(1)(), "x")
    one, other = (make_dataclass("Made", [("a", int, default)]) for default in (1, 2))
    assert digest(one(5), "x") != digest(other(5), "x")
    assert digest(one(5), "x") == digest(make_dataclass("Made", [("a", int, 1)])(5), "x")


def test_local_classes_of_all_kinds() -> None:
    """Whatever makes a class, two runs of it make classes of one digest."""

    def make() -> list[Any]:
        @dataclass(frozen=True)
        class LocalData:
            a: int = 1

        @dataclass(slots=True)
        class LocalSlots:
            a: int = 1

        @attrs.define
        class LocalAttrs:
            a: int = 1

        class LocalModel(pydantic.BaseModel):
            a: int = 1

            @pydantic.field_validator("a")
            @classmethod
            def check(cls, value: int) -> int:
                return value

        class LocalEnum(enum.Enum):
            A = 1

            @property
            def twice(self) -> int:
                return 2 * self.value  # type: ignore[no-any-return]

        class LocalTuple(NamedTuple):
            a: int = 1

        class LocalError(Exception):
            pass

        class LocalDict(collections.UserDict[str, int]):
            @staticmethod
            def static() -> int:
                return 1

        return [
            LocalData(),
            LocalSlots(),
            LocalAttrs(),
            LocalModel(),
            LocalEnum.A,
            LocalTuple(),
            LocalError(1),
            LocalDict(),
        ]

    digests = [digest(value, "x") for value in make()]
    assert digests == [digest(value, "x") for value in make()]
    assert len(set(digests)) == len(digests)
