"""`.mops.toml`: which file, what it means, and what it may not say."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config.settings import resolve, set_value
from thds.mops.config.toml import load_config_file
from thds.mops.config.tree import TREE, Where
from thds.mops.errors import SettingsError, UnknownShimError

HERE = Where("here.py", 7)


def load(tmp_path: Path, text: str) -> Path:
    file = tmp_path / ".mops.toml"
    file.write_text(text)
    found = load_config_file(file)
    assert found == file
    return file


def said() -> list[tuple[str, str, Any, bool]]:
    """All that is in the tree, without where it came from."""
    found = []
    for setting, entry, _pinned in TREE.entries():
        value = {"shim": lambda e: e.value.value, "blob_root": lambda e: e.value.uri()}.get(
            setting, lambda e: e.value
        )
        found.append((setting, entry.path, value(entry), entry.mask))
    return sorted(found, key=str)


def test_the_first_file_upward_is_taken_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the ones further up."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".mops.toml").write_text(
        'mops.pure.magic.pipeline_id = "outer"\nmops.pure.magic.shim = "off"'
    )
    (tmp_path / "a" / ".mops.toml").write_text('mops.pure.magic.pipeline_id = "inner"')
    monkeypatch.chdir(inner)
    assert load_config_file() == Path.cwd().parent / ".mops.toml"
    assert said() == [("pipeline_id", "", "inner", False)]


def test_where_there_is_none_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for those who listen."""
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path, *tmp_path.parents):
        assert not (place / ".mops.toml").exists()
    with caplog.at_level(logging.INFO, logger="thds.mops"):
        assert load_config_file() is None
    assert "nothing to load" in caplog.text


def test_one_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory or a broken link of that name would otherwise let another file in."""
    (tmp_path / ".mops.toml").write_text('mops.pure.magic.shim = "off"')
    for name, make in (("a", lambda at: at.mkdir()), ("b", lambda at: at.symlink_to("nowhere"))):
        (tmp_path / name).mkdir()
        make(tmp_path / name / ".mops.toml")
        monkeypatch.chdir(tmp_path / name)
        with pytest.raises(SettingsError, match=r"\.mops\.toml: cannot be read"):
            load_config_file()


def test_a_path_is_a_file_or_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be called anything; strings and paths, relative ones and home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".mops.toml").write_text("")
    (tmp_path / "other.toml").write_text("")
    here = Path.cwd()
    assert load_config_file(".") == load_config_file(tmp_path) == load_config_file("~") == here / ".mops.toml"
    assert load_config_file("other.toml") == load_config_file(Path("~/other.toml")) == here / "other.toml"


@pytest.mark.parametrize("path", ["nowhere.toml", "empty", Path("nowhere")])
def test_a_path_where_nothing_is_is_an_error(
    path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the file."""
    (tmp_path / "empty").mkdir()
    (tmp_path / ".mops.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=rf"{tmp_path}/{path}.*: there is no such file"):
        load_config_file(path)


@pytest.mark.parametrize("path", ["", 5, b".mops.toml", ["x"]])
def test_what_is_no_path_is_an_error(path: Any) -> None:
    """An empty one does not mean the nearest."""
    with pytest.raises(SettingsError, match="takes the path"):
        load_config_file(path)


def test_without_a_working_directory_there_is_nothing_to_look_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SettingsError, match="no working directory"):
        load_config_file()


SHIM_AT_FOO_BAR = [("shim", "foo.bar", "off", False)]


@pytest.mark.parametrize(
    "text",
    [
        '[foo.bar]\nmops.pure.magic.shim = "off"',
        '[foo.bar.mops.pure.magic]\nshim = "off"',
        'foo.bar.mops.pure.magic.shim = "off"',
        '[foo]\nbar.mops.pure.magic.shim = "off"',
        '[foo]\nbar.mops = { pure.magic = { shim = "off" } }',
        '["foo.bar"]\nmops.pure.magic.shim = "off"',
        '["foo.bar".mops]\npure.magic.shim = "off"',
        '"foo.bar".mops.pure."magic".shim = \'off\'',
        '"foo.bar.mops.pure.magic.shim" = "off"',
        "[foo.bar.mops.pure.magic]\noff = true",
        "[foo.bar]\nmops.pure.magic.off = true\n[foo.quux]\n[foo.empty.mops.pure.magic]",
    ],
)
def test_tables_and_dotted_keys_in_any_mix_mean_the_same(text: str, tmp_path: Path) -> None:
    """Empty tables mean nothing."""
    load(tmp_path, text)
    assert said() == SHIM_AT_FOO_BAR


