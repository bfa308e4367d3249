"""The decorated function: what users call, and everything they can ask it. Made by `decorator.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, overload

from thds.mops.callkey.function import Identity, underlying
from thds.mops.config.context import override
from thds.mops.config.resolved import ResolvedCache
from thds.mops.config.settings import CallSettings
from thds.mops.config.tree import Where
from thds.mops.magic import pickled
from thds.mops.magic.bound import BoundMagic
from thds.mops.magic.unmemoized import Unmemoized
from thds.mops.orchestrate import blocking
from thds.mops.orchestrate.call import Call, Target

if TYPE_CHECKING:
    from thds.mops.futures import MemoFuture

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")

#: What `inspect` looks at to call something a function, and an `async def` one a coroutine function.
_LIKE_A_FUNCTION = ("__code__", "__defaults__", "__kwdefaults__")


class Magic(Generic[P, R]):
    """A function whose calls are answered from a blob store, or run where its settings say.

    Has the wrapped function's name, docstring, signature and `__wrapped__`, and can be pickled.
    """

    # What is ours lies in slots, so that `functools.wraps` does not copy it into wrappers.
    __slots__ = (
        *_LIKE_A_FUNCTION,
        "__dict__",
        "__weakref__",
        "_binds",
        "_line",
        "_parts",
        "_settings",
        "_target",
    )

    __name__: str
    __qualname__: str
    __wrapped__: Callable[P, R]

    def __init__(
        self,
        function: Callable[P, R],
        identity: Identity,
        ignore: Sequence[str] = (),
        calls: Sequence[Callable[..., Any]] = (),
        binds: Literal["self", "class", "nothing"] = "self",
    ) -> None:
        named = underlying(function)  # a partial has no name of its own
        functools.update_wrapper(self, named)
        self.__wrapped__ = function
        for name in _LIKE_A_FUNCTION:
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        self._parts = (function, identity, ignore, calls, binds)
        self._binds = binds
        self._target = Target(function, identity, self, ignore, calls)
        self._settings = ResolvedCache(identity.path)
        # Chosen once, so that a call is one attribute and one call away from the line.
        self._line: Callable[..., Any] = _awaited() if self._target.is_async else blocking.call

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        settings = self._settings.get()
        if settings.off:
            return self.__wrapped__(*args, **kwargs)
        result: R = self._line(self._target, settings, args, kwargs)
        return result

    # --- other ways to call ---

    def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> MemoFuture[R]:
        """The call as a future with `.memo_uri` and `.metadata`. Never waits for other processes. Under `samethread`
        the function runs before this returns; under `off` likewise, and `memo_uri` is None."""
        from thds.mops.orchestrate import submitted

        settings = self._settings.get()
        if settings.off:
            return submitted.submit_plainly(self._target, args, kwargs)
        return submitted.submit(self._target, settings, args, kwargs)

    @overload
    def map(
        self,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> Iterator[R]: ...
    @overload
    def map(
        self,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: bool,
        progress: bool = False,
    ) -> Iterator[R | BaseException]: ...
    def map(
        self,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> Iterator[Any]:
        """Call once per item (per tuple of items, for several iterables), and yield the results in order.

        concurrency: calls in flight at most; by default one under `samethread` and `off`, else the number of cores.
        return_exceptions: yield an exception in the place of its result; otherwise the first one is raised, and what
            is in flight is cancelled where the shim can.
        progress: show a line on stderr (extra `progress`).
        The first calls start at once, further ones as results are taken.
        """
        return self._map(self.submit, iterables, concurrency, return_exceptions, progress)

    def _map(
        self,
        submit: Callable[..., MemoFuture[Any]],
        iterables: tuple[Iterable[Any], ...],
        concurrency: int | None,
        return_exceptions: bool,
        progress: bool,
    ) -> Iterator[Any]:
        from thds.mops.magic.mapping import map_calls

        settings = self._settings.get()
        alone = settings.off or (settings.shim.kind == "name" and settings.shim.value == "samethread")
        in_flight = 1 if alone and concurrency is None else concurrency
        return map_calls(submit, iterables, in_flight, return_exceptions, progress, self.__name__)

    # --- questions about one call ---

    def peek(self, /, *args: P.args, **kwargs: P.kwargs) -> R | Unmemoized:
        """The memoized value, or an `Unmemoized` that says where it would be. Computes and writes nothing."""
        from thds.mops.memo.lookup import Hit

        call = self._call(args, kwargs)
        found = call.look()
        if isinstance(found, Hit):
            value: R = found.value()
            return value
        return Unmemoized(call.address.uri)

    def memo_uri(self, /, *args: P.args, **kwargs: P.kwargs) -> str:
        """Where the result of this call lies, or will lie."""
        return self._call(args, kwargs).address.uri

    def forget(self, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Set this call's result aside, so that the next call computes it again. False where there is none."""
        from thds.mops.memo.forget import forget

        call = self._call(args, kwargs)
        return forget(call.store, call.address, call.about())

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(self._target, self._target.place(self._settings.get()), args, kwargs)

    # --- settings for one stack ---

    def shim(self, shim: object) -> override:
        """`with f.shim("subprocess"):` for this function, in this stack of calls only."""
        return override(shim=shim, under=self._target.identity.path, where=Where.of_caller())

    def off(self) -> override:
        """`with f.off():` plain Python, for this function, in this stack of calls only."""
        return override(shim="off", under=self._target.identity.path, where=Where.of_caller())

    # --- being a function ---

    @overload
    def __get__(self, instance: None, owner: type) -> Magic[P, R]: ...
    @overload
    def __get__(self: Magic[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Magic[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if self._binds == "nothing":
            return self
        bound_to = owner if self._binds == "class" else instance
        return self if bound_to is None else BoundMagic(self, bound_to)

    @property
    def __mops_identity__(self) -> Identity:
        return self._target.identity

    @property
    def __mops_calls__(self) -> Sequence[Callable[..., Any]]:
        return self._parts[3]

    def __repr__(self) -> str:
        settings: CallSettings = self._settings.get()
        return (
            f"<magic {self._target.identity.path} shim={settings.shim} blob_root={settings.blob_root}"
            f" pipeline_id={settings.pipeline_id!r}>"
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        """With its identity, so that it stays the same function where `__main__` is something else."""
        return pickled.reduce(self, self._parts, _empty)

    def __setstate__(self, parts: tuple[Any, ...]) -> None:
        Magic.__init__(self, *parts)


def _awaited() -> Callable[..., Any]:
    from thds.mops.orchestrate import awaited  # only for those who have such functions

    return awaited.call


def _empty() -> Magic[..., Any]:
    """Filled by `__setstate__`: the function's own globals may lead back to this object."""
    return Magic.__new__(Magic)
