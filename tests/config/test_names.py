"""Paths are made of names."""

from __future__ import annotations

import pytest

from thds.mops.config.names import advice, covers, is_name, nearest, prefixes


def test_prefixes_run_from_the_root_to_the_path_itself() -> None:
    """Every package on the way counts, and so does the root."""
    assert prefixes("foo.bar.f.<locals>.g") == [
        "",
        "foo",
        "foo.bar",
        "foo.bar.f",
        "foo.bar.f.<locals>",
        "foo.bar.f.<locals>.g",
    ]
    assert prefixes("") == [""]


@pytest.mark.parametrize("place", ["", "foo", "foo.bar", "foo.bar.baz"])
def test_a_place_covers_what_lies_at_or_below_it(place: str) -> None:
    """The root covers everything."""
    assert covers(place, "foo.bar.baz")


@pytest.mark.parametrize("place", ["fo", "foo.ba", "foo.bar.baz.f", "bar"])
def test_a_place_is_a_prefix_of_names_never_of_characters(place: str) -> None:
    """`foo.bar` says nothing about `foo.barn`."""
    assert not covers(place, "foo.bar.baz")


@pytest.mark.parametrize("name", ["foo", "_x1", "größe", "<locals>", "<lambda>", "__main__"])
def test_names_of_qualnames_are_names(name: str) -> None:
    """Also those inside functions."""
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "foo-bar", "1a", "a b", "<other>", "a.b"])
def test_other_text_is_no_name(name: str) -> None:
    """A dot separates names; it is in none of them."""
    assert not is_name(name)


def test_the_nearest_name_ignores_case() -> None:
    """`SubProces` is nearer to `subprocess` than to anything else."""
    assert nearest("SubProces", ["samethread", "subprocess"]) == "subprocess"


def test_advice_lists_everything_also_where_nothing_is_near() -> None:
    """A wild guess is not made."""
    assert advice("zzz", ["b", "a"]) == "valid: a, b"
    assert advice("subproces", ["subprocess", "off"]).startswith("did you mean 'subprocess'? valid: off, ")
