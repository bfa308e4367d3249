"""A decorated method of one object, as attribute access gives it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

_TAKES_THE_CALL = frozenset({"submit", "peek", "memo_uri", "forget"})


class BoundMagic:
    """That object (or class) is the first argument of every call; for the rest it is the decorated function itself."""

    __slots__ = ("__func__", "__self__", "__weakref__")

    def __init__(self, magic: Any, bound_to: object) -> None:
        self.__func__ = magic
        self.__self__ = bound_to

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def map(
        self,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> Iterator[Any]:
        return self.__func__._map(self.submit, iterables, concurrency, return_exceptions, progress)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.__func__, name)
        return functools.partial(attribute, self.__self__) if name in _TAKES_THE_CALL else attribute

    @property
    def __signature__(self) -> Any:
        import inspect

        signature = inspect.signature(self.__func__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        doc: str | None = self.__func__.__doc__
        return doc

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, BoundMagic)
            and self.__self__ is other.__self__
            and self.__func__ is other.__func__
        )

    def __hash__(self) -> int:
        return hash((id(self.__self__), id(self.__func__)))

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.__self__, self.__func__.__name__)
