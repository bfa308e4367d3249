"""What holds for one stack of calls only: overrides, the calls around it, `require_all`. The one context variable.

Threads and tasks each have their own; `submit` and `map` hand the caller's on. Every way in is a `with` block.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final, NamedTuple

from thds.mops.config.settings import Override, parse
from thds.mops.config.targets import path_of
from thds.mops.config.tree import Entry, Where

if TYPE_CHECKING:
    from collections.abc import Callable


class CallContext(NamedTuple):
    """`overrides`: outermost first, the innermost wins. `ancestors`: memo URIs of the decorated calls whose bodies
    this stack is in, outermost first. `nested_requires` counts the `require_all` blocks inside the first."""

    overrides: tuple[Override, ...] = ()
    ancestors: tuple[str, ...] = ()
    require_all: bool = False
    nested_requires: int = 0


_VARIABLE: Final[ContextVar[CallContext]] = ContextVar("thds.mops", default=CallContext())  # noqa: B039 - a tuple

#: The context of this stack. Never None; the empty one where nobody said anything. A bound method and no function
#: around it, because it is on the path of every call.
current: Final[Callable[[], CallContext]] = _VARIABLE.get


class _Unset:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<not given>"


#: What an argument is when it was not given: None would be an answer, and a wrong one.
UNSET: Final = _Unset()


class override:  # noqa: N801 - used like a function
    """`with override(shim="off", under="foo.bar"):` these settings, before all others, for this stack only.

    `under` says for which functions (a function, a module, a dotted string; None is all). Values are checked like those
    of the setters, when the override is made. May be entered again, inside itself, and by several threads or tasks.
    """

    __slots__ = ("_alone",)

    def __init__(
        self,
        *,
        shim: object = UNSET,
        blob_root: object = UNSET,
        pipeline_id: object = UNSET,
        under: object = None,
        where: Where | None = None,
    ) -> None:
        where = where or Where.of_caller()
        path = "" if under is None else path_of(under, {})
        given = {"shim": shim, "blob_root": blob_root, "pipeline_id": pipeline_id}
        checked = [parse(name, value, where) for name, value in given.items() if value is not UNSET]
        entries = {name: Entry(path, value, where) for name, value in checked}
        self._alone = (Override(path, entries),)

    def __enter__(self) -> None:
        here = current()
        # The same tuple each time where there is no other: what was resolved for it is then found by identity.
        _VARIABLE.set(
            here._replace(overrides=here.overrides + self._alone if here.overrides else self._alone)
        )

    def __exit__(self, *_: object) -> None:
        # No token is kept, because one object serves many threads: take the innermost of ours out.
        here = current()
        mine, overrides = self._alone[0], here.overrides
        for at in range(len(overrides) - 1, -1, -1):
            if overrides[at] is mine:
                _VARIABLE.set(here._replace(overrides=overrides[:at] + overrides[at + 1 :]))
                return


class require_all:  # noqa: N801 - used like a function
    """`with require_all():` below it nothing may run: a missing result is an error."""

    __slots__ = ()

    def __enter__(self) -> None:
        here = current()
        nested = here.nested_requires + 1 if here.require_all else 0
        _VARIABLE.set(here._replace(require_all=True, nested_requires=nested))

    def __exit__(self, *_: object) -> None:
        here = current()
        left = here.nested_requires
        _VARIABLE.set(here._replace(require_all=left > 0, nested_requires=max(left - 1, 0)))


class _Block:
    """Enters one context and leaves it again. Each object serves one `with`."""

    __slots__ = ("_token",)

    def _enter(self, context: CallContext) -> None:
        self._token: Token[CallContext] = _VARIABLE.set(context)

    def __exit__(self, *_: object) -> None:
        try:
            _VARIABLE.reset(self._token)
        except ValueError:
            # A coroutine that is thrown away is closed in whatever context the collector runs in. That is not the one
            # this block was entered in, so there is nothing to put back.
            pass


class running(_Block):  # noqa: N801 - used like a function
    """`with running(memo_uri):` around a function's body: the call becomes the innermost ancestor."""

    __slots__ = ("_memo_uri",)

    def __init__(self, memo_uri: str) -> None:
        self._memo_uri = memo_uri

    def __enter__(self) -> None:
        overrides, ancestors, required, nested = current()
        self._enter(CallContext(overrides, (*ancestors, self._memo_uri), required, nested))


class entered(_Block):  # noqa: N801 - used like a function
    """`with entered(context):` exactly this context: how a thread of ours carries its caller's, and how tests start
    clean."""

    __slots__ = ("_context",)

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._enter(self._context)


def replace_context(context: CallContext) -> None:
    """For good, not for a block: a worker's first act."""
    _VARIABLE.set(context)
