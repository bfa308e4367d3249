"""What a shim is, and which ones there are. Called by `orchestrate` (and whoever writes a shim).

The registry holds names as strings: a shim's module is loaded when a call first needs it. What does not belong here:
anything that knows how some shim runs its workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from thds.mops.config.shim import ENTRY_POINT_GROUP as ENTRY_POINTS
from thds.mops.config.shim import kind_of
from thds.mops.config.tree import Where
from thds.mops.errors import SettingsError, ShimError, UnknownShimError

if TYPE_CHECKING:
    from concurrent.futures import Future

#: **Shim**: runs one worker, that is `python -m thds.mops.worker <arguments>`, somewhere.
#:
#: - It hands the arguments on exactly: their number, order and every character. They are never empty of meaning to
#:   the shim: one of them is the URI of the call, good for messages; the rest is between the caller and the worker.
#: - It returns `None` when the worker has ended in an orderly way (an exit code in `worker.exit_codes.ORDERLY`), or a
#:   future that resolves to `None` then. It does not look for the call's outcome: that lies in the blob store.
#: - A worker that ends in any other way is a `ShimError` with `reported` set to what the engine said, raised or as
#:   the future's exception. Nothing is retried.
#: - A future whose `cancel()` returns True stops the worker, also while it runs.
#: - It may be called from many threads at once. Callbacks of its future run in a thread of the shim's own, which all
#:   its calls share: they must not block.
Shim: TypeAlias = Callable[[Sequence[str]], "Future[None] | None"]

#: **Shim builder**: `(func, args, kwargs) -> Shim`, called once a call with the undecorated function and its arguments,
#: which it must not change. For shims that depend on them (memory by size of the input).
ShimBuilder: TypeAlias = Callable[[Callable[..., Any], Sequence[Any], Mapping[str, Any]], Shim]

SAMETHREAD: Final = "samethread"
#: Not a shim: the function is called as if it were not decorated. `load` refuses it.
OFF: Final = "off"
ALIASES: Final = {"sameprocess": SAMETHREAD}
BUILDERS: Final = {
    SAMETHREAD: "thds.mops.shims.samethread:build",
    "subprocess": "thds.mops.shims.subprocess:build",
}
#: What a worker runs, as data: a function that takes the arguments and returns an exit code.
WORKER_ENTRY: Final = "thds.mops.worker.run:main"

_loaded: dict[str, ShimBuilder] = {}


def canonical_name(name: str) -> str:
    """`name` with aliases resolved; not a promise that there is such a shim."""
    return ALIASES.get(name, name)


def known_names() -> tuple[str, ...]:
    """Every name a setting can have, `off` and those of entry points included, sorted."""
    return tuple(sorted({*BUILDERS, *ALIASES, OFF, *(point.name for point in _entry_points())}))


def load(named: str | Callable[..., Any], setting: str = "shim") -> ShimBuilder:
    """The shim builder for a name, an import path `package.module:attribute`, a shim or a shim builder.

    `setting` says in messages where the value comes from. Raises `UnknownShimError` (fields: name) or
    `SettingsError` (fields: setting). Loaded once per process by name; nothing is loaded for callables.
    """
    if callable(named):
        return as_builder(named, setting)
    if not isinstance(named, str):
        raise SettingsError(
            f"{setting}: {named!r} is neither the name of a shim nor callable",
            hint="use a name such as 'subprocess', a shim, or a shim builder",
            setting=setting,
        )
    name = canonical_name(named)
    if name not in _loaded:
        _loaded[name] = as_builder(_find(name, setting), setting)
    return _loaded[name]


def as_builder(given: Callable[..., Any], setting: str = "shim") -> ShimBuilder:
    """`given` itself if it needs three positional arguments; a builder of always `given` if it can do with one, or
    does not tell."""
    builds = kind_of(given, Where(setting)) == "builder"
    return cast("ShimBuilder", given) if builds else _Always(given)


def import_path(path: str) -> Any:
    """The object at `package.module:attribute`. Whatever importing raises passes."""
    from importlib import import_module

    module, _, attribute = path.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def call_uri(arguments: Sequence[str]) -> str:
    """The address of the call that a worker's arguments are about, for messages."""
    from thds.mops.callkey.address import Address

    try:
        root, key = arguments
        return Address.of_invocation(root, key)[0].uri
    except ValueError:  # not what our worker takes: a shim runs any strings
        return " ".join(arguments)


def ended_badly(arguments: Sequence[str], reported: str, hint: str = "") -> ShimError:
    """The error for a worker that ended without an outcome; `reported` is what the engine said."""
    uri = call_uri(arguments)
    about = f" of {uri}" if uri else ""
    return ShimError(
        f"the worker{about} ended without an outcome: {reported}",
        hint=hint or "what it printed before, if anything, is on its standard error",
        memo_uri=uri,
        reported=reported,
    )


class _Always:
    """A builder that answers every call with the same shim. It compares equal by its shim, and pickles if that does."""

    __slots__ = ("shim",)

    def __init__(self, shim: Shim) -> None:
        self.shim = shim

    def __call__(self, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shim:  # noqa: ARG002
        return self.shim

    def __repr__(self) -> str:
        return repr(self.shim)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Always) and self.shim == other.shim

    def __hash__(self) -> int:
        return hash(self.shim)


def _find(name: str, setting: str) -> Callable[..., Any]:
    path = BUILDERS.get(name) or (name if ":" in name else None)
    try:
        found = import_path(path) if path else _named_by_entry_point(name, setting).load()
    except SettingsError:
        raise
    except Exception as error:  # importing runs foreign code, which can raise anything
        raise SettingsError(
            f"{setting}: the shim {name!r} cannot be imported: {type(error).__name__}: {error}",
            setting=setting,
        ) from error
    if not callable(found):
        raise SettingsError(f"{setting}: {name!r} is not callable but {found!r}", setting=setting)
    return cast("Callable[..., Any]", found)


def _named_by_entry_point(name: str, setting: str) -> Any:
    points = [point for point in _entry_points() if point.name == name]
    if len({point.value for point in points}) > 1:
        both = " and ".join(sorted({point.value for point in points}))
        raise SettingsError(
            f"{setting}: several installed packages call a shim {name!r}: {both}", setting=setting
        )
    if points:
        return points[0]
    raise _unknown(name, setting)


def _unknown(name: str, setting: str) -> UnknownShimError:
    from difflib import get_close_matches

    known = known_names()
    nearest = get_close_matches(name, known, 1)
    if nearest:
        hint = f"did you mean {nearest[0]!r}?"
    elif "." in name:
        hint = "an import path has a colon before the attribute: 'package.module:attribute'"
    else:
        hint = f"known shims: {', '.join(known)}"
    return UnknownShimError(
        f"{setting}: there is no shim named {name!r}", hint=hint, name=name, setting=setting
    )


def _entry_points() -> Sequence[Any]:
    from importlib.metadata import entry_points

    return tuple(entry_points(group=ENTRY_POINTS))
