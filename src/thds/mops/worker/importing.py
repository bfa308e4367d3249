"""Whether this process is importing modules for a worker right now. Set by the fork server and by the worker's run;
asked by whoever is about to compute a decorated call, which must not happen then: it would nest workers without end.

A module that swallows the resulting error would be left half made, so the attempt is noted here as well.
"""

from __future__ import annotations

from types import TracebackType


class Importing:
    """One stretch of importing. `may_look`: a result that is already stored may be read (False in a fork server, which
    never touches a blob store). `refused`: a decorated call was turned away during it."""

    __slots__ = ("may_look", "refused")

    def __init__(self, may_look: bool) -> None:
        self.may_look = may_look
        self.refused = False

    def __enter__(self) -> Importing:
        under_way.append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        under_way.remove(self)


#: Empty almost always: what each call asks first. Of the process, not of a context: threads that a module starts while
#: it is imported count as well.
under_way: list[Importing] = []


def importing(*, may_look: bool) -> Importing:
    """A context manager around imports done for a worker."""
    return Importing(may_look)


def current() -> Importing | None:
    """The innermost stretch under way, or None: calls may be computed. Whoever refuses one sets `refused`."""
    return under_way[-1] if under_way else None


def may_look() -> bool:
    """Whether stored results may be read: always, but for a fork server that imports."""
    return all(each.may_look for each in under_way)
