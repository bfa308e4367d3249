"""A function's exception to bytes and back, as itself. Called by memo.failure.

Also those that pickle badly: a custom `__init__`, attributes that cannot be pickled, classes that exist only there.
"""

from __future__ import annotations

import traceback
from typing import Any

from thds.mops.errors import RemoteError, RemoteTraceback
from thds.mops.serialize import pickler, rebuild, wire
from thds.mops.serialize.unpicklable import failure


def dump(error: BaseException, memo_uri: str) -> tuple[pickler.Pickled, str]:
    """Its pickle, and its whole traceback as text. Never fails: what cannot be carried is left out, by name."""
    text = "".join(traceback.format_exception(error))
    pickled = _faithful(error) or _rebuildable(error)
    if pickled is not None:
        return pickled, text
    substitute = RemoteError(
        f"{memo_uri} raised {type(error).__qualname__}, which cannot be rebuilt here: {error}",
        hint="Its traceback is the cause of this error. Make the exception picklable to get it as itself.",
        memo_uri=memo_uri,
        type_name=f"{type(error).__module__}.{type(error).__qualname__}",
        remote_traceback=text,
    )
    return pickler.dump(substitute), text


def load(data: bytes | memoryview, buffers: Any, text: str) -> BaseException:
    """The exception, with the remote traceback as its cause."""
    error = pickler.load(data, buffers)
    assert isinstance(error, BaseException)
    error.__cause__ = RemoteTraceback(text)
    return error


def _faithful(error: BaseException) -> pickler.Pickled | None:
    """Its own pickle, if the same exception comes back from it: many classes hand `args` of one `__init__` to another,
    so that loading fails or wraps the message twice."""
    try:
        pickled = pickler.dump(error)
        back = pickler.load(pickled.data, pickled.buffers)
        same = str(back) == str(error) and _shown(back) == _shown(error)
    except Exception:  # noqa: BLE001 - exceptions are users' code; whatever fails here, the next way is tried
        return None
    return pickled if same else None


def _shown(error: BaseException) -> str:
    """All it carries, as text: what shows an address counts as another, and goes the longer way."""
    return repr((error.args, vars(error), dict(rebuild.slots(error))))


def _rebuildable(error: BaseException) -> pickler.Pickled | None:
    """Class, arguments and attributes, as many as can be pickled; loading runs no `__init__`."""
    try:
        pickled = pickler.dump(_Rebuildable(error))
        pickler.load(pickled.data, pickled.buffers)
    except Exception:  # noqa: BLE001 - exceptions are users' code; their text is what remains
        return None
    return pickled


class _Rebuildable:
    """Pickles as a call of `wire.exception` with what of the exception can be pickled."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild.reduced(self._error, _carried)


def _carried(value: Any) -> object:
    if isinstance(value, BaseException):  # in a group, say: it may pickle as badly as the one around it
        return value if _faithful(value) is not None else _Rebuildable(value)
    if type(value) in (list, tuple):
        return type(value)(map(_carried, value))
    return value if failure(value) is None else wire.NotCarried(repr(value)[:200])
