"""Methods (`self` counts as an argument), class and static methods, in both orders of the decorators."""

from __future__ import annotations

import functools
import inspect
import pickle
from dataclasses import dataclass

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@dataclass(frozen=True)
class Scale:
    """Equal by its factor."""

    factor: int

    @pure.magic()
    def times(self, x: int, plus: int = 0) -> int:
        """Multiplies."""
        RAN.append((self.factor, x))
        return self.factor * x + plus

    @pure.magic()
    @classmethod
    def outside_classmethod(cls, x: int) -> tuple[str, int]:
        RAN.append((cls.__name__, x))
        return cls.__name__, x

    @classmethod
    @pure.magic()
    def inside_classmethod(cls, x: int) -> tuple[str, int]:
        RAN.append((cls.__name__, x))
        return cls.__name__, x

    @pure.magic()
    @staticmethod
    def outside_staticmethod(x: int) -> int:
        RAN.append(x)
        return x + 1

    @staticmethod
    @pure.magic()
    def inside_staticmethod(x: int) -> int:
        RAN.append(x)
        return x + 1

    @pure.magic()
    async def later(self, x: int) -> int:
        RAN.append(x)
        return self.factor * x

    @pure.magic
    def bare(self) -> int:
        RAN.append(self)
        return self.factor


def loud(function):  # type: ignore[no-untyped-def]
    @functools.wraps(function)
    def wrapper(*args: object) -> object:
        RAN.append("loud")
        return function(*args)

    return wrapper


class Loud:
    @loud
    @pure.magic()
    def method(self, x: int) -> int:
        RAN.append(x)
        return x


def identity(x: object) -> object:
    return x


class Plain:
    """Has no equality of its own."""

    def __init__(self, **attributes: int) -> None:
        self.__dict__.update(attributes)

    @pure.magic()
    def total(self) -> int:
        RAN.append(self)
        return sum(vars(self).values())


class Wider(Scale):
    """Inherits all of them."""


def test_self_is_an_argument() -> None:
    """An equal object is the same call; another one is another call; so is an object of another class."""
    assert Scale(2).times(10) == 20
    assert Scale(2).times(10) == 20
    assert Scale(2).times(x=10, plus=0) == 20
    assert RAN == [(2, 10)]
    assert Scale(3).times(10) == 30
    assert Wider(2).times(10) == 20
    assert RAN == [(2, 10), (3, 10), (2, 10)]


def test_the_plain_way_through_the_class() -> None:
    """`Scale.times(obj, x)` is the same call as `obj.times(x)`."""
    assert Scale(2).times(10) == Scale.times(Scale(2), 10) == 20
    assert RAN == [(2, 10)]
    assert Scale(2).times.memo_uri(10) == Scale.times.memo_uri(Scale(2), 10)


def test_bound_ones_look_like_bound_methods() -> None:
    """`__self__`, `__func__`, name, docstring and signature."""
    scale = Scale(2)
    assert scale.times.__self__ is scale
    assert scale.times.__func__ is Scale.__dict__["times"]
    assert scale.times.__name__ == "times"
    assert scale.times.__doc__ == "Multiplies."
    assert list(inspect.signature(scale.times).parameters) == ["x", "plus"]
    assert scale.times == scale.times
    assert scale.times != Scale(2).times or scale is Scale(2)
    assert len({scale.times, scale.times}) == 1
    assert "Scale.times" in repr(scale.times)
    assert "Scale(factor=2)" in repr(scale.times)


def test_everything_a_decorated_function_has() -> None:
    """submit, map, peek, memo_uri, forget, shim and off of a bound method take the call without `self`."""
    scale = Scale(2)
    assert not scale.times.peek(1)
    assert scale.times.submit(1, plus=5).result() == 7
    assert scale.times.peek(1, plus=5) == 7
    assert scale.times.forget(1, plus=5) is True
    assert not scale.times.peek(1, plus=5)
    assert list(scale.times.map([1, 2, 3])) == [2, 4, 6]
    assert list(scale.times.map([1, 2], [10, 20])) == [12, 24]
    RAN.clear()
    with scale.times.off():
        assert scale.times(1) == 2
    with scale.times.shim("samethread"):
        assert scale.times(1) == 2
    assert RAN == [(2, 1)]
    assert "Scale.times" in scale.times.memo_uri(1)


