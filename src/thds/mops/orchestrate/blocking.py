"""A call that blocks its caller. Called by the decorated function: a hit is one look, and the value."""

from __future__ import annotations

from typing import Any

from thds.mops.config.settings import CallSettings
from thds.mops.memo.lookup import Hit
from thds.mops.orchestrate.call import Call, Target
from thds.mops.orchestrate.reuse import reuse


def call(target: Target, settings: CallSettings, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value, or the function's own exception."""
    this = Call(target, target.place(settings), args, kwargs)
    found = this.look()
    if isinstance(found, Hit):
        return reuse(this, found)
    from thds.mops.orchestrate.computing import compute  # with the first miss

    return compute(this, found)
