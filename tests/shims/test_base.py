"""Finding the shim for what a user has set."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from thds.mops.errors import SettingsError, UnknownShimError
from thds.mops.shims import base, samethread, subprocess
from thds.mops.shims.kubernetes import shim as kubernetes_shim

from .conftest import Room


def a_shim(arguments: Sequence[str]) -> None:
    raise AssertionError(arguments)


def a_builder(_func: Any, _args: Sequence[Any], _kwargs: Mapping[str, Any]) -> base.Shim:
    return a_shim


class Shim:
    def __call__(self, arguments: Sequence[str], verbose: bool = False, depth: int = 0) -> None: ...


class Builder:
    def __call__(self, _func: Any, _args: Any, _kwargs: Any, *, _name: str = "") -> base.Shim:
        return a_shim


def build(builder: base.ShimBuilder) -> base.Shim:
    return builder(len, ([],), {})


@pytest.mark.parametrize(
    ("name", "builder"),
    [
        ("samethread", samethread.build),
        ("sameprocess", samethread.build),
        ("subprocess", subprocess.build),
        ("thds.mops.shims.subprocess:build", subprocess.build),
    ],
)
def test_names(name: str, builder: base.ShimBuilder) -> None:
    """A name, another name for the same, or an import path, loaded when asked for."""
    assert base.load(name) is builder


@pytest.mark.parametrize(
    "shim", [a_shim, Shim(), kubernetes_shim("image"), lambda *_: None, partial(samethread.run)]
)
def test_shims(shim: base.Shim) -> None:
    """What can be called with a list alone is a shim: it serves for every call."""
    assert build(base.load(shim)) is shim


@pytest.mark.parametrize("builder", [a_builder, Builder(), subprocess.build])
def test_builders(builder: base.ShimBuilder) -> None:
    """What needs a function, its args and its kwargs is a builder."""
    assert base.load(builder) is builder


@pytest.mark.parametrize(
    "wrong", [lambda: None, lambda _a, _b: None, lambda _a, *, _b: None, 3, None, ["subprocess"]]
)
def test_neither(wrong: Any) -> None:
    """Anything else is refused, with the setting it comes from."""
    with pytest.raises(SettingsError, match=r"^shim of x\.y \(x\.py:3\): "):
        base.load(wrong, "shim of x.y (x.py:3)")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("subproces", "did you mean 'subprocess'?"),
        ("SameThread", "did you mean 'samethread'?"),
        ("my.module.shim", "has a colon"),
        ("qqq", "known shims: off, sameprocess, samethread, subprocess"),
        ("", "known shims"),
        ("off", "did you mean 'off'?"),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    """The error names the setting, and the nearest name."""
    with pytest.raises(UnknownShimError) as error:
        base.load(name, "here")
    assert error.value.name == name  # type: ignore[attr-defined]
    assert "here: " in str(error.value)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no_such_package.shims:build", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("thds.mops.shims.subprocess:buidl", "AttributeError"),
        ("raising:build", "ZeroDivisionError"),
        ("raising", "there is no shim"),
        ("thds.mops.shims.base:OFF", "is not callable"),
        (":build", "ValueError"),
    ],
)
def test_import_paths_that_fail(room: Room, path: str, reason: str) -> None:
    """The error names the setting, the path, and what importing it raised."""
    room.write("raising", "1 / 0")
    with pytest.raises(SettingsError) as error:
        base.load(path, "here")
    assert str(error.value).startswith("here: ")
    assert repr(path) in str(error.value)
    assert reason in str(error.value)


def test_import_path(room: Room) -> None:
    """A user's own, also below a class."""
    room.write("own", "class Shims:\n    @staticmethod\n    def quick(args): return None")
    shim = build(base.load("own:Shims.quick"))
    assert shim([]) is None


def test_entry_points(room: Room) -> None:
    """A package adds names; two that disagree about one are an error."""
    room.write("plugin", "def shim(args): return None")
    for number, line in enumerate(("quick = plugin:shim", "both = plugin:shim", "both = plugin:other")):
        info = room.folder / f"plugin{number}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin{number}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[{base.ENTRY_POINTS}]\n{line}\n")
    importlib.invalidate_caches()
    assert "quick" in base.known_names()
    assert build(base.load("quick"))([]) is None
    with pytest.raises(SettingsError, match="plugin:other and plugin:shim"):
        base.load("both")


def test_same_shim_same_builder() -> None:
    """Settings are compared: the builder of one shim equals another of the same shim, and shows as the shim."""
    assert base.load(a_shim) == base.load(a_shim)
    assert base.load(a_shim) != base.load(partial(a_shim))
    assert hash(base.load(a_shim)) == hash(base.load(a_shim))
    assert repr(base.load(a_shim)) == repr(a_shim)


def test_call_uri() -> None:
    """The memo's address, where the arguments are our worker's; otherwise they speak for themselves."""
    assert (
        base.call_uri(["file:///r", "mops/1/p/f/ab/abc.claim.invocation"])
        == "file:///r/mops/1/p/f/ab/abc.result"
    )
    assert base.call_uri(["file:///r", "what"]) == "file:///r what"
    assert base.call_uri([]) == ""
