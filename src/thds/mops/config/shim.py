"""What can be said about where a call runs: a name, an import path, a shim or a shim builder. Checked where it is set.

Nothing is imported here but, for a name that is none of ours, the list of entry points: the shims room does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from thds.mops.config.names import advice
from thds.mops.errors import SettingsError, UnknownShimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.config.tree import Where

Kind: TypeAlias = Literal["name", "entry point", "import path", "shim", "builder"]

ENTRY_POINT_GROUP: Final = "thds.mops.shims"
OWN_NAMES: Final = {
    "off": "off",
    "sameprocess": "samethread",
    "samethread": "samethread",
    "subprocess": "subprocess",
}
_FORMS: Final = (
    "a shim takes one positional argument, a list of strings; "
    "a shim builder takes exactly three: func, args, kwargs"
)


class ShimSetting(NamedTuple):
    """`value` is a string for the first three kinds and a callable for the last two."""

    value: str | Callable[..., Any]
    kind: Kind

    @property
    def off(self) -> bool:
        return self.value == "off" and self.kind == "name"

    def __str__(self) -> str:
        return repr(self.value) if isinstance(self.value, str) else callable_name(self.value)


def parse_shim(value: object, where: Where) -> ShimSetting:
    """Raises SettingsError (UnknownShimError for a name) where it is neither."""
    if isinstance(value, ShimSetting):
        return value
    if isinstance(value, str):
        return _named(value, where)
    if callable(value):
        return ShimSetting(value, kind_of(value, where))
    raise SettingsError(
        f"{where}: a shim is a name, 'package.module:attribute' or a callable, not {value!r}",
        hint=f"to run without mops say 'off'; {_FORMS}" if value is None else _FORMS,
        setting="shim",
        where=where,
    )


def _named(name: str, where: Where) -> ShimSetting:
    if name in OWN_NAMES:
        return ShimSetting(OWN_NAMES[name], "name")
    if _is_import_path(name):
        return ShimSetting(name, "import path")
    plugins = _entry_point_names()
    if name in plugins:
        return ShimSetting(name, "entry point")
    raise UnknownShimError(
        f"{where}: there is no shim named {name!r}",
        hint=f"{advice(name, {*OWN_NAMES, *plugins})}; or 'package.module:attribute'",
        name=name,
        setting="shim",
        where=where,
    )


def _is_import_path(name: str) -> bool:
    module, colon, attribute = name.partition(":")
    return bool(colon) and all(part.isidentifier() for part in (*module.split("."), *attribute.split(".")))


def _entry_point_names() -> frozenset[str]:
    from importlib.metadata import (
        entry_points,
    )  # reads every installed package's metadata: only if it must be

    return frozenset(entry_points(group=ENTRY_POINT_GROUP).names)


def kind_of(function: Callable[..., Any], where: Where) -> Kind:
    """Whether it takes one argument or three. Raises SettingsError where it is neither."""
    import inspect

    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some builtins and extension types do not tell: believe the user
        return "shim"
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in signature.parameters.values() if p.default is p.empty]
    if sum(p.kind in positional for p in required) == 3 and _accepts(signature, 3):
        return "builder"
    if _accepts(signature, 1):
        return "shim"
    raise SettingsError(
        f"{where}: {callable_name(function)}{signature} is neither a shim nor a shim builder",
        hint=_FORMS,
        setting="shim",
        where=where,
    )


def _accepts(signature: Any, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def callable_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{name}" if isinstance(name, str) else repr(function)
