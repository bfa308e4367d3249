"""What this room costs those who import it."""

from __future__ import annotations

from collections.abc import Callable

#: Needed only where something is wrong, where a file is loaded, or where a callable or an unknown name is given.
ON_DEMAND = {
    "difflib",
    "importlib.metadata",
    "tomllib",
    "thds.mops.config.toml_lines",
    "asyncio",
    "tempfile",
    "subprocess",
}


def test_importing_it_and_using_plain_settings_loads_nothing_heavy(printed_by: Callable[..., str]) -> None:
    """Each of these has its moment."""
    code = f"""
import sys
before = set(sys.modules)
from thds.mops.config import explain, resolved, settings, snapshot, targets, toml, tree
settings.set_value("shim", "off", targets.path_of(None, globals()), False, tree.Where("x"))
settings.set_value("blob_root", "/data", "foo", True, tree.Where("x"))
settings.set_value("pipeline_id", "a/b", "foo", True, tree.Where("x"))
resolved.ResolvedCache("foo.f").get()
snapshot.install(snapshot.take())
print(sorted((set(sys.modules) - before) & {ON_DEMAND!r}))
"""
    assert printed_by("-I", "-c", f"import sys; sys.path[:0] = {_sources()!r}\n{code}") == "[]"


def _sources() -> list[str]:
    import thds.mops.errors

    return [thds.mops.errors.__file__.rsplit("/thds/", 1)[0]]
