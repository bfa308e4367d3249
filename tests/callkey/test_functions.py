"""Functions as values: by name where the name leads back to them, else by everything they would do."""

from __future__ import annotations

import functools
import math
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

from thds.mops.callkey.canonical import digest
from thds.mops.callkey.function import Identity, identify
from thds.mops.errors import UnkeyableError

LIMIT = 1
SETTINGS: dict[str, Any] = {"a": 1}
LOCK = threading.Lock()
SENTINEL = object()


def named() -> int:
    return 1


def keyed() -> int:
    """function-logic-key: v1"""
    return 1


def other_logic() -> int:
    """function-logic-key: v2"""
    return 1


class Decorated:
    """What `magic` makes, as far as keys go."""

    def __init__(self, function: Any, calls: tuple[Any, ...] = ()) -> None:
        self.__wrapped__ = function
        self.__mops_calls__ = calls
        self._identity = identify(function)

    @property
    def __mops_identity__(self) -> Identity:
        return self._identity


@Decorated
def decorated() -> int:
    return 1


class Methods:
    def __init__(self, a: int = 1) -> None:
        self.a = a

    def method(self) -> int:
        return self.a

    @classmethod
    def class_method(cls) -> int:
        return 1

    @staticmethod
    def static_method() -> int:
        return 1


def key(value: object) -> bytes:
    return digest(value, "f")


def closure(captured: object) -> Callable[[], object]:
    def inner() -> object:
        return captured

    return inner


def test_named_functions_go_by_name_and_logic_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by code: another body under the same name is the same; another logic key is not."""
    expected = key(named)
    replacement = eval("lambda: 2")
    replacement.__name__ = replacement.__qualname__ = "named"
    replacement.__module__ = __name__
    monkeypatch.setattr(sys.modules[__name__], "named", replacement)
    assert key(replacement) == expected
    assert key(keyed) != key(other_logic)
    before = key(keyed)
    monkeypatch.setattr(keyed, "__doc__", "function-logic-key: v2")
    assert key(keyed) != before


def test_decorating_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decorated function as an argument is its plain function; what it `calls` counts."""
    assert key(decorated) == key(decorated.__wrapped__)
    assert key(Decorated(named)) == key(named)
    with_calls = Decorated(named, calls=(keyed,))
    assert key(with_calls) != key(named)
    before = key(with_calls)
    monkeypatch.setattr(keyed, "__doc__", "function-logic-key: v2")
    assert key(with_calls) != before


def test_lambdas_go_by_what_they_do() -> None:
    """Code and constants, not place: the same text elsewhere is the same function."""
    one = lambda x: x + 1  # noqa: E731
    # another line
    same = lambda x: x + 1  # noqa: E731
    assert key(one) == key(same)
    bodies = [
        lambda x: x + 2, lambda x: x * 2, lambda x: x - 1,
        lambda y: y + 1, lambda x, y: x + y, lambda x=1: x + 1, lambda x=2: x + 1,
        lambda *x: x, lambda **x: x, lambda *, x: x, lambda *, x=1: x, lambda x: x + True, lambda x: x + 1.0,
        lambda: [i + 1 for i in range(3)], lambda: [i + 2 for i in range(3)],
        lambda: dict.fromkeys(range(3), 1), lambda: (1, 2), lambda: [lambda: 1],
        lambda: [lambda: 2], lambda: {1, 2}, lambda x: x in {1, 2}, lambda x: x in {1, 3},
        lambda x: x.a, lambda x: x.b,
    ]  # fmt: skip
    assert len({key(body) for body in bodies}) == len(bodies)


def test_code_with_the_same_bytes_but_other_handlers() -> None:
    """Which handler an exception meets is not in the bytecode alone."""
    sources = [
        "def f(a, b):\n try:\n  a()\n  b()\n except E: pass",
        "def f(a, b):\n a()\n try:\n  b()\n except E: pass",
    ]
    made = []
    for source in sources:
        namespace: dict[str, Any] = {"E": ValueError}
        exec(source, namespace)
        made.append(key(namespace["f"]))
    assert made[0] != made[1]


def test_use_does_not_show() -> None:
    """The interpreter specializes code that runs often; that is not a change of it."""
    function = eval("lambda x: x + 1 if x < 10 else [y for y in range(x)]")
    before = key(function)
    for number in range(3000):
        function(number % 20)
    assert key(function) == before


def test_captured_values_count() -> None:
    """What closures hold, at the moment; also containers, functions and empty cells."""
    assert key(closure(1)) == key(closure(1)) != key(closure(2))
    held = [1]
    function = closure(held)
    before = key(function)
    held.append(2)
    assert key(function) != before == key(closure([1]))
    assert key(closure(closure(1))) != key(closure(closure(2)))

    def empty(*, fill: bool) -> Callable[[], object]:
        def inner() -> object:
            return later

        if fill:
            later = None
        return inner

    assert key(empty(fill=False)) == key(empty(fill=False)) != key(empty(fill=True))


