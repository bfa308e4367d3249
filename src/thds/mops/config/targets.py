"""What a setting is for, as users say it (a function, a module, a dotted string, nothing), made into a dotted path."""

from __future__ import annotations

import functools
import sys
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from thds.mops.config.names import is_name
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the main module is called while it runs; the second in processes that multiprocessing spawns.
_MAIN: Final = frozenset({"__main__", "__mp_main__"})


def path_of(target: object, caller_globals: Mapping[str, Any]) -> str:
    """The path that `target` names; None is the module that makes the call, whose globals are given.

    A module run by `python -m pkg.mod` is `pkg.mod`, as if it had been imported; a script is `__main__`. Strings
    are taken at their word (whether such a thing exists cannot be known yet); "" is the root of all paths.
    """
    if target is None:
        return _of_globals(caller_globals)
    if isinstance(target, str):
        return checked_path(target)
    if isinstance(target, ModuleType):
        return _of_globals(vars(target))
    path = _of_definition(target)
    if path is None:
        raise _unusable(f"{target!r} ({type(target).__name__}) is not something a setting can be for")
    return path


def checked_path(path: str) -> str:
    """`path` itself, with a leading `__main__` by its proper name. Raises SettingsError if it is none."""
    parts = path.split(".") if path else []
    for part in parts:
        if not is_name(part):
            raise _unusable(f"{path!r} is not a dotted path: {part!r} is not a name")
    if parts and parts[0] in _MAIN:
        parts[0] = main_name()
    return ".".join(parts)


def main_name() -> str:
    """The path of the module that runs as `__main__`."""
    return _module_name("__main__", _main_globals())


def _of_globals(module_globals: Mapping[str, Any]) -> str:
    name = module_globals.get("__name__")
    if not isinstance(name, str) or not name:
        raise _unusable("the code that makes this call belongs to no module")
    return _module_name(name, module_globals)


def _of_definition(target: Any) -> str | None:
    while True:
        path = getattr(getattr(target, "__mops_identity__", None), "path", None)
        if isinstance(path, str):
            return path
        if isinstance(target, functools.partial):
            target = target.func
        elif isinstance(target, MethodType | staticmethod | classmethod):
            target = target.__func__
        else:
            break
    module, qualname = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    if not (callable(target) and isinstance(module, str) and isinstance(qualname, str)):
        return None
    return f"{_module_name(module, _globals_of(target))}.{qualname}"


def _globals_of(definition: Any) -> Mapping[str, Any]:
    """Those of the main module, where `definition` is from it. A profiler runs a script in globals that are not those
    of `sys.modules["__main__"]`; a wrapper that copied its function's `__module__` has those of another module."""
    its_own: Mapping[str, Any] = getattr(definition, "__globals__", {})
    return its_own if its_own.get("__name__") in _MAIN else _main_globals()


def _module_name(name: str, module_globals: Mapping[str, Any]) -> str:
    if name not in _MAIN:
        return name
    proper = getattr(module_globals.get("__spec__"), "name", None)
    return proper if isinstance(proper, str) and proper not in _MAIN else "__main__"


def _main_globals() -> Mapping[str, Any]:
    main = sys.modules.get("__main__")
    return vars(main) if main is not None else {}


def _unusable(what: str) -> SettingsError:
    return SettingsError(
        what,
        hint="give a function, method, class or module, a dotted string 'foo.bar.func', or nothing: the calling module",
    )
