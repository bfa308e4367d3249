"""Why a setting is what it is: the value that won for a path, where it was set, and the ones it beat. For tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from thds.mops.config.context import current
from thds.mops.config.names import covers
from thds.mops.config.settings import KNOWN, UNSAID, default_of
from thds.mops.config.tree import TREE, Entry, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

Rule: TypeAlias = Literal["override", "mask", "value", "default"]


class Candidate(NamedTuple):
    """`path` is the place that the value was set for; "" is everywhere."""

    rule: Rule
    path: str
    value: Any
    where: Where

    def __str__(self) -> str:
        rule = f"{self.rule} for {self.path}" if self.path else self.rule
        value = repr(self.value) if isinstance(self.value, str) else str(self.value)
        return f"{value} ({rule})" if self.where == UNSAID else f"{value} ({rule}, {self.where})"


class Explanation(NamedTuple):
    """`beaten` in the order in which they would have won."""

    setting: str
    winner: Candidate
    beaten: tuple[Candidate, ...]

    def __str__(self) -> str:
        lines = [f"{self.setting} = {self.winner}"]
        return "\n".join(lines + [f"    instead of {loser}" for loser in self.beaten])


def explain(path: str) -> dict[str, Explanation]:
    """One explanation per known setting, for a call made from this stack. Resolves no blob root."""
    explanations = {}
    for setting in KNOWN:
        winner, *beaten = _candidates(path, setting)
        explanations[setting] = Explanation(setting, winner, tuple(beaten))
    return explanations


def _candidates(path: str, setting: str) -> Iterator[Candidate]:
    for override in reversed(current().overrides):
        if setting in override.entries and covers(override.under, path):
            yield _candidate("override", override.entries[setting])
    for entry in TREE.candidates(path, setting):
        yield _candidate("mask" if entry.mask else "value", entry)
    yield _candidate("default", default_of(setting))


def _candidate(rule: Rule, entry: Entry) -> Candidate:
    return Candidate(rule, entry.path, entry.value, entry.where)