@pytest.mark.parametrize("name", ["outside_classmethod", "inside_classmethod"])
def test_class_methods(name: str) -> None:
    """The class is an argument; an instance makes no difference."""
    assert getattr(Scale, name)(1) == ("Scale", 1)
    assert getattr(Scale(9), name)(1) == ("Scale", 1)
    assert getattr(Scale, name)(x=1) == ("Scale", 1)
    assert RAN == [("Scale", 1)]
    assert getattr(Wider, name)(1) == ("Wider", 1)
    assert getattr(Wider(1), name)(1) == ("Wider", 1)
    assert RAN == [("Scale", 1), ("Wider", 1)]
    assert list(inspect.signature(getattr(Scale, name)).parameters) == ["x"]


@pytest.mark.parametrize("name", ["outside_classmethod", "outside_staticmethod", "inside_staticmethod"])
def test_other_ways_to_call_class_and_static_methods(name: str) -> None:
    """As on functions. (Inside a `@classmethod` Python itself binds, so there is the call only.)"""
    method = getattr(Scale, name)
    value = method.submit(4).result()
    assert method.peek(4) == value == method(4)
    assert list(method.map([4])) == [value]
    assert method.memo_uri(4) == getattr(Scale(1), name).memo_uri(4)
    assert method.forget(4)
    assert not method.peek(4)


@pytest.mark.parametrize("name", ["outside_staticmethod", "inside_staticmethod"])
def test_static_methods(name: str) -> None:
    """No first argument, from wherever it is called."""
    assert getattr(Scale, name)(1) == getattr(Scale(9), name)(1) == getattr(Wider, name)(x=1) == 2
    assert RAN == [1]
    assert list(inspect.signature(getattr(Scale, name)).parameters) == ["x"]


def test_bare_decorator_on_a_method() -> None:
    """`@pure.magic` without parentheses."""
    assert Scale(4).bare() == Scale(4).bare() == 4
    assert [Scale(4)] == RAN


async def _twice(scale: Scale) -> tuple[int, int]:
    return await scale.later(3), await scale.later(3)


def test_async_methods() -> None:
    """Awaitable and memoized."""
    import asyncio

    assert asyncio.run(_twice(Scale(5))) == (15, 15)
    assert RAN == [3]


def test_a_bound_method_can_be_pickled() -> None:
    """As bound methods of plain classes can."""
    again = pickle.loads(pickle.dumps(Scale(2).times))
    assert again(10) == 20
    assert again.__self__ == Scale(2)


def test_objects_are_arguments_by_what_they_are() -> None:
    """A `self` without equality of its own counts by its attributes, in whatever order they were set."""

    assert Plain(a=1, b=2).total() == Plain(b=2, a=1).total() == 3
    assert len(RAN) == 1
    assert Plain(a=1, b=3).total() == 4


def test_settings_for_a_class_hold_for_its_methods() -> None:
    """A class is a place in the module tree."""

    class Here:
        @pure.magic()
        def method(self) -> None: ...

        @pure.magic()
        @staticmethod
        def static() -> None: ...

    pure.magic.pipeline_id("of/the/class", Here)
    assert "'of/the/class'" in repr(Here.method)
    assert "'of/the/class'" in repr(Here.static)
    pure.magic.pipeline_id("of/method", Here().method)
    assert "'of/method'" in repr(Here.method)
    assert "'of/the/class'" in repr(Here.static)


def test_functools_wraps_above_it() -> None:
    """Another decorator may stand above ours."""
    Loud().method(1)
    Loud().method(1)
    assert RAN == ["loud", 1, "loud"]


def test_functools_wraps_copies_nothing_of_ours() -> None:
    """The wrapper of a local class is no other one after a call: nothing that changes lies in its `__dict__`."""

    def calm(function):  # type: ignore[no-untyped-def]
        @functools.wraps(function)
        def wrapper(*args: object) -> object:
            return function(*args)

        return wrapper

    class Here:
        @calm
        @pure.magic()
        def method(self, x: int) -> int:
            return x

    before = pure.magic()(identity).memo_uri(Here())
    Here().method(1)
    assert pure.magic()(identity).memo_uri(Here()) == before
