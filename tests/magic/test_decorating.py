"""What may be decorated and how; everything else gets a clear error where it is decorated."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import DecorationError, MopsError, SettingsError, UnknownShimError

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic
def bare(x: int) -> int:
    """Documented."""
    RAN.append(x)
    return x


def a_shim(arguments: list[str]) -> None:
    from thds.mops.worker.run import main

    RAN.append("a_shim")
    main(arguments)


def a_builder(func: Any, args: Any, kwargs: Any) -> Callable[[list[str]], None]:
    RAN.append((func.__name__, tuple(args), dict(kwargs)))
    return lambda _: None


def test_without_parentheses() -> None:
    """`@pure.magic` too."""
    assert bare(1) == bare(1) == 1
    assert RAN == [1]
    assert bare.__doc__ == "Documented."
    assert isinstance(bare, pure.Magic)


def test_without_parentheses_inside_functions_classes_and_loops() -> None:
    """Wherever a `def` may stand."""
    made: list[Any] = []
    for _ in range(2):

        @pure.magic
        def in_a_loop(x: int) -> int:
            return x

        made.append(in_a_loop)
    assert all(isinstance(function, pure.Magic) for function in made)
    assert [function(3) for function in made] == [3, 3]

    class Local:
        @pure.magic
        def method(self) -> int:
            return 1

        @pure.magic
        @staticmethod
        def static() -> int:
            return 2

        @pure.magic
        @classmethod
        def of_class(cls) -> int:
            return 3

    assert (Local().method(), Local.static(), Local.of_class()) == (1, 2, 3)


def test_without_parentheses_above_another_decorator() -> None:
    """What is decorated may come from a `functools.wraps` wrapper."""

    def loud(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            RAN.append("loud")
            return function(*args)

        return wrapper

    @pure.magic
    @loud
    def shouted(x: int) -> int:
        return x

    assert isinstance(shouted, pure.Magic)
    assert shouted(1) == shouted(1) == 1
    assert RAN == ["loud"]


def test_async_without_parentheses() -> None:
    """The same for `async def`."""
    import asyncio

    @pure.magic
    async def later() -> int:
        return 4

    assert asyncio.run(later()) == 4


@pytest.mark.parametrize("given", [a_builder, a_shim, functools.partial(a_builder)])
def test_a_callable_argument_is_a_shim(given: Callable[..., Any]) -> None:
    """`@pure.magic(your_shim)`: a shim or a builder of this module is none of the functions to decorate."""

    @pure.magic(given)
    def function(x: int) -> int:
        return x

    assert isinstance(function, pure.Magic)
    assert not RAN
    assert getattr(given, "func", given).__name__ in repr(function)


def test_a_shim_made_in_place_is_a_shim() -> None:
    """`@pure.magic(make_shim(cpus=8))`, a lambda, an object with `__call__`, a bound method."""

    class Shim:
        def __call__(self, arguments: list[str]) -> None: ...

        def run(self, arguments: list[str]) -> None: ...

    def make_shim(cpus: int) -> Callable[[list[str]], None]:
        def shim(arguments: list[str]) -> None:
            RAN.append((cpus, arguments))

        return shim

    for given in (make_shim(cpus=8), lambda _arguments: None, Shim(), Shim().run):

        @pure.magic(given)
        def function(x: int) -> int:
            return x

        assert isinstance(function, pure.Magic)
        assert function.__name__ == "function"


def test_a_shim_that_was_imported(run_python: Any) -> None:
    """From another module, by its name or as an attribute of it."""
    run_python(
        "import lab\nfrom thds.mops import pure\n"
        "import types, sys\nshims = types.ModuleType('shims')\nsys.modules['shims'] = shims\n"
        "exec('def far(args): pass', vars(shims))\nfrom shims import far\n"
        "for given in far, shims.far:\n"
        "    @pure.magic(given)\n    def function(x): return x\n"
        "    assert isinstance(function, pure.Magic) and function.__name__ == 'function'"
    )


def test_an_existing_function_is_decorated_by_calling() -> None:
    """`pure.magic()(function)` leaves the plain function as it was."""

    def plain(x: int) -> int:
        RAN.append(x)
        return x

    decorated = pure.magic()(plain)
    assert decorated(1) == decorated(1) == 1
    plain(1)
    assert RAN == [1, 1]


def test_builtins_and_callables_of_c() -> None:
    """Anything callable with a name can be decorated."""
    import math

    root = pure.magic()(math.sqrt)
    assert root(9.0) == 3.0
    assert root.__name__ == "sqrt"
    assert root.peek(9.0) == 3.0


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    "refused",
    [
        generator,
        async_generator,
        functools.partial(generator),
        staticmethod(generator),
        classmethod(generator),
    ],
)
def test_a_generator_function_is_refused(refused: Any) -> None:
    """At decoration, in every form."""
    with pytest.raises(DecorationError, match="generator"):
        pure.magic()(refused)
    with pytest.raises(DecorationError, match="generator"):

        @pure.magic
        def here() -> Iterator[int]:
            yield 1


def test_a_class_is_refused() -> None:
    """With the advice what to decorate instead."""
    with pytest.raises(DecorationError, match="class"):

        @pure.magic()
        class First: ...

    with pytest.raises(DecorationError, match="class"):

        @pure.magic
        class Second: ...


def test_decorating_twice_is_refused() -> None:
    """Which of the two settings would hold?"""
    with pytest.raises(DecorationError):
        pure.magic()(pure.magic()(generator.__class__(generator.__code__.replace(co_flags=3), {})))


@pytest.mark.parametrize("nothing", [None, 5, "text", object()])
def test_what_cannot_be_called_is_refused(nothing: Any) -> None:
    """At decoration."""
    with pytest.raises(TypeError):
        pure.magic()(nothing)


@pytest.mark.parametrize("name", ["subproces", "", "SUBPROCESS", "kubernetes?", "no such"])
def test_an_unknown_shim_is_refused(name: str) -> None:
    """Where it is said, in each way to say it; with the nearest name."""
    for say in (
        lambda: pure.magic(name)(lambda: None),
        lambda: pure.magic.shim(name),
        lambda: pure.magic.shim(name, "foo.bar", mask=True),
        lambda: bare.shim(name),
        lambda: pure.magic.override(shim=name),
    ):
        with pytest.raises(UnknownShimError) as caught:
            say()
        assert repr(name) in str(caught.value)
        assert __file__ in str(caught.value)
    if name == "subproces":
        assert "'subprocess'" in str(caught.value)


@pytest.mark.parametrize(
    "root", ["", "   ", "adls:/x", "://x", "file://", None, 5, b"/x", "a\nb", "foo", "s3://"]
)
def test_a_malformed_blob_root_is_refused(root: Any) -> None:
    """Where it is said, and it says where that was."""
    for say in (
        lambda: pure.magic(blob_root=root)(test_a_class_is_refused),
        lambda: pure.magic.blob_root(root),
        lambda: pure.magic.override(blob_root=root),
    ):
        with pytest.raises(SettingsError, match=r"test_decorating\.py:\d+"):
            say()


@pytest.mark.parametrize(
    "pipeline", ["", "..", "a/../b", "/a", "a/", "a//b", ".", "a\0b", "a\nb", "x" * 300, None, 5, b"a"]
)
def test_a_malformed_pipeline_id_is_refused(pipeline: Any) -> None:
    """`..`, leading `/`, control characters, over-long names."""
    for say in (
        lambda: pure.magic(pipeline_id=pipeline)(test_a_class_is_refused),
        lambda: pure.magic.pipeline_id(pipeline),
        lambda: pure.magic.override(pipeline_id=pipeline),
    ):
        with pytest.raises(SettingsError, match=r"test_decorating\.py:\d+"):
            say()


@pytest.mark.parametrize("target", [5, "a..b", "1x", "a b", ["x"], b"x"])
def test_a_target_that_is_none_is_refused(target: Any) -> None:
    """Function, module, dotted string or nothing."""
    for setter in (pure.magic.shim, pure.magic.pipeline_id, pure.magic.blob_root):
        with pytest.raises(SettingsError):
            setter(
                "samethread"
                if setter == pure.magic.shim
                else "/x"
                if setter == pure.magic.blob_root
                else "x",
                target,
            )
    with pytest.raises(SettingsError):
        pure.magic.off(target)


def test_a_refused_decoration_changes_no_setting() -> None:
    """Nothing was registered and nothing was set, also by the settings before the wrong one."""

    def function(x: int) -> int:
        return x

    with pytest.raises(MopsError):
        pure.magic("subprocess", pipeline_id="../x")(function)
    decorated = pure.magic()(function)
    assert "'samethread'" in repr(decorated)
    assert decorated(1) == 1


def test_an_unknown_name_in_ignore_is_refused() -> None:
    """By name, at decoration."""
    for names in (["con"], ["x", "con"]):
        with pytest.raises(MopsError, match="con"):

            @pure.magic(ignore=names)
            def function(x: int, conn: object = None) -> int:  # noqa: ARG001
                return x


def test_ignore_as_one_string_is_refused() -> None:
    """It would be taken letter by letter."""
    with pytest.raises(MopsError, match=r"\['x'\]"):

        @pure.magic(ignore="x")
        def function(x: int) -> int:
            return x


def test_calling_the_decorator_instead_of_decorating() -> None:
    """`pure.magic(function)(arguments)` is a mistake that says how to write it."""

    def existing(x: int, y: int, z: int) -> int:
        return x + y + z

    with pytest.raises(MopsError, match=r"pure\.magic\(\)\(function\)"):
        pure.magic(existing)(1, 2, 3)
