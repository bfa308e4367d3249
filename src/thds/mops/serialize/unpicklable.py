"""Where inside a value the part lies that cannot be pickled. Only called after pickling failed, so it may be slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thds.mops.serialize.pickler import dump

_DEEPEST = 50


def failure(value: object) -> Exception | None:
    try:
        dump(value)
    except Exception as error:  # noqa: BLE001 - reducers are users' code and raise anything; it is the answer here
        return error
    return None


def where(value: object, path: str) -> tuple[str, Exception | None]:
    """The path of the innermost part that fails, such as `result['model'].lock`, and its own failure."""
    reason = failure(value)
    if reason is None:
        return path, None
    for _ in range(_DEEPEST):
        for child_path, child in _parts(value, path):
            child_reason = failure(child)
            if child_reason is not None:
                value, path, reason = child, child_path, child_reason
                break
        else:
            return path, reason
    return path, reason


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}[{key!r}]", item
            yield f"<key {key!r} of {path}>", key
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((f"<an item of {path}>", item) for item in value)
    if isinstance(value, type):
        return
    state = getattr(value, "__dict__", None)
    if isinstance(state, dict):
        yield from ((f"{path}.{name}", item) for name, item in state.items())
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                yield f"{path}.{name}", getattr(value, name)
