"""The settings of one decorated function, remembered until something changes. On the path of every call."""

from __future__ import annotations

from thds.mops.config.context import current
from thds.mops.config.settings import CallSettings, Override, resolve
from thds.mops.config.tree import TREE

#: More overrides than this at a time are not remembered: what they hold would live as long as the function.
_MOST_OVERRIDES = 8


class ResolvedCache:
    """One per decorated function. Safe for threads: each thing it keeps is replaced whole."""

    __slots__ = ("_overridden", "_plain", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._plain: tuple[int, CallSettings | None] = (0, None)
        self._overridden: dict[tuple[Override, ...], tuple[int, CallSettings]] = {}

    def get(self) -> CallSettings:
        """What `resolve` says now for this path in this stack. Raises what it raises."""
        overrides = current()[0]
        if overrides:
            return self._under(overrides)
        generation, settings = self._plain
        if settings is None or generation != TREE.generation:
            # The number is taken first: a write in between makes this answer look old, never too new.
            generation = TREE.generation
            settings = resolve(self.path)
            self._plain = (generation, settings)
        return settings

    def _under(self, overrides: tuple[Override, ...]) -> CallSettings:
        kept = self._overridden.get(overrides)
        if kept is not None and kept[0] == TREE.generation:
            return kept[1]
        generation = TREE.generation
        settings = resolve(self.path, overrides)
        if len(self._overridden) >= _MOST_OVERRIDES:
            self._overridden = {}
        self._overridden[overrides] = (generation, settings)
        return settings
