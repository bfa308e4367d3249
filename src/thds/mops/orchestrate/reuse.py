"""A result that is there: decode it, and tell who listens."""

from __future__ import annotations

import functools
import sys
import time
from typing import TYPE_CHECKING, Any

from thds.mops import events
from thds.mops.memo.lookup import Hit
from thds.mops.orchestrate.call import Call

if TYPE_CHECKING:
    import logging

_DEBUG = 10


@functools.cache
def _log() -> logging.Logger:
    import logging

    return logging.getLogger("thds.mops")


def reuse(call: Call, hit: Hit, how: events.How = "reused", since: float = 0.0) -> Any:
    if hit.code != call.target.identity.code and not call.target.said_other_code:
        _say_other_code(call, hit)
    value = hit.value()
    emit(call, how, since)
    # Whoever wants to see hits has imported logging; nobody else pays for it.
    if "logging" in sys.modules and _log().isEnabledFor(_DEBUG):
        _log().debug("%s %s: %s", how, call.target.identity.function_id, call.address.uri)
    return value


def emit(call: Call, how: events.How, since: float) -> None:
    if not events.subscribers:
        return
    took_s = time.monotonic() - since if since else 0.0
    events.emit(events.CallEnded(how, call.target.identity.function_id, call.address.uri, took_s))


def _say_other_code(call: Call, hit: Hit) -> None:
    """Once per function, and only where the interpreter is the same: bytecode of two versions always differs."""
    identity = call.target.identity
    if hit.code.partition(":")[0] != identity.code.partition(":")[0]:
        return
    call.target.said_other_code = True
    _log().warning(
        "%s was changed since the result at %s was made, which is used all the same. If it now returns something else,"
        " change the `function-logic-key:` line of its docstring.",
        identity.function_id,
        call.address.uri,
    )
