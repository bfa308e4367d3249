"""What happened to calls, for whoever wants to know: logs, counters, the run record. Emitted by orchestrate.

Subscribers run in the thread of the call, at once, in the order they subscribed. One that raises is logged and
changes nothing for the call. Only calls made in this process are seen, not those made inside workers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

How: TypeAlias = Literal["reused", "computed", "waited", "failed"]


class CallEnded(NamedTuple):
    """One decorated call came to its end (calls under `off` are not seen).

    how: `reused` an existing result, `computed` it (here or in the worker this process started), `waited` for somebody
        else's execution, or `failed` with an exception.
    function: the function's id, `module.qualname`.
    took_s: seconds from the miss to the end, by a monotonic clock; 0.0 for `reused`, which is not timed.
    """

    how: How
    function: str
    memo_uri: str
    took_s: float = 0.0


Subscriber: TypeAlias = Callable[[CallEnded], None]

#: Replaced as a whole, never changed in place, so that emitting needs no lock. Empty means: nobody asks, do nothing.
subscribers: tuple[Subscriber, ...] = ()


def subscribe(subscriber: Subscriber) -> Callable[[], None]:
    """From now on; the answer ends it. Process-wide."""
    global subscribers  # the registry of this room
    subscribers = (*subscribers, subscriber)

    def unsubscribe() -> None:
        global subscribers
        subscribers = tuple(other for other in subscribers if other is not subscriber)

    return unsubscribe


def emit(event: CallEnded) -> None:
    for subscriber in subscribers:
        try:
            subscriber(event)
        except Exception:
            import logging

            logging.getLogger(__name__).exception("An event subscriber failed: %r", subscriber)
