"""Small questions about names, asked by every other file of this room. Knows no setting and no path of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names inside a qualname that are not identifiers.
_INNER = frozenset({"<locals>", "<lambda>"})


def is_name(part: str) -> bool:
    """Whether `part` can stand between two dots of a path."""
    return part.isidentifier() or part in _INNER


def has_controls(text: str) -> bool:
    """Whether there is something in `text` that no name, path or URI may contain: C0 and C1 controls, the two line
    separators, lone surrogates."""
    return not text.isprintable() and any(map(_is_control, text))


def _is_control(character: str) -> bool:
    if character < " " or character in "\u2028\u2029":
        return True
    return "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def prefixes(path: str) -> list[str]:
    """The places on the way from the root to `path`, both included: "", "foo", "foo.bar". By names, not characters."""
    found = [""]
    at = path.find(".")
    while at >= 0:
        found.append(path[:at])
        at = path.find(".", at + 1)
    if path:
        found.append(path)
    return found


def covers(place: str, path: str) -> bool:
    """Whether what is set at `place` can hold for `path`."""
    return not place or path == place or (path.startswith(place) and path[len(place)] == ".")


def nearest(name: str, valid: Iterable[str], cutoff: float = 0.6) -> str:
    """The valid name that `name` most probably stands for, or "" where none is near."""
    import difflib  # only needed where something is wrong already

    by_folded = {known.casefold(): known for known in valid}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else ""


def advice(name: str, valid: Iterable[str]) -> str:
    """A hint: the nearest valid name if there is one, and all of them."""
    known = sorted(valid)
    near = nearest(name, known)
    return (f"did you mean {near!r}? " if near else "") + "valid: " + ", ".join(known)
