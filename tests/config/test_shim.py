"""What counts as a shim, decided where it is set."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config.shim import ShimSetting, parse_shim
from thds.mops.config.tree import Where
from thds.mops.errors import SettingsError, UnknownShimError

HERE = Where("here.py", 7)


def shim(arguments: list[str]) -> None: ...


def builder(func: Any, args: Any, kwargs: Any) -> Any: ...


class Runs:
    def __call__(self, arguments: list[str], *, quietly: bool = False) -> None: ...

    def build(self, func: Any, args: Any, kwargs: Any, more: int = 1) -> Any: ...


@pytest.mark.parametrize("name", ["samethread", "subprocess", "off"])
def test_our_names_are_known(name: str) -> None:
    """No metadata is read for them."""
    assert parse_shim(name, HERE) == ShimSetting(name, "name")


def test_sameprocess_is_samethread() -> None:
    """By another name."""
    assert parse_shim("sameprocess", HERE) == parse_shim("samethread", HERE)


def test_only_off_is_off() -> None:
    """A callable never is."""
    assert parse_shim("off", HERE).off
    assert not parse_shim("samethread", HERE).off
    assert not parse_shim(shim, HERE).off


@pytest.mark.parametrize(
    "function", [shim, Runs(), lambda *_rest: None, functools.partial(lambda _a, _b: None, 1), [].append]
)
def test_what_takes_one_positional_argument_is_a_shim(function: Callable[..., Any]) -> None:
    """Also with optional ones beside it."""
    assert parse_shim(function, HERE) == ShimSetting(function, "shim")


@pytest.mark.parametrize(
    "function", [builder, Runs().build, functools.partial(lambda _x, _f, _a, _k: None, 1)]
)
def test_what_needs_exactly_three_is_a_builder(function: Callable[..., Any]) -> None:
    """Bound arguments do not count."""
    assert parse_shim(function, HERE) == ShimSetting(function, "builder")


def test_what_does_not_tell_its_signature_counts_as_a_shim() -> None:
    """Some extension types cannot be inspected."""

    class Opaque:
        __signature__ = "none of your business"

        def __call__(self, one: object, two: object) -> None: ...

    assert parse_shim(Opaque(), HERE).kind == "shim"


@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda _a, _b: None,
        lambda _a, _b, _c, _d: None,
        lambda _a, *, _must: None,
        lambda _f, _a, _k, *, _must: None,
    ],
)
def test_any_other_callable_is_refused_and_both_forms_are_named(function: Callable[..., Any]) -> None:
    """And the line where it was set."""
    with pytest.raises(SettingsError, match=r"here.py:7: .*<lambda>") as refused:
        parse_shim(function, HERE)
    assert "one positional argument" in refused.value.hint
    assert "func, args, kwargs" in refused.value.hint


@pytest.mark.parametrize("value", [None, 5, True, b"off", ["off"]])
def test_what_is_neither_name_nor_callable_is_refused(value: object) -> None:
    """None too: who means `off` says it."""
    with pytest.raises(SettingsError, match=r"here.py:7"):
        parse_shim(value, HERE)


@pytest.mark.parametrize(
    ("typo", "meant"), [("subproces", "subprocess"), ("Same_Thread", "samethread"), ("of", "off")]
)
def test_an_unknown_name_is_refused_with_the_nearest_one(typo: str, meant: str) -> None:
    """And all the others."""
    with pytest.raises(UnknownShimError, match=f"here.py:7: there is no shim named '{typo}'") as refused:
        parse_shim(typo, HERE)
    assert f"did you mean '{meant}'?" in refused.value.hint
    assert "sameprocess, samethread, subprocess" in refused.value.hint
    assert refused.value.name == typo  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["", " off", "off ", "pkg.mod:", ":attr", "pkg..mod:attr", "a:b:c", "1a:b", "pkg.mod"]
)
def test_text_that_is_nearly_a_name_or_an_import_path_is_refused(name: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnknownShimError):
        parse_shim(name, HERE)


@pytest.mark.parametrize("path", ["pkg:attr", "pkg.mod:attr", "pkg.mod:Class.attr"])
def test_an_import_path_is_taken_without_importing(path: str) -> None:
    """Whether it exists is seen when it is needed."""
    assert parse_shim(path, HERE) == ShimSetting(path, "import path")


def test_an_entry_point_adds_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts for the nearest name too."""
    metadata = tmp_path / "plug-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[thds.mops.shims]\nslurmish = nowhere:shim\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert parse_shim("slurmish", HERE) == ShimSetting("slurmish", "entry point")
    with pytest.raises(UnknownShimError, match="did you mean 'slurmish'"):
        parse_shim("slurmsh", HERE)


def test_a_setting_read_elsewhere_can_be_set_again() -> None:
    """As it is."""
    setting = parse_shim(builder, HERE)
    assert parse_shim(setting, HERE) is setting
