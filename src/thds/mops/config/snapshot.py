"""The settings in force here, in a form that another process can install. Taken by the caller, installed by its worker.

After `install`, what is imported in the worker resolves as it does here: an entry is *pinned* where the thing it is for
has been imported here, because then this process has already seen all that its import says; a pinned entry keeps its
place whatever is imported there. Any other entry counts, there as here, as written before the import.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from thds.mops.config.context import CallContext, current, replace_context
from thds.mops.config.root import RootSetting
from thds.mops.config.settings import KNOWN, Override, default_of
from thds.mops.config.shim import ShimSetting
from thds.mops.config.targets import main_name
from thds.mops.config.tree import TREE, Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.errors import MopsError


class SnapshotEntry(NamedTuple):
    setting: str
    entry: Entry
    pinned: bool


class Snapshot(NamedTuple):
    """Plain pickle is enough, if it is for `callables`: shims and shim builders stay the objects they are, for the
    pickler of whoever sends this. One that cannot be sent need not stop the call: `replace_callables`."""

    entries: tuple[SnapshotEntry, ...]
    defaults: dict[str, Entry]
    context: CallContext

    def callables(self) -> list[Callable[..., Any]]:
        """The shims and shim builders in here, each object once."""
        values = [entry.value for entry in self._all_entries()]
        found = [shim.value for shim in values if isinstance(shim, ShimSetting) and callable(shim.value)]
        return list({id(function): function for function in found}.values())

    def replace_callables(self, replace: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Snapshot:
        """This snapshot with each callable `c` as `replace(c)`, such as `c` or `UnavailableShim(error)`."""

        def replaced(entry: Entry) -> Entry:
            shim = entry.value
            if not isinstance(shim, ShimSetting) or isinstance(shim.value, str):
                return entry
            return entry._replace(value=_with_callable(shim, replace(shim.value)))

        return self._mapped(replaced)

    def _all_entries(self) -> list[Entry]:
        inside = [entry for override in self.context.overrides for entry in override.entries.values()]
        return [kept.entry for kept in self.entries] + inside

    def _mapped(self, change: Callable[[Entry], Entry]) -> Snapshot:
        overrides = tuple(
            Override(override.under, {name: change(entry) for name, entry in override.entries.items()})
            for override in self.context.overrides
        )
        return Snapshot(
            tuple(SnapshotEntry(setting, change(entry), pinned) for setting, entry, pinned in self.entries),
            {name: change(entry) for name, entry in self.defaults.items()},
            self.context._replace(overrides=overrides),
        )


class UnavailableShim:
    """Stands for a shim that could not be sent: using it raises the error that says so."""

    __slots__ = ("_error",)

    def __init__(self, error: MopsError) -> None:
        self._error = error

    def __call__(self, _arguments: list[str]) -> None:
        rebuild, parts = self._error.__reduce__()
        raise rebuild(*parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return UnavailableShim, (self._error,)


def take() -> Snapshot:
    """All entries with where they were set, the defaults, and the context of this stack.

    Blob roots become absolute URIs now; callables among them are asked, and one that fails is an entry that raises the
    same error when it is used in the worker, and only then.
    """
    entries = tuple(
        SnapshotEntry(setting, entry, pinned or _imported(entry.path))
        for setting, entry, pinned in TREE.entries()
    )
    defaults = {setting: default_of(setting) for setting in KNOWN}
    return Snapshot(entries, defaults, current())._mapped(_portable)


def install(snapshot: Snapshot) -> None:
    """Let this process, and this stack, go on with the settings of another one. Once per worker, before its call."""
    TREE.install(snapshot.entries, snapshot.defaults)
    replace_context(snapshot.context)


def _portable(entry: Entry) -> Entry:
    if not isinstance(entry.value, RootSetting):
        return entry
    portable = entry.value.portable()
    return entry if portable is entry.value else entry._replace(value=portable)


def _with_callable(shim: ShimSetting, function: Callable[..., Any]) -> ShimSetting:
    return ShimSetting(function, "shim" if isinstance(function, UnavailableShim) else shim.kind)


def _imported(path: str) -> bool:
    """Whether the module or function at `path` exists here, so that its import has nothing more to say."""
    module, names = _nearest_module(path)
    if module is None:
        return not path
    if not names or "__path__" not in vars(module):
        return True  # what is in a plain module was there when the module was imported
    found: Any = module
    for name in names:
        if name == "<locals>":  # inside a function of the package itself
            return True
        # No getattr: a package's own __getattr__ would import what nobody has asked for yet.
        found = getattr(found, "__dict__", {}).get(name)
        if found is None:
            return False
    return True


def _nearest_module(path: str) -> tuple[Any, list[str]]:
    names: list[str] = []
    main = main_name()
    while path:
        # What `python -m pkg.mod` runs is here under another name than its own.
        module = sys.modules.get("__main__" if path == main else path)
        if module is not None:
            return module, names
        path, _, name = path.rpartition(".")
        names.insert(0, name)
    return None, names
