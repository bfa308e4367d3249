"""What was computed and what was reused while a block ran: `with pure.record() as run: ...; print(run)`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from thds.mops.events import CallEnded, How, subscribe


class Counts:
    """Calls of one function by how they ended; `took_s` is the sum of seconds spent on those that were not reused."""

    __slots__ = ("computed", "failed", "reused", "took_s", "waited")

    def __init__(self) -> None:
        self.computed = self.reused = self.waited = self.failed = 0
        self.took_s = 0.0

    def __repr__(self) -> str:
        return f"Counts(computed={self.computed}, reused={self.reused}, waited={self.waited}, failed={self.failed})"


class record:  # noqa: N801 - used like a function
    """Counts the decorated calls of this process, all threads included, from entry to exit; not those made inside
    workers. `counts` maps a function's id to its `Counts`; `str()` is a table for people. Serves one `with`."""

    def __init__(self) -> None:
        self.counts: dict[str, Counts] = {}
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None

    def __enter__(self) -> record:
        self._stop = subscribe(self._add)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._stop is not None:
            self._stop()

    def _add(self, event: CallEnded) -> None:
        with self._lock:
            counts = self.counts.setdefault(event.function, Counts())
            setattr(counts, event.how, getattr(counts, event.how) + 1)
            counts.took_s += event.took_s

    def total(self, how: How) -> int:
        """How many calls ended so, over all functions."""
        return sum(getattr(counts, how) for counts in self.counts.values())

    def __str__(self) -> str:
        rows = [("function", "computed", "reused", "waited", "failed", "seconds")]
        for function, counts in self.counts.items():
            numbers = (counts.computed, counts.reused, counts.waited, counts.failed)
            rows.append((function, *map(str, numbers), f"{counts.took_s:.2f}"))  # type: ignore[arg-type]
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        return "\n".join(
            "  ".join(
                [row[0].ljust(widths[0])]
                + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            )
            for row in rows
        )
