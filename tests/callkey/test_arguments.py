"""Binding: as Python binds, and where Python would refuse, its own refusal."""

from __future__ import annotations

import functools
import math
from typing import Any

import pytest

from thds.mops.callkey.arguments import Binder, check_ignored
from thds.mops.errors import DecorationError


def everything(a, /, b, c=3, *args, d, e=5, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ARG001
    local = lambda: (a, d, kwargs)  # noqa: E731 - makes cells of arguments
    return local()


def two(x, y=2):  # type: ignore[no-untyped-def]  # noqa: ARG001
    return x


def keyword_only(*, x, y=2):  # type: ignore[no-untyped-def]  # noqa: ARG001
    return x


def nothing() -> None: ...


class Methods:
    def method(self, x, y=2):  # type: ignore[no-untyped-def]  # noqa: ARG002
        return x

    @classmethod
    def class_method(cls, x):  # type: ignore[no-untyped-def]
        return x


def passing_on(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


def injecting(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function("injected", *args, **kwargs)

    return inner


def bound(function: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    stub, values = Binder(function).bind(args, kwargs)
    return dict(zip(stub.names, values, strict=True))


def test_all_kinds_of_parameters() -> None:
    """Positional-only, plain, star, keyword-only and double star, with and without defaults."""
    expected = {"a": 1, "b": 2, "c": 3, "args": (), "d": 4, "e": 5, "kwargs": {}}
    assert bound(everything, 1, 2, d=4) == expected
    assert bound(everything, 1, b=2, d=4, e=5, c=3) == expected
    full = bound(everything, 1, 2, 30, 40, 50, d=4, z=1, a=2)
    assert full == expected | {"c": 30, "args": (40, 50), "kwargs": {"a": 2, "z": 1}}
    assert list(full["kwargs"]) == ["a", "z"]
    assert bound(nothing) == {}
    assert bound(keyword_only, x=1) == {"x": 1, "y": 2}


def test_one_call_in_many_spellings() -> None:
    """By place, by name, with defaults said or left out."""
    spellings = [bound(two, 1), bound(two, x=1), bound(two, 1, 2), bound(two, y=2, x=1), bound(two, 1, y=2)]
    assert all(spelling == {"x": 1, "y": 2} for spelling in spellings)


def test_partials_and_methods_are_calls_of_the_function_below() -> None:
    """What they fix is an argument like any other."""
    assert bound(functools.partial(two, 1)) == bound(two, 1)
    assert bound(functools.partial(two, y=5), 1) == bound(two, 1, 5)
    assert bound(functools.partial(two, y=5), 1, y=6) == bound(two, 1, 6)
    assert bound(functools.partial(functools.partial(everything, 1), 2, d=4), 3) == bound(
        everything, 1, 2, 3, d=4
    )
    owner = Methods()
    assert bound(owner.method, 1) == {"self": owner, "x": 1, "y": 2}
    assert bound(functools.partial(owner.method, x=1)) == {"self": owner, "x": 1, "y": 2}
    assert bound(Methods.class_method, 1) == {"cls": Methods, "x": 1}


def test_wrapped_functions_have_the_signature_they_show() -> None:
    """Where a wrapper takes something else than what it wraps, its own code decides."""
    assert bound(passing_on(two), 1) == bound(two, 1)
    assert bound(injecting(two)) == {"args": (), "kwargs": {}}
    assert bound(injecting(nothing), 1, y=3) == {"args": (1,), "kwargs": {"y": 3}}


def test_builtins() -> None:
    """With a signature, and without one."""
    assert bound(math.sqrt, 4) == {"x": 4}
    assert bound(max, 1, 2, key=abs) == {"args": (1, 2), "kwargs": {"key": abs}}


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (two, (), {}), (two, (1, 2, 3), {}), (two, (1,), {"x": 1}), (two, (1,), {"z": 1}), (nothing, (1,), {}),
        (everything, (), {}), (everything, (1, 2), {}), (everything, (), {"a": 1, "b": 2, "d": 4}),
        (keyword_only, (1,), {}), (keyword_only, (), {"y": 1}), (Methods().method, (), {}),
        (functools.partial(two, 1), (2, 3), {}),
    ],
)  # fmt: skip
def test_wrong_calls_are_refused_as_python_refuses_them(function: Any, args: Any, kwargs: Any) -> None:
    """The very message, function's name and all."""
    with pytest.raises(TypeError) as ours:
        Binder(function).bind(args, kwargs)
    with pytest.raises(TypeError) as pythons:
        function(*args, **kwargs)
    assert str(ours.value) == str(pythons.value)


def test_ignored_names_must_be_parameters() -> None:
    """A typo would leave the argument in the key: it is an error that names the nearest parameter."""
    assert check_ignored(["x"], "f", ("x", "conn")) == {"x"}
    with pytest.raises(DecorationError, match="'con', which is no parameter of f") as caught:
        check_ignored(["con"], "f", ("x", "conn"))
    assert "'conn'" in caught.value.hint
    with pytest.raises(DecorationError, match="no parameter"):
        check_ignored(["x"], "f", ())
    with pytest.raises(DecorationError, match="list of names"):
        check_ignored("conn", "f", ("conn",))