@pytest.mark.parametrize(
    "text",
    [
        '[foo.bar]\n__mask.mops.pure.magic.shim = "off"',
        '[foo.bar.__mask.mops.pure.magic]\nshim = "off"',
        '[foo.bar.__mask]\nmops.pure.magic.shim = "off"',
        '"foo.bar".__mask.mops.pure.magic.shim = "off"',
        '"foo.bar.__mask".mops.pure.magic.shim = "off"',
        "foo.bar.__mask.mops.pure.magic.off = true",
    ],
)
def test_masks_in_any_mix_mean_the_same(text: str, tmp_path: Path) -> None:
    """`__mask` stands before `mops.pure.magic`."""
    load(tmp_path, text)
    assert said() == [("shim", "foo.bar", "off", True)]


def test_at_the_top_stands_what_holds_everywhere(tmp_path: Path) -> None:
    """Masked or not; all settings, `blob_store` too."""
    load(
        tmp_path,
        """
        __mask.mops.pure.magic.pipeline_id = "a/b"
        [mops.pure.magic]
        shim = "pkg.mod:attr"
        blob_store = "adls://x/y"
        lease_period_s = 5
        """,
    )
    assert said() == sorted(
        [
            ("pipeline_id", "", "a/b", True),
            ("shim", "", "pkg.mod:attr", False),
            ("blob_root", "", "adls://x/y", False),
            ("lease_period_s", "", 5.0, False),
        ],
        key=str,
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[thds.mops.examples.fib]\nmops.pure.magic.shim = "off"', "thds.mops.examples.fib"),
        ('["m.f.<locals>.<lambda>"]\nmops.pure.magic.shim = "off"', "m.f.<locals>.<lambda>"),
        ('["größe"]\nmops.pure.magic.shim = "off"', "größe"),
        ('[__main__.f]\nmops.pure.magic.shim = "off"', None),
        ('[foo._private.__init]\nmops.pure.magic.shim = "off"', "foo._private.__init"),
        ('["foo.C.__make"]\nmops.pure.magic.shim = "off"', "foo.C.__make"),
        ('[vision.mask]\nmops.pure.magic.shim = "off"', "vision.mask"),
    ],
)
def test_paths_that_could_be_mistaken(text: str, path: str | None, tmp_path: Path) -> None:
    """A package called `mops`, names inside functions, the main module, names that are nearly `__mask`."""
    from thds.mops.config.targets import path_of

    load(tmp_path, text)
    assert said() == [("shim", path or path_of("__main__.f", {}), "off", False)]


