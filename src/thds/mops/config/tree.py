"""The settings of this process: (dotted path, setting) -> value, masked values apart. Read by `settings.resolve`.

The last write at one place wins, whoever made it; `generation` goes up with each, so that whoever keeps something
derived from the tree has to compare one integer. Safe for threads: a batch of writes is seen whole or not at all.
Knows nothing about which settings there are: values were checked by whoever writes.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from thds.mops.config.names import prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType


class Where(NamedTuple):
    """Where a value was set: a line of code, a key of a `.mops.toml`, or (without line and key) words."""

    file: str
    line: int = 0
    key: str = ""

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}" if self.line else self.file
        return f"{at}: {self.key}" if self.key else at

    @classmethod
    def of_frame(cls, frame: FrameType) -> Where:
        return cls(frame.f_code.co_filename, frame.f_lineno or 0)

    @classmethod
    def of_caller(cls) -> Where:
        """The innermost line of code that is not ours."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and f"{frame.f_globals.get('__name__')}.".startswith("thds.mops."):
            frame = frame.f_back
        return cls("unknown place") if frame is None else cls.of_frame(frame)


class Entry(NamedTuple):
    """One value at one place."""

    path: str
    value: Any
    where: Where
    mask: bool = False


#: The entries of one kind (setting, masked or not) by path.
_Key = tuple[str, bool]


class Tree:
    """One per process (`TREE`). `generation` may be read without a lock; it never comes back to an earlier number."""

    __slots__ = ("_defaults", "_entries", "_lock", "_pins", "generation")

    def __init__(self) -> None:
        self.generation = 1
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._entries: dict[_Key, dict[str, Entry]] = {}
        self._pins: set[tuple[str, bool, str]] = set()
        self._defaults: dict[str, Entry] = {}

    def write(self, writes: Iterable[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
        """All of these (setting, entry), in order. Returns those that were refused because their place is pinned."""
        refused = []
        with self._lock:
            for setting, entry in writes:
                if (setting, entry.mask, entry.path) in self._pins:
                    refused.append((setting, entry))
                else:
                    self._put(setting, entry)
            self.generation += 1
        return refused

    def _put(self, setting: str, entry: Entry) -> None:
        self._entries.setdefault((setting, entry.mask), {})[entry.path] = entry

    def install(self, entries: Iterable[tuple[str, Entry, bool]], defaults: dict[str, Entry]) -> None:
        """What another process had in force. Pinned entries (the third part) take their place from whatever is there
        and keep it from later writes; the others count as written before anything here was."""
        with self._lock:
            for setting, entry, pinned in entries:
                if pinned:
                    self._put(setting, entry)
                    self._pins.add((setting, entry.mask, entry.path))
                elif entry.path not in self._entries.get((setting, entry.mask), ()):
                    self._put(setting, entry)
            self._defaults.update(defaults)
            self.generation += 1

    def winners(self, path: str, settings: Iterable[str]) -> dict[str, Entry]:
        """The value in force for each of the settings that anybody set for `path`, all seen at one moment."""
        places = prefixes(path)
        found = {}
        with self._lock:
            for setting in settings:
                candidates = self._candidates(places, setting)
                winner = next(candidates, None)
                if winner is not None:
                    found[setting] = winner
        return found

    def candidates(self, path: str, setting: str) -> list[Entry]:
        """All that holds for `path`, the winner first: masks from the root inwards, values from `path` outwards."""
        with self._lock:
            return list(self._candidates(prefixes(path), setting))

    def _candidates(self, places: list[str], setting: str) -> Iterator[Entry]:
        masks = self._entries.get((setting, True))
        if masks:
            yield from (masks[place] for place in places if place in masks)
        values = self._entries.get((setting, False))
        if values:
            yield from (values[place] for place in reversed(places) if place in values)

    def installed_default(self, setting: str) -> Entry | None:
        """What the other process would have used had nobody set anything."""
        return self._defaults.get(setting)

    def entries(self) -> list[tuple[str, Entry, bool]]:
        """Everything: (setting, entry, whether it is pinned)."""
        with self._lock:
            return [
                (setting, entry, (setting, mask, path) in self._pins)
                for (setting, mask), by_path in self._entries.items()
                for path, entry in by_path.items()
            ]

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """For tests: an empty tree inside, and afterwards what was there before. Process-wide, like the tree: other
        threads see it too. Overrides are not the tree's: `context.entered(CallContext())` is their counterpart."""
        with self._lock:
            kept = self._entries, self._pins, self._defaults
            self._forget()
            self.generation += 1
        try:
            yield
        finally:
            with self._lock:
                self._entries, self._pins, self._defaults = kept
                self.generation += 1

    def _unlock_after_fork(self) -> None:
        # Some other thread of the parent may have held it; that thread does not exist in the child.
        self._lock = threading.RLock()


TREE: Final = Tree()
os.register_at_fork(after_in_child=TREE._unlock_after_fork)
