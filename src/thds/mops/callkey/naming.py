"""Which names are good enough to stand for a class, a function or a module: those under which it can be found again.

Called by everything that encodes a class or a function. `__main__` is a different module in each program, so its own
name never stands for it alone: `python -m pkg.mod` is `pkg.mod`, a script is `__main__.train.py`, and a notebook, REPL
or `python -c` has no name at all.

A process that runs another one's `__main__` by value may set `__mops_main__` in its own `__main__` to that program's
label: then classes and functions of it keep their names.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FunctionType

_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made at run time, so that two different ones may share a name
#: `multiprocessing` runs the caller's `__main__` again in its children, under the second name.
MAINS = frozenset({"__main__", "__mp_main__"})


def main_label(namespace: Mapping[str, Any]) -> str | None:
    """What to call the `__main__` module that has these globals; None where no file names it."""
    given = vars(sys.modules["__main__"]).get("__mops_main__")
    if given is not None:
        return str(given)
    spec, file = namespace.get("__spec__"), namespace.get("__file__")
    if spec is not None and spec.name not in MAINS:
        return str(spec.name)
    if not file or file.startswith("<"):  # `python -` calls its file <stdin>
        return None
    if os.path.basename(file).startswith("__main__."):  # `python directory`, `python app.pyz`
        file = os.path.dirname(os.path.abspath(file))
    return f"__main__.{os.path.basename(file)}"


def resolve(module: str, qualname: str) -> object:
    """What is found under that name in an imported module, or None."""
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        try:
            found = getattr(found, part)
        except Exception:  # noqa: BLE001 - a lazy module or a descriptor may raise anything; it is then no name
            return None
    return found


def class_name(cls: type) -> str | None:
    """`module.qualname`, or None where the name does not lead back to this very class (local classes, notebooks)."""
    module, qualname = cls.__module__, cls.__qualname__
    if not cls.__flags__ & _HEAP_TYPE:
        return f"{module}.{qualname}"
    if "<locals>" in qualname:
        return None
    if module in MAINS:
        label = main_label(vars(sys.modules[module]) if module in sys.modules else {})
        known = label is not None and (by_value_main() or resolve(module, qualname) is cls)
        return f"{label}.{qualname}" if known else None
    return f"{module}.{qualname}" if resolve(module, qualname) is cls else None


def by_value_main() -> bool:
    """Whether `__main__`'s classes and functions came here by value, so that names cannot be looked up."""
    return "__mops_main__" in vars(sys.modules["__main__"])


def importable(function: FunctionType) -> bool:
    """Whether the function's name leads back to it, or to a decorated object of ours that wraps it."""
    module, qualname = function.__module__, function.__qualname__
    if "<" in qualname or module is None:
        return False
    if module in MAINS and by_value_main():
        return True
    found = resolve(module, qualname)
    if hasattr(type(found), "__mops_identity__"):
        found = getattr(found, "__wrapped__", None)
    return found is function or getattr(found, "__func__", None) is function
