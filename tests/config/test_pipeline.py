"""Which texts can be pipeline ids."""

from __future__ import annotations

import pytest

from thds.mops.config.pipeline import parse_pipeline_id
from thds.mops.config.tree import Where
from thds.mops.errors import SettingsError

HERE = Where("here.py", 7)


@pytest.mark.parametrize(
    "value",
    [
        "magic",
        "app/bar",
        "doors/time",
        "thousand/years",
        "Größe der Tür/Ωmega 1",
        "a..b",
        ".hidden",
        "x" * 200,
    ],
)
def test_names_and_names_between_slashes_are_taken_as_they_are(value: str) -> None:
    """Also what a file system would not like."""
    assert parse_pipeline_id(value, HERE) == value


def test_the_longest_is_taken_and_one_more_is_not() -> None:
    """200 characters a segment, 600 in all."""
    longest = "/".join(["x" * 199, "y" * 199, "z" * 200])
    assert parse_pipeline_id(longest, HERE) == longest
    with pytest.raises(SettingsError, match="more than 600"):
        parse_pipeline_id(longest.replace("y", "yy", 1), HERE)
    with pytest.raises(SettingsError, match="201 characters, more than 200"):
        parse_pipeline_id("a/" + "x" * 201, HERE)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "is empty"),
        (" ", "is blank"),
        ("/a", "slash"),
        ("a/", "slash"),
        ("/", "slash"),
        ("a//b", "empty name"),
        ("a/ /b", "empty name"),
        ("..", r"'\.\.'"),
        ("a/./b", r"'\.'"),
        ("a/../b", r"'\.\.'"),
        ("a\nb", "control"),
        ("a\x00", "control"),
        ("a\x85b", "control"),
        ("a\ud800", "control"),
        (None, "not a string"),
        (5, "not a string"),
        (b"a", "not a string"),
    ],
)
def test_malformed_ids_are_refused_where_they_are_set(value: object, complaint: str) -> None:
    """With the line, what is wrong, and what would be right."""
    with pytest.raises(SettingsError, match=f"here.py:7: the pipeline id .*{complaint}") as refused:
        parse_pipeline_id(value, HERE)
    assert "'app/bar'" in refused.value.hint