BAD = [
    ('[foo]\nshim = "off"', 2, "foo.shim: is not a setting", "'foo.mops.pure.magic.shim'"),
    ('[foo]\n\nmop.pure.magic.shim = "off"', 3, "is not a setting", "'foo.mops.pure.magic.shim'"),
    ('[foo]\nmops.pure.magik.shim = "off"', 2, "is not a setting", "'foo.mops.pure.magic.shim'"),
    ('[foo]\npure.magic.shimm = "off"', 2, "is not a setting", "'foo.mops.pure.magic.shim'"),
    ('[foo]\nmagic.shim = "off"', 2, "is not a setting", "'foo.mops.pure.magic.shim'"),
    ('shim = "off"', 1, "shim: is not a setting", "'mops.pure.magic.shim'"),
    (
        '[foo]\nversion = "1"',
        2,
        "is not a setting",
        "blob_root, blob_store, lease_period_s, off, pipeline_id, shim",
    ),
    ('mops.pure.magic = "off"', 1, "mops.pure.magic: is not a setting", "blob_root"),
    ('[[foo]]\nmops.pure.magic.shim = "off"', 1, "foo: is not a setting", ""),
    ("[foo]\nx = 1979-05-27", 2, "is not a setting", ""),
    ('[foo]\nmops.pure.magic.shimm = "off"', 2, "no setting 'shimm'", "did you mean 'shim'?"),
    ('[foo.mops.pure.magic]\npipelin-id = "x"', 2, "no setting 'pipelin-id'", "did you mean 'pipeline_id'?"),
    ("[foo.mops.pure.magic]\nsub.shim = 'off'", 2, "is not a setting", ""),
    ("mops.pure.magic.__mask.shim = 'off'", 1, "is not a setting", ""),
    ("mops.pure.magic.shim.name = 'off'", 1, "is not a setting", ""),
    ("mops.pure.magic.shim = {}", 1, "must be a string", ""),
    ("mops.pure.magic.nothing = {}", 1, "no setting 'nothing'", ""),
    ("mops.pure.magic.shim = ['off']", 1, "must be a string, not ['off']", ""),
    ("mops.pure.magic.shim = false", 1, "must be a string, not False", ""),
    ("mops.pure.magic.blob_root = 5", 1, "must be a string, not 5", ""),
    ("mops.pure.magic.lease_period_s = '5'", 1, "must be a number, not '5'", ""),
    ("mops.pure.magic.lease_period_s = true", 1, "must be a number, not True", ""),
    ("mops.pure.magic.lease_period_s = nan", 1, "must be a number of seconds", ""),
    ("mops.pure.magic.lease_period_s = -1", 1, "must be a number of seconds", ""),
    ("mops.pure.magic.off = false", 1, "off can only be true, not False", "set `shim`"),
    ("mops.pure.magic.off = 'yes'", 1, "off can only be true, not 'yes'", ""),
    (
        "[foo]\n\n__mask.mops.pure.magic.shim = 'subproces'",
        3,
        "no shim named 'subproces'",
        "did you mean 'subprocess'?",
    ),
    ("mops.pure.magic.blob_root = 'foo'", 1, "neither a URI nor clearly a path", ""),
    ("mops.pure.magic.pipeline_id = '../x'", 1, "contains the segment '..'", ""),
    ("[foo]\n__maks.mops.pure.magic.shim = 'off'", 2, "'__maks' is not __mask", "did you mean '__mask'?"),
    ("[foo.__mask__.mops.pure.magic]\nshim = 'off'", 2, "'__mask__' is not __mask", ""),
    ("[foo._mask.mops.pure.magic]\nshim = 'off'", 2, "'_mask' is not __mask", ""),
    ("[foo.__MASK.mops.pure.magic]\nshim = 'off'", 2, "'__MASK' is not __mask", ""),
    (
        "[foo.__mask.bar]\nmops.pure.magic.shim = 'off'",
        2,
        "__mask stands in the wrong place",
        "directly before",
    ),
    ("[__mask.foo]\nmops.pure.magic.shim = 'off'", 2, "__mask stands in the wrong place", ""),
    ("__mask.__mask.mops.pure.magic.shim = 'off'", 1, "__mask stands in the wrong place", ""),
    ("[foo-bar]\nmops.pure.magic.shim = 'off'", 2, "'foo-bar' cannot be a part of a dotted path", ""),
    ("['foo..bar']\nmops.pure.magic.shim = 'off'", 2, "'' cannot be a part", ""),
    ("''.mops.pure.magic.shim = 'off'", 1, "'' cannot be a part", ""),
    ("'' = 1", 1, "is not a setting", ""),
    (
        "[foo.mops.pure.magic]\nblob_root = '/a'\nblob_store = '/a'",
        3,
        "says again what line 3 says",
        "keep one",
    ),
    ("[foo.mops.pure.magic]\noff = true\nshim = 'off'", 3, "says again what line 3 says", ""),
    (
        "[foo.bar]\nmops.pure.magic.off = true\n['foo.bar']\nmops.pure.magic.off = true",
        4,
        "says again what line 3",
        "",
    ),
    ("[foo\nx = 1", 1, "is not valid TOML", ""),
    ("a = 1\na = 2", 2, "is not valid TOML", ""),
    ("[foo]\n[foo]\n", 2, "is not valid TOML", ""),
    ("a = 1\n\nb = ", 3, "is not valid TOML", ""),
    ("a = " + "[" * 100_000, 1, "is not valid TOML", ""),
]


