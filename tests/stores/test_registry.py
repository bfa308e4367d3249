"""From URIs to stores; each in a process of its own where the registry's state or the imports matter."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from thds.mops.errors import SettingsError, UnknownSchemeError
from thds.mops.stores.base import CREATE
from thds.mops.stores.registry import open_store


def _run(script: str, **environment: str) -> str:
    import os

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_store_a_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All spellings of a root open the same store."""
    monkeypatch.setenv("HOME", str(tmp_path))
    store = open_store(f"file://{tmp_path}/x")
    assert store is open_store("file://~/x")
    assert store is open_store(f"FILE://{tmp_path}//x/")
    assert store is not open_store(f"file://{tmp_path}/y")
    assert store.uri == f"file://{tmp_path}/x"


def test_opening_contacts_nothing(tmp_path: Path) -> None:
    """No folder is made, not by reading either; the first write makes it."""
    store = open_store(f"file://{tmp_path}/deep/root")
    assert store.get("a") is None
    assert store.head("a") is None
    assert list(store.list("")) == []
    assert store.delete("a") is False
    assert list(tmp_path.iterdir()) == []
    assert store.put("a/b", [b"x"], CREATE) is not None
    assert (tmp_path / "deep/root/a/b").read_bytes() == b"x"


@pytest.mark.parametrize("scheme", ["adls", "az", "s3", "gs"])
def test_schemes_to_come_say_so(scheme: str) -> None:
    """This version has no such store yet."""
    with pytest.raises(UnknownSchemeError, match="this version has no store for it yet") as caught:
        open_store(f"{scheme}://somewhere/else")
    assert caught.value.scheme == scheme  # type: ignore[attr-defined]


def test_an_unknown_scheme_lists_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And never becomes a folder of that name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownSchemeError) as caught:
        open_store("fiel:///data")
    assert {"file", "memory"} <= set(caught.value.known)  # type: ignore[attr-defined]
    assert "file, " in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_uri_is_a_settings_error() -> None:
    """Before anything is looked up."""
    with pytest.raises(SettingsError, match="malformed blob root"):
        open_store("/just/a/path")


def test_what_is_not_used_is_not_loaded(tmp_path: Path) -> None:
    """Opening a local root loads neither other stores nor the machinery for entry points, nor mmap."""
    out = _run(
        f"""
        import sys
        from thds.mops.stores.registry import open_store
        assert "thds.mops.stores.file" not in sys.modules
        open_store("file://{tmp_path}").get("a")
        print(*sorted({{"thds.mops.stores.memory", "importlib.metadata", "mmap"}} & set(sys.modules)))
        """
    )
    assert out.split() == []


def _package(folder: Path, module: str) -> str:
    """An installed package that adds the scheme `mine`."""
    (folder / "mine_store.py").write_text(textwrap.dedent(module))
    info = folder / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[thds.mops.stores]\nmine = mine_store:opened\n")
    return str(folder)


def test_entry_points_add_schemes(tmp_path: Path) -> None:
    """The factory gets the URI; the scheme is among the known ones."""
    path = _package(
        tmp_path,
        """
        from thds.mops.stores.memory import MemoryStore
        def opened(uri):
            return MemoryStore("of " + uri)
        """,
    )
    out = _run(
        f"""
        import sys
        sys.path.insert(0, {path!r})
        from thds.mops.errors import UnknownSchemeError
        from thds.mops.stores.registry import open_store
        print(open_store("mine://x/y/").uri)
        try:
            open_store("other://x")
        except UnknownSchemeError as error:
            print(error.known)
        """
    )
    assert out.splitlines() == ["memory://of mine://x/y", "('file', 'memory', 'mine')"]


def test_a_broken_entry_point_says_which(tmp_path: Path) -> None:
    """Not an import error out of nowhere."""
    path = _package(tmp_path, "import no_such_module_at_all")
    out = _run(
        f"""
        import sys
        sys.path.insert(0, {path!r})
        from thds.mops.errors import SettingsError
        from thds.mops.stores.registry import open_store
        try:
            open_store("mine://x")
        except SettingsError as error:
            print(error)
        """
    )
    assert "mine:// cannot be loaded" in out
    assert "no_such_module_at_all" in out
    assert "mine_store:opened" in out


def test_a_forked_child_opens_its_own(tmp_path: Path) -> None:
    """Stores of the parent may be in use by threads that the child does not have."""
    out = _run(
        f"""
        import os
        from thds.mops.stores.base import CREATE
        from thds.mops.stores.registry import open_store
        store = open_store("file://{tmp_path}")
        store.put("a", [b"x"], CREATE)
        child = os.fork()
        if child == 0:
            mine = open_store("file://{tmp_path}")
            fine = mine is not store and mine.get("a").body == b"x" and store.put("b", [b"y"], CREATE) is not None
            os._exit(0 if fine else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), open_store("file://{tmp_path}") is store)
        """
    )
    assert out.split() == ["0", "True"]
