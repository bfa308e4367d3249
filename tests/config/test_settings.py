"""Which value holds for a function, and how one is set."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config.settings import CallSettings, resolve, set_value
from thds.mops.config.targets import path_of
from thds.mops.config.tree import TREE, Entry, Where
from thds.mops.errors import SettingsError, UnknownShimError

HERE = Where("here.py", 7)


def say(setting: str, value: object, path: str, *, mask: bool = False) -> None:
    set_value(setting, value, path, mask, HERE)


def shim_of(path: str) -> Any:
    return resolve(path).shim.value


def test_what_holds_where_nobody_said_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults, and that they are defaults."""
    monkeypatch.setenv("HOME", "/home/me")
    settings = resolve("foo.bar")
    assert settings.shim.value == "samethread"
    assert settings.blob_root.uri() == "file:///home/me/.mops"
    assert (settings.pipeline_id, settings.lease_period_s, settings.off) == ("magic", 30.0, False)
    assert settings.root_is_default
    assert settings.pipeline_is_default


def test_what_somebody_set_is_not_a_default_even_if_it_says_the_same() -> None:
    """Whoever sets a root or a pipeline id names his own space."""
    say("blob_root", "file://~/.mops", "foo")
    say("pipeline_id", "magic", "", mask=True)
    settings = resolve("foo.bar")
    assert not settings.root_is_default
    assert not settings.pipeline_is_default


def test_the_most_specific_value_holds() -> None:
    """Function before module before package before root."""
    say("shim", "subprocess", "")
    say("shim", "samethread", "foo.bar")
    say("shim", "off", "foo.bar.baz.func")
    assert [shim_of(path) for path in ("quux", "foo", "foo.bar.baz", "foo.bar.baz.func")] == [
        "subprocess",
        "subprocess",
        "samethread",
        "off",
    ]


def test_a_name_is_not_a_prefix_of_another_name() -> None:
    """`foo.bar` says nothing about `foo.barn`."""
    say("shim", "off", "foo.bar")
    say("shim", "off", "foo.bar", mask=True)
    assert shim_of("foo.barn") == "samethread"


def test_the_outermost_mask_holds_before_any_value() -> None:
    """Also before the masks and values further in."""
    say("shim", "samethread", "foo.bar.func")
    say("shim", "subprocess", "foo.bar", mask=True)
    say("shim", "off", "foo", mask=True)
    assert shim_of("foo.bar.func") == "off"
    assert shim_of("quux") == "samethread"


def test_the_last_write_at_one_place_holds() -> None:
    """A mask and a value at one path are two places."""
    say("pipeline_id", "one", "foo")
    say("pipeline_id", "mask", "foo", mask=True)
    say("pipeline_id", "two", "foo")
    assert resolve("foo").pipeline_id == "mask"
    say("pipeline_id", "masked again", "foo", mask=True)
    assert resolve("foo").pipeline_id == "masked again"


def test_settings_do_not_touch_each_other() -> None:
    """A more specific shim leaves the root of further out in force."""
    say("blob_root", "adls://lazing/sunday", "foo")
    say("shim", "subprocess", "foo.bar")
    settings = resolve("foo.bar.func")
    assert (settings.blob_root.uri(), settings.shim.value) == ("adls://lazing/sunday", "subprocess")


def test_off_is_said_by_the_shim() -> None:
    """Whoever wins."""
    say("shim", "off", "foo")
    assert resolve("foo.f").off
    say("shim", "subprocess", "foo.f")
    assert not resolve("foo.f").off


def test_blob_store_is_blob_root_by_another_name() -> None:
    """The last write wins whichever name it used."""
    say("blob_root", "adls://a/b", "foo")
    say("blob_store", "adls://c/d", "foo")
    assert resolve("foo").blob_root.uri() == "adls://c/d"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("shim", "subproces"),
        ("shim", None),
        ("blob_root", "foo"),
        ("pipeline_id", ".."),
        ("lease_period_s", 0),
        ("lease_period_s", True),
        ("lease_period_s", float("nan")),
        ("lease_period_s", float("inf")),
        ("lease_period_s", "30"),
        ("pipelin_id", "x"),
    ],
)
def test_a_bad_value_is_refused_where_it_is_set_and_changes_nothing(setting: str, value: object) -> None:
    """The generation stays too."""
    say("shim", "subprocess", "foo")
    before = TREE.entries(), TREE.generation
    with pytest.raises(SettingsError, match=r"here.py:7: "):
        say(setting, value, "foo")
    assert (TREE.entries(), TREE.generation) == before


def test_an_unknown_setting_names_the_nearest_one() -> None:
    """And all others."""
    with pytest.raises(SettingsError, match="did you mean 'pipeline_id'"):
        say("pipelin_id", "x", "foo")


def test_mask_is_a_bool() -> None:
    """A path given in its place is a mistake, not a mask."""
    with pytest.raises(SettingsError, match="mask must be True or False, not 'foo'"):
        set_value("shim", "off", "foo", "foo", HERE)  # type: ignore[arg-type]


def test_errors_survive_pickling_with_their_fields() -> None:
    """A worker may raise them."""
    with pytest.raises(UnknownShimError) as refused:
        say("shim", "subproces", "foo")
    again = pickle.loads(pickle.dumps(refused.value))
    assert (str(again), again.where, again.name) == (str(refused.value), HERE, "subproces")


def test_the_lease_period_is_set_by_code_or_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is the default: what is said in code wins."""
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "2.5")
    assert resolve("foo").lease_period_s == 2.5
    say("lease_period_s", 4, "foo")
    assert resolve("foo").lease_period_s == 4.0


def test_an_empty_environment_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As is usual: it is how a variable is unset for one command."""
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "")
    assert resolve("foo").lease_period_s == 30.0


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_a_bad_environment_variable_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it holds."""
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", text)
    with pytest.raises(
        SettingsError, match="environment variable MOPS_LEASE_PERIOD_S: lease_period_s must be"
    ):
        resolve("foo")


def test_settings_are_frozen() -> None:
    """They are passed around; nobody changes them on the way."""
    settings = resolve("foo")
    with pytest.raises(AttributeError):
        settings.off = True  # type: ignore[misc]
    assert not hasattr(settings, "__dict__")
    assert isinstance(settings, CallSettings)


def test_a_write_at_a_pinned_place_is_passed_over_with_a_debug_line(caplog: pytest.LogCaptureFixture) -> None:
    """Workers import what their callers have already overridden."""
    TREE.install([("pipeline_id", Entry("foo", "as there", HERE), True)], {})
    with caplog.at_level(logging.DEBUG, logger="thds.mops"):
        say("pipeline_id", "as imported", "foo")
    assert resolve("foo").pipeline_id == "as there"
    assert "pipeline_id of 'foo' stays" in caplog.text


def example(x: int) -> int:
    return x


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("shim", "subprocess"),
        ("blob_root", "adls://bell/rings"),
        ("pipeline_id", "a/b"),
        ("blob_root", Path("/data")),
    ],
)
def test_saying_it_for_a_function_is_saying_it_for_its_path(setting: str, value: object) -> None:
    """What the decorator does with its arguments, and what a call with the function or its dotted name does."""
    resolved = []
    for target in (example, f"{__name__}.example"):
        with TREE.isolated():
            set_value(setting, value, path_of(target, globals()), mask=False, where=HERE)
            found = resolve(path_of(example, globals()))
            resolved.append((found.shim, found.blob_root.uri(), found.pipeline_id, found.root_is_default))
            assert resolve(__name__) != found
    assert resolved[0] == resolved[1]
