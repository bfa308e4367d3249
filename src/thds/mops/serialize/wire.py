"""What pickles in blob stores name. FROZEN: module, names and signatures here live in stored blobs for ever.

Called by `pickle.loads` only.
"""

from __future__ import annotations

import functools
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary


class Programs:
    """Which program's `__main__` this process works for, and the classes of `__main__` modules rebuilt here.

    In a script it is the script itself; in a worker it is the script that sent the call.
    """

    def __init__(self) -> None:
        self.working_for: str | None = None
        #: Tells this process from all others, also from its forked children (see `process`).
        self._nonce = os.urandom(8).hex()
        self.rebuilt: dict[tuple[str, str], type] = {}
        self.functions: dict[str, Any] = {}
        self.empty: set[type] = set()
        self._program_of: WeakKeyDictionary[type, str] = WeakKeyDictionary()

    def process(self) -> str:
        return f"{os.getpid()}-{self._nonce}"

    def module_run(self) -> str | None:
        """The name of the module that this process runs by `python -m`, if it does."""
        spec = getattr(sys.modules.get("__main__"), "__spec__", None)
        return None if spec is None or self.working_for is not None else str(spec.name)

    def here(self) -> str:
        """The name of the program whose `__main__` module is this process's own; "" for a REPL or notebook."""
        main = sys.modules.get("__main__")
        spec = getattr(main, "__spec__", None)
        if spec is not None:
            return str(spec.name)
        file = getattr(main, "__file__", None)
        return file.replace("\\", "/").rpartition("/")[2] if file and not file.startswith("<") else ""

    def of(self, cls: type) -> str:
        known = self._program_of.get(cls)
        if known is not None:
            return known
        return self.current()

    def current(self) -> str:
        """The program that this process works for: itself, or the caller's."""
        return self.here() if self.working_for is None else self.working_for

    def remember(self, program: str, qualname: str, cls: type) -> type:
        self._program_of[cls] = program
        return self.rebuilt.setdefault((program, qualname), cls)


PROGRAMS = Programs()


def main_class(program: str, qualname: str, by_value: bytes) -> type:
    """A class of a program's `__main__`: that program's own class where this is that program, so that `isinstance`
    holds there; elsewhere one copy a process, rebuilt from `by_value`."""
    found = _loaded(program, qualname)
    if isinstance(found, type):
        return found
    known = PROGRAMS.rebuilt.get((program, qualname))
    if known is not None:
        return known
    return PROGRAMS.remember(program, qualname, pickle.loads(by_value))


def skeleton(program: str, qualname: str, make: Callable[..., type], arguments: tuple[Any, ...]) -> type:
    """A class of a program's `__main__`, yet without its contents, for a worker; the one that is there if there is."""
    found = _loaded(program, qualname)
    if isinstance(found, type):
        return found
    known = PROGRAMS.rebuilt.get((program, qualname))
    if known is None:
        known = PROGRAMS.remember(program, qualname, make(*arguments))
        PROGRAMS.empty.add(known)
    return known


def fill(cls: type, contents: tuple[Callable[[type, Any], Any], Any]) -> None:
    """Give a skeleton its contents, once: those of another version of the class are not wanted."""
    if cls in PROGRAMS.empty:
        PROGRAMS.empty.discard(cls)
        setter, state = contents
        setter(cls, state)


def lru_cached(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:
    return functools.lru_cache(maxsize, typed)(function)


def cached_property(function: Callable[[Any], Any], attrname: str) -> functools.cached_property[Any]:
    made = functools.cached_property(function)
    made.attrname = attrname
    return made


def main_function(program: str, qualname: str, token: str, empty: Callable[[], Any], by_value: bytes) -> Any:
    """A decorated function of a program's `__main__`: that program's own where this is that program, else one copy a
    process for each object there was (`token`), filled from `by_value`. That is empty inside its own pickle, where
    the function's globals lead back to it: it is under way then."""
    found = _loaded(program, qualname)
    if hasattr(type(found), "__mops_identity__"):
        return found
    known = PROGRAMS.functions.get(token)
    if known is None:
        known = PROGRAMS.functions[token] = empty()
        known.__setstate__(pickle.loads(by_value))
    return known


def _loaded(program: str, qualname: str) -> Any:
    """What this process itself has under that name: in its `__main__`, or, where the program was run as
    `python -m program`, in the module of that name. None in workers for that program, which never import it."""
    if program == PROGRAMS.working_for:
        return None
    is_here = PROGRAMS.working_for is None and program == PROGRAMS.here()
    found: Any = sys.modules.get("__main__" if is_here else program)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found


class NotCarried:
    """Stands for an attribute of an exception that could not be pickled. `text` is what its repr was."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<not carried over: {self.text}>"


def exception(
    cls: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any], slots: dict[str, Any]
) -> BaseException:
    """An exception with that class, `args`, attributes and slots (such as `OSError.errno`), without running its
    class's own `__init__`."""
    try:
        rebuilt = cls.__new__(cls, *args)
    except TypeError:  # a `__new__` of its own, with other arguments
        base = next(base for base in cls.__mro__ if base.__module__ == "builtins")
        rebuilt = base.__new__(cls, *args)
    rebuilt.args = args
    rebuilt.__dict__.update(attributes)
    for name, value in slots.items():
        try:
            setattr(rebuilt, name, value)
        except (AttributeError, TypeError):
            pass  # read-only: `__new__` has made it from the arguments
    return rebuilt
