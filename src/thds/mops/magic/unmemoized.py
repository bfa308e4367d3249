"""What `peek` answers where there is no result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unmemoized:
    """Falsy. memo_uri: where the result would be."""

    memo_uri: str

    def __bool__(self) -> bool:
        return False
