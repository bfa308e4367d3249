"""Many calls of one function: ordered results, a bounded number in flight. Called by `Magic.map`."""

from __future__ import annotations

import contextvars
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice
from typing import Any

from thds.mops.errors import MissingExtraError
from thds.mops.futures import MemoFuture


def map_calls(
    submit: Callable[..., MemoFuture[Any]],
    iterables: tuple[Iterable[Any], ...],
    concurrency: int | None,
    return_exceptions: bool,
    progress: bool,
    name: str,
) -> Iterator[Any]:
    if not iterables:
        raise TypeError(f"{name}.map() needs at least one iterable")
    most = os.cpu_count() or 1 if concurrency is None else concurrency
    if type(most) is not int or most < 1:
        raise ValueError(f"{name}.map(concurrency={concurrency!r}): give a whole number of at least 1")
    step = _progress(name, iterables) if progress else _nothing
    calls = zip(*iterables, strict=False)
    submit = _in_this_context(submit)
    in_flight = deque(_submitted(submit, item, return_exceptions) for item in islice(calls, most))
    return _results(in_flight, calls, submit, return_exceptions, step)


def _in_this_context(submit: Callable[..., MemoFuture[Any]]) -> Callable[..., MemoFuture[Any]]:
    """Results may be taken after the caller has left a `with override(...)`; all calls are made as if inside."""
    context = contextvars.copy_context()
    return lambda *item: context.copy().run(submit, *item)


def _submitted(submit: Callable[..., MemoFuture[Any]], item: tuple[Any, ...], keep: bool) -> MemoFuture[Any]:
    """A call that cannot even be made, such as one whose argument has no key, fails in its own place."""
    if not keep:
        return submit(*item)
    try:
        return submit(*item)
    except Exception as error:  # noqa: BLE001 - the user asked for exceptions as results
        failed = MemoFuture[Any](None)
        failed.set_exception(error)
        return failed


def _results(
    in_flight: deque[MemoFuture[Any]],
    calls: Iterator[tuple[Any, ...]],
    submit: Callable[..., MemoFuture[Any]],
    return_exceptions: bool,
    step: Callable[[], None],
) -> Iterator[Any]:
    try:
        while in_flight:
            future = in_flight[0]
            error = future.exception()
            in_flight.popleft()
            for item in islice(calls, 1):
                in_flight.append(_submitted(submit, item, return_exceptions))
            step()
            if error is None:
                yield future.result()
            elif return_exceptions and isinstance(error, Exception):
                yield error
            else:
                raise error
    finally:
        for future in in_flight:
            future.cancel()


def _nothing() -> None:
    pass


def _progress(name: str, iterables: tuple[Iterable[Any], ...]) -> Callable[[], None]:
    try:
        from tqdm import tqdm
    except ImportError:
        raise MissingExtraError(
            f"{name}.map(progress=True) needs tqdm, which is not installed.",
            hint='pip install "mops-magic[progress]"',
            extra="progress",
        ) from None
    lengths = [len(iterable) for iterable in iterables if isinstance(iterable, Sized)]
    bar = tqdm(total=min(lengths, default=None), desc=name)

    def step() -> None:
        bar.update()
        if bar.total == bar.n:
            bar.close()

    return step
