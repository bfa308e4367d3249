"""Paths by content, errors for what is not there or does not hold still."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from thds.mops.callkey.adapters import paths
from thds.mops.callkey.canonical import digest
from thds.mops.callkey.node import Refused
from thds.mops.errors import UnkeyableError


def key(value: object) -> bytes:
    return digest(value, "x")


def test_file_by_content_and_suffix(tmp_path: Path) -> None:
    """The name and the place do not count; content and suffix do."""
    one, same, other, renamed = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv", "a.txt"))
    for file in (one, same, renamed):
        file.write_bytes(b"1,2")
    other.write_bytes(b"1,3")
    assert key(one) == key(same)
    assert len({key(one), key(other), key(renamed), key(str(one)), key(b"1,2")}) == 5
    os.utime(same, (0, 0))
    assert key(one) == key(same)
    assert key({"file": [one]}) == key({"file": [same]})


def test_links_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is what a reader finds; relative paths are from here."""
    file, link = tmp_path / "a.csv", tmp_path / "link.csv"
    file.write_bytes(b"1")
    link.symlink_to(file)
    monkeypatch.chdir(tmp_path)
    assert key(link) == key(file) == key(Path("a.csv"))


def test_directory_is_its_tree(tmp_path: Path) -> None:
    """Names inside, contents, empty directories; not the directory's own name, nor times."""
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "a.txt").write_text("a")
    (tree / "b.txt").write_text("b")
    expected = key(tree)
    shutil.copytree(tree, tmp_path / "copy")
    assert key(tmp_path / "copy") == expected

    def changed(change: Any) -> bytes:
        place = tmp_path / "changed"
        shutil.copytree(tree, place)
        change(place)
        found = key(place)
        shutil.rmtree(place)
        return found

    changes = [
        lambda place: (place / "empty").mkdir(),
        lambda place: (place / "b.txt").write_text("c"),
        lambda place: (place / "b.txt").rename(place / "c.txt"),
        lambda place: (place / "b.txt").rename(place / "inner" / "b.txt"),
        lambda place: (place / "c.txt").touch(),
        lambda place: (place / "b.txt").unlink(),
    ]
    assert len({expected, *(changed(change) for change in changes)}) == len(changes) + 1
    (tree / "inner" / "loop").symlink_to(tree)
    with pytest.raises(UnkeyableError, match="a directory that contains it"):
        key(tree)


def test_what_is_no_file_is_an_error(tmp_path: Path) -> None:
    """Missing files, files that cannot be read, and what is neither file nor directory, each said so."""
    with pytest.raises(UnkeyableError, match=r"`x\['out'\]` .*there is no file .*missing\.csv") as caught:
        key({"out": tmp_path / "missing.csv"})
    assert "PurePath" in caught.value.hint
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnkeyableError, match="neither a file nor a directory"):
        key(tmp_path / "pipe")
    with pytest.raises(UnkeyableError, match="neither a file nor a directory"):
        key(tmp_path)
    with pytest.raises(UnkeyableError, match="cannot be read"):
        key(tmp_path / ("long" * 100))


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written to, or replaced, after it was opened: no key, rather than one of a mixture."""
    file = tmp_path / "a.bin"
    changes = [
        lambda: file.write_bytes(b"longer than before"),
        lambda: os.replace(shutil.copy(file, f"{file}2"), file),
    ]
    real = os.fstat

    def fstat(number: int) -> os.stat_result:
        found = real(number)
        if changes_now:
            changes_now.pop()()
        return found

    monkeypatch.setattr(paths.os, "fstat", fstat)
    for change in changes:
        file.write_bytes(b"before")
        changes_now = [change]
        with pytest.raises(Refused, match="changed while it was read"):
            paths.file_digest(str(file))


def test_pure_paths_are_text() -> None:
    """No file is looked at; the flavour counts."""
    assert key(PurePath("/no/such")) == key(PurePath("/no", "such"))
    assert len({key(p) for p in (PurePosixPath("a"), PureWindowsPath("a"), PurePosixPath("b"))}) == 3
    assert key(PurePosixPath("a")) != key("a")


class Marked(PurePosixPath):
    """Carries something beside its text."""


class MarkedFile(type(Path())):  # type: ignore[misc]
    pass


def test_subclasses_keep_what_they_add(tmp_path: Path) -> None:
    """Their class and their attributes, but not what paths remember about themselves."""
    one, other = Marked("a"), Marked("a")
    assert hash(one)
    assert one.parts
    assert str(one) == "a"
    assert key(one) == key(other) != key(PurePosixPath("a"))
    other.note = 1  # type: ignore[attr-defined]
    assert key(one) != key(other)
    (tmp_path / "f").write_bytes(b"1")
    file = MarkedFile(tmp_path / "f")
    assert key(file) == key(MarkedFile(tmp_path / "f")) != key(tmp_path / "f")


def test_large_files_take_no_memory(tmp_path: Path) -> None:
    """A file is read in pieces."""
    file = tmp_path / "large"
    with open(file, "wb") as stream:
        stream.truncate(50_000_000)
    key(tmp_path / "large")
    tracemalloc.start()
    key(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
