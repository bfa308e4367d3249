"""What `peek` answers where there is no result."""

from __future__ import annotations

from typing import NamedTuple


class Unmemoized(NamedTuple):
    """Falsy. memo_uri: where the result would be."""

    memo_uri: str

    def __bool__(self) -> bool:
        return False
