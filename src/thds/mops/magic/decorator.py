"""`pure.magic`: the decorator, and the settings of module trees that hang on it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from os import PathLike
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from thds.mops.callkey.function import identify, underlying
from thds.mops.config.context import override
from thds.mops.config.settings import parse, set_value, write_all
from thds.mops.config.targets import path_of
from thds.mops.config.tree import Entry, Where
from thds.mops.errors import DecorationError, SettingsError
from thds.mops.magic.decorated import Magic
from thds.mops.magic.names import register

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    # Exactly as narrow as what a shim is given, so that other functions are told from it where `@pure.magic` is written
    # without parentheses.
    AShim: TypeAlias = Callable[[list[str]], Future[Any] | None]
    ABuilder: TypeAlias = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], AShim]

P = ParamSpec("P")
R = TypeVar("R")


class _NotGiven:
    def __repr__(self) -> str:
        return "<not given>"


_NOT_GIVEN: Any = _NotGiven()
_GENERATOR_FLAGS = 0x20 | 0x200  # inspect.CO_GENERATOR, CO_ASYNC_GENERATOR, without importing inspect


class Decorate(Protocol):
    """What `pure.magic(...)` answers."""

    def __call__(self, function: Callable[P, R], /) -> Magic[P, R]: ...


class _Decorator:
    """Decorate with `@pure.magic()`, `@pure.magic` or `@pure.magic(shim, blob_root=..., pipeline_id=...)`.

    The setters say where calls run (`shim`, `off`), where results live (`blob_root`, also called `blob_store`) and
    which group they belong to (`pipeline_id`), for one function, a module or a module tree. Their target is a function,
    a module, a dotted path, or, when left out, the module that makes the call. `mask=True` overrides all below it.
    """

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"pure.magic.{name} is called, not assigned: pure.magic.{name}({value!r})")

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self,
        shim: str | AShim | ABuilder = ...,
        *,
        blob_root: str | PathLike[str] | Callable[[], object] = ...,
        pipeline_id: str = ...,
        ignore: Sequence[str] = ...,
        calls: Sequence[Callable[..., Any]] = ...,
    ) -> Decorate: ...
    @overload
    def __call__(self, shim: Callable[P, R], /) -> Magic[P, R]: ...
    def __call__(
        self,
        shim: Any = _NOT_GIVEN,
        *,
        blob_root: Any = _NOT_GIVEN,
        pipeline_id: Any = _NOT_GIVEN,
        ignore: Sequence[str] = (),
        calls: Sequence[Callable[..., Any]] = (),
    ) -> Any:
        """Decorate a function. `shim`, `blob_root`, `pipeline_id`: as the setters of these names, for this function.

        ignore: names of parameters that are no part of a call's key (a connection, a logger).
        calls: functions that this one calls, whose `function-logic-key` counts as part of this one's.
        """
        frame = sys._getframe(1)
        where = Where.of_frame(frame)
        given = {"shim": shim, "blob_root": blob_root, "pipeline_id": pipeline_id}
        settings = {name: value for name, value in given.items() if value is not _NOT_GIVEN}
        if set(settings) == {"shim"} and not ignore and not calls and _is_the_function(shim, frame):
            return _decorated(shim, [], (), (), where)
        checked = [parse(name, value, where) for name, value in settings.items()]
        names = _sequence("ignore", ignore, str, where)
        brought_in = _sequence("calls", calls, Callable, where)

        def decorate(function: Any, *more: Any, **named: Any) -> Any:
            decorated = callable(function) or isinstance(function, classmethod) or _is_descriptor(function)
            if more or named or not decorated:
                raise _not_decorated(shim, where)
            return _decorated(function, checked, names, brought_in, where)

        return decorate

    def shim(self, shim: Any, target: object = None, *, mask: bool = False) -> None:
        """Where calls run: a name, `package.module:attribute`, a shim, or a shim builder."""
        _set("shim", shim, target, mask, sys._getframe(1))

    def off(self, target: object = None, *, mask: bool = False) -> None:
        """Plain Python: the same as `shim("off")`."""
        _set("shim", "off", target, mask, sys._getframe(1))

    def blob_root(self, root: Any, target: object = None, *, mask: bool = False) -> None:
        """Where results live: a URI, a path, or a function that returns one. Contacted at the first call only."""
        _set("blob_root", root, target, mask, sys._getframe(1))

    def blob_store(self, root: Any, target: object = None, *, mask: bool = False) -> None:
        """`blob_root` by another name."""
        _set("blob_root", root, target, mask, sys._getframe(1))

    def pipeline_id(self, pipeline_id: str, target: object = None, *, mask: bool = False) -> None:
        """Which group results belong to: segments joined by `/`."""
        _set("pipeline_id", pipeline_id, target, mask, sys._getframe(1))

    def load_config_file(self, path: str | PathLike[str] | None = None) -> Path | None:
        """Apply `.mops.toml`: the first one upward from the working directory, or the one given. Overrides what was set
        at the same paths before; modules imported later override it. Its path, or None if there is none."""
        from thds.mops.config.toml import load_config_file  # many programs have no such file

        return load_config_file(path)

    override = staticmethod(override)

    def __repr__(self) -> str:
        return "pure.magic"


def _set(setting: str, value: object, target: object, mask: bool, frame: FrameType) -> None:
    where = Where.of_frame(frame)
    try:
        path = path_of(target, frame.f_globals)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error.what}", hint=error.hint, setting=setting, where=where) from None
    set_value(setting, value, path, mask, where)


def _decorated(
    function: Any,
    checked: Sequence[tuple[str, Any]],
    ignore: tuple[str, ...],
    calls: tuple[Any, ...],
    where: Where,
) -> Magic[..., Any]:
    function, binds = _unwrapped(function, where)
    identity = identify(function)
    if identity.pipeline_id is not None:
        checked = [parse("pipeline_id", identity.pipeline_id, where), *checked]
    magic = Magic(function, identity, ignore, calls, binds)
    register(magic, identity.path)
    write_all([(name, Entry(identity.path, value, where)) for name, value in checked])
    return magic


def _not_decorated(shim: Any, where: Where) -> DecorationError:
    return DecorationError(
        f"{where}: pure.magic({getattr(shim, '__name__', '...')}) made a decorator here, and now it was called like a"
        " function",
        hint="What is given to pure.magic is a shim. To decorate an existing function write pure.magic()(function).",
    )


def _sequence(name: str, given: Any, of: Any, where: Where) -> tuple[Any, ...]:
    wanted = "names of parameters" if of is str else "functions"
    if isinstance(given, list | tuple | set | frozenset) and all(isinstance(item, of) for item in given):
        return tuple(given)
    hint = f"Write {name}=[{given!r}]." if isinstance(given, of) else ""
    raise DecorationError(f"{where}: {name} is a list of {wanted}, not {given!r}", hint=hint)


def _unwrapped(function: Any, where: Where) -> tuple[Any, Literal["self", "class", "nothing"]]:
    binds: Literal["self", "class", "nothing"] = "self"
    if isinstance(function, classmethod):
        function, binds = function.__func__, "class"
    elif isinstance(function, staticmethod):
        function, binds = function.__func__, "nothing"
    if isinstance(function, Magic):
        raise DecorationError(
            f"{where}: {function.__qualname__} is decorated already", hint="Decorate a function once."
        )
    if isinstance(function, type):
        raise DecorationError(
            f"{where}: {function.__qualname__} is a class, and only functions can be decorated",
            hint="Decorate its methods, or a function that makes the object.",
        )
    if _is_descriptor(function):
        kind = type(function).__name__
        raise DecorationError(
            f"{where}: a {kind} cannot be decorated",
            hint=f"Put @pure.magic() below @{kind}, on the function itself.",
        )
    if not callable(function):
        raise DecorationError(f"{where}: {function!r} is not a function")
    if _flags(function) & _GENERATOR_FLAGS:
        raise DecorationError(
            f"{where}: {underlying(function).__qualname__} is a generator function, and a generator cannot be stored",
            hint="Return a list, or decorate the function that makes one item.",
        )
    return function, binds


def _is_descriptor(given: Any) -> bool:
    """What stands in a class for an attribute, and is no function: a property, say."""
    return hasattr(type(given), "__get__") and not callable(given)


def _flags(function: Any) -> int:
    code = getattr(underlying(function), "__code__", None)
    return code.co_flags if code is not None else 0


def _is_the_function(given: Any, frame: FrameType) -> bool:
    """Whether `@pure.magic` was written without parentheses. What is given is then what the calling frame has just
    defined and not yet given a name, while a shim or shim builder was made elsewhere, or has its name already."""
    if isinstance(given, (type, classmethod, staticmethod)) or _is_descriptor(given):
        return True
    innermost = given
    while hasattr(innermost, "__wrapped__"):
        innermost = innermost.__wrapped__
    code = getattr(innermost, "__code__", None)
    if (
        code is None
        or code.co_name == "<lambda>"
        or not any(code is known for known in frame.f_code.co_consts)
    ):
        return False
    return not any(value is given for value in frame.f_locals.values())


magic = _Decorator()
"""The decorator, and its settings: see the class."""
