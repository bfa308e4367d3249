"""Keys of calls: one key exactly if it is one call."""

from __future__ import annotations

import functools
import pickle
import threading
from typing import Any

import pytest

from thds.mops.callkey.function import Identity, identify
from thds.mops.callkey.key import Key, KeyMaker
from thds.mops.errors import DecorationError, UnkeyableError

MISSING = object()


def two(x: object, y: object = 2) -> object:  # noqa: ARG001
    """function-logic-key: v1"""
    return x


def same_parameters(x: object, y: object = 2) -> object:  # noqa: ARG001
    return x


def collecting(*args: object, **kwargs: object) -> object:
    return args, kwargs


def with_sentinel(x: object = MISSING) -> object:
    return x


def helper() -> None:
    """function-logic-key: h1"""


def maker(function: Any = two, **options: Any) -> KeyMaker:
    return KeyMaker(function, identify(function), **options)


def call(function: Any, *args: Any, **kwargs: Any) -> str:
    key: Key = maker(function).key(args, kwargs, "magic", False)  # noqa: FBT003
    return key.digest


def changed(identity: Identity, **fields: Any) -> Identity:
    names = ("path", "function_id", "logic_key", "pipeline_id", "origin", "code")
    return Identity(*(fields.get(name, getattr(identity, name)) for name in names))


def test_spellings_of_one_call() -> None:
    """`f(1)`, `f(x=1)`, `f(1, y=<its default>)`, keywords in any order, partials of it."""
    spellings = [call(two, 1), call(two, x=1), call(two, 1, 2), call(two, 1, y=2), call(two, y=2, x=1)]
    spellings += [call(functools.partial(two, 1)), call(functools.partial(two, y=2), 1)]
    assert len(set(spellings)) == 1
    assert len(spellings[0]) == 64
    assert call(collecting, a=1, b=2) == call(collecting, b=2, a=1)


def test_different_calls() -> None:
    """Values, their types, their places, and the function."""
    calls = [
        call(two, 1), call(two, 2), call(two, 1.0), call(two, [True]), call(two, "1"), call(two, 1, 1),
        call(two, 2, 1),
        call(same_parameters, 1), call(collecting), call(collecting, 1), call(collecting, (1,)),
        call(collecting, [1]),
        call(collecting, a=1), call(collecting, {"a": 1}), call(collecting, 1, a=1),
        call(functools.partial(two, y=1), 1, y=3),
    ]  # fmt: skip
    assert len(set(calls)) == len(calls)


