"""Which settings there are, what they may be, and which ones hold for a function. Called by the decorator's module.

A new setting is one line in `KNOWN` and one field of `CallSettings`. Everything is checked where it is set; nothing is
contacted or imported for it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from thds.mops.config.names import advice, covers
from thds.mops.config.pipeline import parse_pipeline_id
from thds.mops.config.root import RootSetting, parse_root
from thds.mops.config.shim import ShimSetting, parse_shim
from thds.mops.config.tree import TREE, Entry, Where
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


LEASE_PERIOD_VARIABLE: Final = "MOPS_LEASE_PERIOD_S"
#: Where a built-in default was set.
UNSAID: Final = Where("default")


class CallSettings(NamedTuple):
    """What holds for one function at one moment. `off`: call it plainly, nothing else here matters.

    `root_is_default` and `pipeline_is_default`: nobody set one, here or around.
    """

    shim: ShimSetting
    blob_root: RootSetting
    pipeline_id: str
    lease_period_s: float
    off: bool
    root_is_default: bool
    pipeline_is_default: bool


class Override:
    """What one `with override(...)` says: settings for whatever lies at or below the path `under`. Compared by
    identity, so that a tuple of overrides is a cheap key."""

    __slots__ = ("entries", "under")

    def __init__(self, under: str, entries: dict[str, Entry]) -> None:
        self.under = under
        self.entries = entries

    def __reduce__(self) -> tuple[Any, ...]:
        return Override, (self.under, self.entries)

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={entry.value}" for name, entry in self.entries.items())
        return f"Override({said}, under={self.under!r})"


def _parse_lease_period(value: object, where: Where) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= sys.float_info.max:
        return float(value)
    raise SettingsError(
        f"{where}: lease_period_s must be a number of seconds above 0, not {value!r}",
        hint="how long a dead worker may go unnoticed: 30.0 unless you say otherwise",
        setting="lease_period_s",
        where=where,
    )


def _default_lease_period() -> Entry:
    text = os.environ.get(LEASE_PERIOD_VARIABLE)
    if not text:
        return Entry("", 30.0, UNSAID)
    where = Where(f"environment variable {LEASE_PERIOD_VARIABLE}")
    try:
        number: object = float(text)
    except ValueError:
        number = text
    return Entry("", _parse_lease_period(number, where), where)


class Setting(NamedTuple):
    """`parse` checks and normalises, or raises SettingsError; `toml` is what a file may hold for it."""

    parse: Callable[[object, Where], Any]
    default: Callable[[], Entry]
    toml: tuple[type, ...] = (str,)


KNOWN: Final[dict[str, Setting]] = {
    "shim": Setting(parse_shim, lambda: Entry("", ShimSetting("samethread", "name"), UNSAID)),
    "blob_root": Setting(parse_root, lambda: Entry("", RootSetting("file://~/.mops", UNSAID), UNSAID)),
    "pipeline_id": Setting(parse_pipeline_id, lambda: Entry("", "magic", UNSAID)),
    "lease_period_s": Setting(_parse_lease_period, _default_lease_period, (int, float)),
}
#: Other names that the public functions and `.mops.toml` have for a setting.
ALIASES: Final = {"blob_store": "blob_root"}


def parse(setting: str, value: object, where: Where) -> tuple[str, Any]:
    """The setting's proper name and its checked value."""
    name = ALIASES.get(setting, setting)
    if name not in KNOWN:
        raise SettingsError(
            f"{where}: there is no setting {setting!r}",
            hint=advice(setting, KNOWN),
            setting=setting,
            where=where,
        )
    return name, KNOWN[name].parse(value, where)


def set_value(setting: str, value: object, path: str, mask: bool, where: Where) -> None:
    """Say what `setting` is at `path` ("" is the root of all). Raises SettingsError, and then nothing has changed."""
    if not isinstance(mask, bool):
        raise SettingsError(
            f"{where}: mask must be True or False, not {mask!r}", setting=setting, where=where
        )
    name, parsed = parse(setting, value, where)
    write_all([(name, Entry(path, parsed, where, mask))])


def write_all(writes: Sequence[tuple[str, Entry]]) -> None:
    """Checked entries, at one moment."""
    for setting, entry in TREE.write(writes):
        # Only in workers: what the caller had in force stays in force, whatever is imported here afterwards.
        import logging

        logging.getLogger(__name__).debug(
            "%s: %s of %r stays as the caller of this worker had it", entry.where, setting, entry.path
        )


def default_of(setting: str) -> Entry:
    return TREE.installed_default(setting) or KNOWN[setting].default()


def resolve(path: str, overrides: Sequence[Override] = ()) -> CallSettings:
    """What holds for the function at `path` inside these overrides (outermost first)."""
    found = TREE.winners(path, KNOWN)
    for override in overrides:
        if covers(override.under, path):
            found.update(override.entries)
    value = {name: (found.get(name) or default_of(name)).value for name in KNOWN}
    return CallSettings(
        **value,
        off=value["shim"].off,
        root_is_default="blob_root" not in found,
        pipeline_is_default="pipeline_id" not in found,
    )
