"""From a blob root's URI to its store. Called by orchestrate and by workers; one store a root and process.

The registry holds names, not modules: a scheme costs nothing until its first use. Others add schemes by entry points of
the group `thds.mops.stores`: the entry's name is the scheme, its value `module:factory`; the factory takes the URI.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, cast

from thds.mops.errors import MopsError, SettingsError, UnknownSchemeError
from thds.mops.stores.uri import expand

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoints

    from thds.mops.stores.base import Store

GROUP: Final = "thds.mops.stores"
OURS: Final = {
    "file": "thds.mops.stores.file:open_root",
    "memory": "thds.mops.stores.memory:open_name",
}
_LATER: Final = frozenset({"adls", "az", "s3", "gs"})

_open: dict[str, Store] = {}
# What a forked child inherits may be in use by threads it does not have, or by libraries that hang after a fork.
os.register_at_fork(after_in_child=_open.clear)


def open_store(root_uri: str) -> Store:
    """The store of a root; contacts nothing. SettingsError for a malformed URI, UnknownSchemeError where nobody
    registered the scheme."""
    store = _open.get(root_uri)
    if store is None:
        scheme, uri = expand(root_uri)
        store = _open.get(uri)
        if store is None:
            # No lock, so nothing to hang on after a fork: of two threads one store is kept, the other dropped unused.
            store = _open.setdefault(uri, _factory(scheme, uri)(uri))
    return store


def _factory(scheme: str, uri: str) -> Callable[[str], Store]:
    ours = OURS.get(scheme)
    if ours is None:
        return _plugin(scheme, uri)
    import importlib

    module, _, name = ours.partition(":")
    return cast("Callable[[str], Store]", getattr(importlib.import_module(module), name))


def _plugin(scheme: str, uri: str) -> Callable[[str], Store]:
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    if scheme not in found.names:
        raise _unknown(scheme, uri, found)
    try:
        return cast("Callable[[str], Store]", found[scheme].load())
    except MopsError:
        raise
    except Exception as error:  # importing somebody's package runs anything
        raise SettingsError(
            f"the store for {scheme}:// cannot be loaded: {type(error).__name__}: {error}",
            hint=f"it comes from the entry point {found[scheme].value!r} of the group {GROUP!r}",
            scheme=scheme,
        ) from error


def _unknown(scheme: str, uri: str, found: EntryPoints) -> UnknownSchemeError:
    known = tuple(sorted({*OURS, *found.names}))
    why = "this version has no store for it yet" if scheme in _LATER else "no store is registered for it"
    fields: dict[str, Any] = {"scheme": scheme, "known": known, "uri": uri}
    return UnknownSchemeError(
        f"blob root {uri!r}: {scheme}:// is unknown, {why}",
        hint=f"known schemes: {', '.join(known)}; packages add others by the entry point group {GROUP!r}",
        **fields,
    )