def test_what_identifies_the_function_counts() -> None:
    """Pipeline, function id, logic key; the origin only where a space is shared."""
    identity = identify(two)

    def key(identity: Identity, pipeline: str = "magic", *, shared: bool = False) -> str:
        return KeyMaker(two, identity).key((1,), {}, pipeline, shared).digest

    other_origin = changed(identity, origin="/elsewhere")
    assert key(identity) == key(other_origin) == key(changed(identity, path="other.path", code="x"))
    assert key(identity) == key(pickle.loads(pickle.dumps(identity)))
    keys = [
        key(identity), key(identity, "other"), key(identity, shared=True), key(other_origin, shared=True),
        key(changed(identity, function_id="other.two")), key(changed(identity, logic_key="v2")),
        key(changed(identity, function_id="a", logic_key="bc")),
        key(changed(identity, function_id="ab", logic_key="c")),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_one_maker_for_many_pipelines() -> None:
    """What is remembered of one call does not leak into the next."""
    made = maker()
    first = made.key((1,), {}, "magic", True).digest  # noqa: FBT003
    assert made.key((1,), {}, "other", True).digest != first  # noqa: FBT003
    assert made.key((2,), {}, "magic", True).digest != first  # noqa: FBT003
    assert made.key((1,), {}, "magic", True).digest == first  # noqa: FBT003


def test_arguments_by_name() -> None:
    """For people: a 32-byte digest for each argument that is in the key."""
    key = maker(ignore=["y"]).key((1, 5), {}, "magic", False)  # noqa: FBT003
    assert [name for name, _ in key.arguments] == ["x"]
    assert all(len(digest) == 32 for _, digest in key.arguments)
    assert maker().key((1,), {}, "p", False).arguments[0] == key.arguments[0]  # noqa: FBT003


def test_ignored_arguments() -> None:
    """They may be anything, and no key changes with them."""
    made = maker(ignore=["y"])
    keys = {made.key((1,), {"y": y}, "p", False).digest for y in (1, threading.Lock(), object())}  # noqa: FBT003
    assert len(keys) == 1
    with pytest.raises(DecorationError, match="'z'"):
        maker(ignore=["z"])
    assert maker(collecting, ignore=["kwargs"]).key((), {"a": threading.Lock()}, "p", False)  # noqa: FBT003


def test_calls_bring_in_logic_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bumped key of a function it calls is another call; which order they are named in is not."""

    def key(*calls: Any) -> str:
        return maker(calls=calls).key((1,), {}, "p", False).digest  # noqa: FBT003

    assert key(helper, collecting) == key(collecting, helper)
    assert len({key(), key(helper), key(helper, collecting)}) == 3
    assert key(two) == key()
    before = key(helper)
    monkeypatch.setattr(helper, "__doc__", "function-logic-key: h2")
    assert key(helper) != before


def test_captured_values_are_in_the_key() -> None:
    """Of each call, since cells change; a nested function that calls itself is no problem."""

    def factory(base: Any) -> Any:
        def nested(n: int) -> Any:
            return base if n == 0 else nested(n - 1)

        return nested

    assert call(factory(1), 5) == call(factory(1), 5) != call(factory(2), 5)
    held = [1]
    made = maker(factory(held))
    before = made.key((1,), {}, "p", False).digest  # noqa: FBT003
    held.append(2)
    assert made.key((1,), {}, "p", False).digest != before  # noqa: FBT003
    with pytest.raises(UnkeyableError, match=r"captured\['base'\]\[0\]"):
        call(factory([threading.Lock()]), 1)


def test_mutually_recursive_nested_functions() -> None:
    """Each captured the other; the decorated object stands for the function."""

    class Decorated:
        def __init__(self, function: Any) -> None:
            self.__wrapped__ = function

        @property
        def __mops_identity__(self) -> Identity:
            return identify(self.__wrapped__)

    def pair(end: object) -> Any:
        @Decorated
        def even(n: int) -> Any:
            return end if n == 0 else odd(n - 1)  # type: ignore[operator]

        @Decorated
        def odd(n: int) -> Any:
            return even(n - 1)  # type: ignore[operator]

        return even.__wrapped__

    assert call(pair(1), 4) == call(pair(1), 4) != call(pair(2), 4)


def retry(times: int) -> Any:
    lock = threading.Lock()

    def decorator(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return [function(*args, **kwargs) for _ in range(times)]

        return inner

    return decorator


def test_wrapped_functions_of_modules_go_by_name() -> None:
    """A third party's decorator, its parameters and its locks belong to the module's code, which is not in the key."""
    assert call(retry(1)(two), 1) == call(retry(2)(two), 1) == call(two, 1)


def test_wrapped_nested_functions_go_by_what_is_captured() -> None:
    """By the wrapper and by the function."""

    def wrapped(times: int, base: int) -> Any:
        def decorator(function: Any) -> Any:
            @functools.wraps(function)
            def inner() -> Any:
                return [function() for _ in range(times)]

            return inner

        @decorator
        def nested() -> int:
            return base

        return nested

    assert call(wrapped(1, 1)) == call(wrapped(1, 1))
    assert len({call(wrapped(1, 1)), call(wrapped(2, 1)), call(wrapped(1, 2))}) == 3


def test_sentinels_as_defaults() -> None:
    """A default that is a bare object is told by being the default; no other bare object has a key."""
    assert call(with_sentinel) == call(with_sentinel, MISSING) != call(with_sentinel, None)
    with pytest.raises(UnkeyableError, match="bare `object"):
        call(with_sentinel, object())


def test_errors_name_function_and_argument() -> None:
    """And the path inside it, as fields too; and they travel between processes."""
    with pytest.raises(UnkeyableError) as caught:
        call(two, 1, {"conn": [0, threading.Lock()]})
    error: Any = pickle.loads(pickle.dumps(caught.value))
    assert f"{__name__}.two" in error.what
    assert "`y['conn'][1]`" in error.what
    assert error.argument_path == "y['conn'][1]"
    assert error.function == f"{__name__}.two"
    assert "ignore" in error.hint


def test_wrong_calls() -> None:
    """As Python would say it."""
    with pytest.raises(TypeError, match=r"two\(\) missing 1 required positional argument: 'x'"):
        call(two)