def test_globals_that_are_used_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, not names only, also in nested code; builtins and modules go by name."""
    module = sys.modules[__name__]
    functions: list[Any] = [
        lambda: LIMIT, lambda: [LIMIT for _ in range(2)], lambda: (lambda: LIMIT), lambda: SETTINGS,
        lambda: LOCAL(),  # noqa: F821 - set below
        lambda: math.floor(LIMIT),
    ]  # fmt: skip
    before = [key(function) for function in functions]
    monkeypatch.setattr(module, "LIMIT", 2)
    monkeypatch.setitem(SETTINGS, "a", 2)
    monkeypatch.setattr(module, "LOCAL", lambda: 1, raising=False)
    after = [key(function) for function in functions]
    assert all(one != other for one, other in zip(before, after, strict=True))
    monkeypatch.setattr(module, "LOCAL", lambda: 2)
    assert key(functions[4]) != after[4]
    unused = eval("lambda: len(str(1))", {"unused": 1})
    assert key(unused) == key(eval("lambda: len(str(1))", {"unused": 2}))
    shadowed = eval("lambda: len(str(1))", {"len": abs})
    assert key(shadowed) != key(unused)


def test_a_global_that_has_no_key_is_an_error_that_names_it() -> None:
    """Better no key than one that does not change with what the function does."""
    with pytest.raises(UnkeyableError, match=r"f\.globals\['LOCK'\]"):
        key(lambda: LOCK)
    with pytest.raises(UnkeyableError, match=r"f\.captured\['captured'\]\[1\]"):
        key(closure([1, threading.Lock()]))


def test_sentinels_are_known_by_their_names() -> None:
    """A bare object in a global or a cell has no content; the name tells it."""
    assert key(lambda x: x is SENTINEL) == key(lambda x: x is SENTINEL)
    assert key(closure(object())) == key(closure(object())) != key(closure(None))


def test_recursive_functions() -> None:
    """Functions that refer to themselves or to each other, through cells and through globals."""

    def make(base: int) -> Callable[[int], int]:
        def factorial(n: int) -> int:
            return base if n == 0 else n * factorial(n - 1)

        return factorial

    def pair(end: object) -> Callable[[int], object]:
        def even(n: int) -> object:
            return end if n == 0 else odd(n - 1)

        def odd(n: int) -> object:
            return not end if n == 0 else even(n - 1)

        return even

    def in_globals(base: int) -> Any:
        namespace: dict[str, Any] = {}
        exec(f"f = lambda n: {base} if n == 0 else n * f(n - 1)", namespace)
        return namespace["f"]

    assert key(make(1)) == key(make(1)) != key(make(2))
    assert key(pair(1)) == key(pair(1)) != key(pair(0))
    assert key(in_globals(1)) == key(in_globals(1)) != key(in_globals(2))


def test_attributes_and_defaults_count() -> None:
    """Also mutable defaults, and what was attached to a function."""
    one, other = (eval("lambda x=[]: x") for _ in range(2))
    assert key(one) == key(other)
    one.__defaults__[0].append(1)
    assert key(one) != key(other)
    other.__defaults__[0].append(1)
    other.note = 1
    assert key(one) != key(other)


def test_methods() -> None:
    """A bound method is its object and its function."""
    assert key(Methods(1).method) == key(Methods(1).method) != key(Methods(2).method)
    values = [
        Methods().method, Methods.method, Methods.class_method, Methods.static_method, Methods, Methods(),
        Methods.__dict__["class_method"], Methods.__dict__["static_method"],
    ]  # fmt: skip
    assert len({key(value) for value in values}) == len(values)


def test_partials_by_their_parts() -> None:
    """What is fixed counts, inside functions too."""
    assert key(functools.partial(closure(1), 1)) == key(functools.partial(closure(1), 1))
    parts = [functools.partial(named, 1), functools.partial(named, 2), functools.partial(keyed, 1), named]
    assert len({key(part) for part in parts}) == len(parts)


def test_remembering_functions() -> None:
    """What an `lru_cache` remembers does not show; what it wraps does."""
    cached = functools.lru_cache(closure(1))
    before = key(cached)
    cached()
    assert (
        key(cached) == before == key(functools.lru_cache(closure(1))) != key(functools.lru_cache(closure(2)))
    )


def test_decorated_closures_go_by_value() -> None:
    """Two decorated functions out of one factory share a name, not a digest."""
    assert key(Decorated(closure(1))) == key(Decorated(closure(1))) != key(Decorated(closure(2)))
    assert key(Decorated(lambda: 1)) != key(Decorated(lambda: 2))


def test_modules_and_code() -> None:
    """A module by name, code by what it says."""
    assert key(math) == key(math) != key(types)
    assert key(named.__code__) == key(named.__code__.replace(co_firstlineno=5, co_filename="elsewhere"))
    assert key(named.__code__) != key(closure(1).__code__)
