"""Blob roots: checked where they are set, resolved at the first need."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from thds.mops.config.root import RootSetting, parse_root
from thds.mops.config.tree import Where
from thds.mops.errors import SettingsError

HERE = Where("here.py", 7)


def uri(value: object) -> str:
    return parse_root(value, HERE).uri()


@pytest.mark.parametrize(
    "value", ["adls://bell/rings", "s3://bucket", "memory://m", "nobody-knows+1.2://x/y"]
)
def test_a_uri_goes_to_the_stores_as_it_is(value: str) -> None:
    """Whether anybody knows its scheme is not asked here."""
    assert uri(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("file:///data/mops", "file:///data/mops"),
        ("FILE:///data/mops", "file:///data/mops"),
        ("file:////data//mops/", "file:///data/mops"),
        ("/data/My Blobs", "file:///data/My Blobs"),
        ("/data/100%/a://b", "file:///data/100%/a:/b"),
        ("file://~/x", "file:///home/me/x"),
        ("~/x", "file:///home/me/x"),
        ("~", "file:///home/me"),
        (Path("/data"), "file:///data"),
        (Path("~/x"), "file:///home/me/x"),
        (PurePosixPath("/data"), "file:///data"),
    ],
)
def test_local_roots_become_absolute_file_uris(
    value: object, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home included."""
    monkeypatch.setenv("HOME", "/home/me")
    assert uri(value) == expected


@pytest.mark.parametrize("value", ["./x", Path("x"), "../{name}/x", lambda: "./x", lambda: Path("x")])
def test_relative_roots_are_relative_to_where_the_first_need_is(
    value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stay there when the process goes elsewhere."""
    setting = parse_root(value.format(name=tmp_path.name) if isinstance(value, str) else value, HERE)
    monkeypatch.chdir(tmp_path)
    first = setting.uri()
    monkeypatch.chdir("/")
    assert setting.uri() == first == f"file://{os.path.realpath(tmp_path)}/x"


def test_a_callable_is_asked_once_and_not_before_it_is_needed() -> None:
    """Setting it contacts nothing; showing it neither."""
    asked: list[int] = []

    def root() -> str:
        asked.append(1)
        return "adls://bell/rings"

    setting = parse_root(root, HERE)
    assert "root" in str(setting)
    assert asked == []
    assert [setting.uri(), setting.uri()] == ["adls://bell/rings"] * 2
    assert asked == [1]


def test_racing_threads_ask_a_callable_once() -> None:
    """The second waits for the answer to the first."""
    asked: list[int] = []
    second = threading.Event()

    def root() -> str:
        asked.append(1)
        if len(asked) == 2:
            second.set()
        second.wait(0.2)  # long enough for the other thread to come in, if anything lets it
        return f"adls://bell/{len(asked)}"

    setting = parse_root(root, HERE)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(setting.uri()), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == ["adls://bell/1"] * 2


def test_a_callable_that_fails_names_where_it_was_set_and_is_asked_again() -> None:
    """Its own exception is the cause."""
    failures = [KeyError("no vault"), None]

    def root() -> str:
        failure = failures.pop(0)
        if failure:
            raise failure
        return "adls://bell/rings"

    setting = parse_root(root, HERE)
    with pytest.raises(SettingsError, match=r"here.py:7: .*root raised KeyError: 'no vault'") as failed:
        setting.uri()
    assert isinstance(failed.value.__cause__, KeyError)
    assert setting.uri() == "adls://bell/rings"


@pytest.mark.parametrize("answer", [None, 5, "", "foo", lambda: "adls://x/y", "a\nb", Path("adls:/x")])
def test_a_callable_that_returns_no_root_is_an_error(answer: object) -> None:
    """It names the callable and what it returned."""
    with pytest.raises(SettingsError, match=r"here.py:7: .*<lambda> returned "):
        uri(lambda: answer)


def test_a_callable_that_needs_itself_is_an_error() -> None:
    """Not a recursion without end."""
    setting: RootSetting

    def root() -> str:
        return setting.uri()

    setting = parse_root(root, HERE)
    with pytest.raises(SettingsError, match="needs a blob root itself"):
        setting.uri()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "is empty"),
        ("foo", "neither a URI nor clearly a path"),
        ("foo/bar", "neither"),
        ("adls:/x", "neither"),
        (" adls://x/y", "white space"),
        ("/data\n", "control"),
        ("adls://x/a b", "white space"),
        ("adls://x/\x00", "control"),
        ("://x", "scheme"),
        ("a b://x", "scheme"),
        ("adls://", "names nothing"),
        ("file://", "absolute path"),
        ("file://data/mops", "absolute path"),
        (Path("adls://bell/rings"), "pathlib"),
        (Path("a\nb"), "control"),
        (None, "not a blob root"),
        (5, "not a blob root"),
        (b"/data", "not a blob root"),
        (["/data"], "not a blob root"),
        (lambda needed: needed, "without arguments"),
    ],
)
def test_malformed_roots_are_refused_where_they_are_set(value: object, complaint: str) -> None:
    """With the line, what is wrong, and what would be right."""
    with pytest.raises(SettingsError, match=rf"here.py:7: .*{complaint}") as refused:
        parse_root(value, HERE)
    assert "file://~/data" in refused.value.hint


def test_a_home_that_nobody_has_is_an_error_at_the_first_need() -> None:
    """Never a directory called `~nobody`."""
    with pytest.raises(SettingsError, match=r"here.py:7: .*home directory"):
        uri("~no-such-user-here/x")


def test_without_a_working_directory_a_relative_root_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says so."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SettingsError, match="no working directory"):
        uri("./x")


def test_a_portable_root_pickles_and_says_the_same_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callables and relative paths are resolved here."""
    monkeypatch.chdir(tmp_path)
    relative, asked = parse_root("./x", HERE), parse_root(lambda: "adls://bell/rings", HERE)
    packed = pickle.dumps([relative.portable(), asked.portable()])
    monkeypatch.chdir("/")
    there = pickle.loads(packed)
    assert [root.uri() for root in there] == [relative.uri(), "adls://bell/rings"]
    assert [root.where for root in there] == [HERE, HERE]


def test_a_root_that_cannot_be_resolved_fails_elsewhere_as_here() -> None:
    """Each time it is needed, and not before."""

    def root() -> str:
        raise KeyError("no vault")

    there = pickle.loads(pickle.dumps(parse_root(root, HERE).portable()))
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"here.py:7: .*no vault"):
            there.uri()
    again = pickle.loads(pickle.dumps(there.portable()))
    with pytest.raises(SettingsError, match=r"here.py:7: .*no vault"):
        again.uri()


def test_a_setting_read_elsewhere_can_be_set_again() -> None:
    """As it is, with where it was first set."""
    setting = parse_root("/data", HERE)
    assert parse_root(setting, Where("other.py")) is setting