@pytest.mark.parametrize(
    ("text", "line", "complaint", "hint"), BAD, ids=[f"{text[:40]!r}" for text, *_ in BAD]
)
def test_a_bad_file_is_refused_with_file_line_and_key(
    text: str, line: int, complaint: str, hint: str, tmp_path: Path
) -> None:
    """And with what was probably meant. The good settings before the bad one are not applied either."""
    good = "quux.mops.pure.magic.pipeline_id = 'good'\n"
    generation = TREE.generation
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, good + text)
    assert str(refused.value).startswith(f"{tmp_path}/.mops.toml:{line + 1}: ")
    assert complaint in refused.value.what
    assert hint in refused.value.hint
    assert refused.value.where.line == line + 1  # type: ignore[attr-defined]
    assert TREE.entries() == []
    assert TREE.generation == generation


def test_an_unknown_shim_is_the_same_error_as_in_code(tmp_path: Path) -> None:
    """Whoever catches it there catches it here."""
    with pytest.raises(UnknownShimError):
        load(tmp_path, "mops.pure.magic.shim = 'subproces'")


def test_what_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """Whatever encoding it may be."""
    (tmp_path / ".mops.toml").write_bytes("# one\n# two\n# drei: größer".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"\.mops\.toml:3: is not UTF-8"):
        load_config_file(tmp_path)


def test_marks_and_line_ends_of_other_systems_are_fine(tmp_path: Path) -> None:
    """Lines are counted all the same."""
    (tmp_path / ".mops.toml").write_bytes(b"\xef\xbb\xbf# x\r\n[foo]\r\nmops.pure.magic.shim = 'off'\r\n")
    load_config_file(tmp_path)
    ((_, entry, _),) = TREE.entries()
    assert entry.where == Where(str(tmp_path / ".mops.toml"), 3, "foo.mops.pure.magic.shim")


SEED = """
[foo]
mops.pure.magic.blob_root = "adls://secret/harmonies"
[foo.bar]
mops.pure.magic.blob_root = "adls://secret/bar"
__mask.mops.pure.magic.shim = 'off'
[foo.bar.baz.func1]
mops.pure.magic.shim = 'sameprocess'
"""
SEED_CALLS = (
    ("blob_root", "adls://secret/harmonies", "foo", False),
    ("blob_root", "adls://secret/bar", "foo.bar", False),
    ("shim", "off", "foo.bar", True),
    ("shim", "sameprocess", "foo.bar.baz.func1", False),
)


def test_the_file_of_the_documentation_is_exactly_its_calls(tmp_path: Path) -> None:
    """Entry by entry; and the mask holds against the function's own shim."""
    load(tmp_path, SEED)
    from_file = said()
    assert resolve("foo.bar.baz.func1").off
    assert resolve("foo.bar.baz.func1").blob_root.uri() == "adls://secret/bar"
    assert resolve("foo.quux.f").blob_root.uri() == "adls://secret/harmonies"
    assert not resolve("foo.quux.f").off
    with TREE.isolated():
        for setting, value, path, mask in SEED_CALLS:
            set_value(setting, value, path, mask=mask, where=HERE)
        assert said() == from_file


@pytest.mark.parametrize("file_last", [True, False])
def test_at_one_place_the_later_of_file_and_code_holds(file_last: bool, tmp_path: Path) -> None:
    """A file overrides what was imported before it, and what is imported afterwards overrides the file."""
    for from_file in (not file_last, file_last):
        if from_file:
            load(tmp_path, "[foo]\nmops.pure.magic.pipeline_id = 'file'\nquux.mops.pure.magic.shim = 'off'")
        else:
            set_value("pipeline_id", "code", "foo", mask=False, where=HERE)
            set_value("pipeline_id", "specific", "foo.bar", mask=False, where=HERE)
    assert resolve("foo").pipeline_id == ("file" if file_last else "code")
    assert resolve("foo.bar").pipeline_id == "specific"
    assert resolve("foo.quux").off
