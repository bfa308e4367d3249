"""What is a key; the store contract tries each operation."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from thds.mops.stores.keys import is_key

_ALLOWED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@=+-")


@hypothesis.given(strategies.text(alphabet="aZ0._@=+-/ \nä:\\", max_size=12))
def test_the_fast_check_is_the_definition(key: str) -> None:
    """Exactly: segments of allowed characters, none empty, none a dot or two."""
    parts = key.split("/")
    expected = all(part not in ("", ".", "..") and set(part) <= _ALLOWED for part in parts)
    assert is_key(key) == expected


def test_what_stores_keep_for_themselves_is_no_key() -> None:
    """Only at the start: a folder of that name further down is anybody's."""
    assert not is_key(".mops-tmp/x")
    assert not is_key(".mops-locks/00")
    assert is_key("a/.mops-tmp/x")
