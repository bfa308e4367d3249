"""Anything without an encoder of its own: what `pickle` would store of it, canonically.

Called by `encoders.py`. Stable as long as the class's reduction is; the promise across versions of interpreters and
libraries is made for types with adapters only.
"""

from __future__ import annotations

import copyreg
import pickle
import sys
from typing import TYPE_CHECKING, Any, cast

from thds.mops.callkey.instances import attributes, cached_properties, labelled, ordered_state
from thds.mops.callkey.naming import resolve
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    from thds.mops.callkey.node import Encoder


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_NEW: Any = vars(copyreg)["__newobj__"]


def reduction_encoder(cls: type) -> Encoder:
    make = labelled("object", cls)
    left_out = cached_properties(cls)
    forgetful = _inherits_a_reduction(cls)

    def encode(obj: Any) -> Node:
        reduction = _reduce(cls, obj)
        if isinstance(reduction, str):
            return _by_global_name(cls, obj, reduction)
        if not isinstance(reduction, tuple) or not 2 <= len(reduction) <= 6:
            raise Refused(f"its `__reduce_ex__` returned {type(reduction).__name__}, no name and no tuple")
        function, args = reduction[:2]
        state, items, pairs, setter = (reduction[2:] + (None,) * 4)[:4]
        if function is _NEW and args and args[0] is cls:
            function, args = "new", args[1:]  # the label names the class already
        if state is None and forgetful:
            state = attributes(obj, left_out) or None
        if any(arg is obj for arg in args):
            raise Refused("its reduction builds it out of itself")
        content = (None if items is None else list(items), None if pairs is None else dict(pairs))
        return make((function, args, ordered_state(state, left_out), *content, setter))

    return encode


def _inherits_a_reduction(cls: type) -> bool:
    """Whether the reduction is that of a base in the standard library or in C. It may know nothing of attributes that
    a subclass added: `date` forgets them."""
    for base in cls.__mro__:
        if "__reduce_ex__" in vars(base) or "__reduce__" in vars(base):
            foreign = (
                base.__module__.partition(".")[0] in sys.stdlib_module_names
                or not base.__flags__ & _HEAP_TYPE
            )
            return base is not cls and base is not object and foreign
    return False


def _reduce(cls: type, obj: Any) -> Any:
    reducer = copyreg.dispatch_table.get(cls)
    try:
        return reducer(obj) if reducer else cast("Any", cls).__reduce_ex__(obj, 4)
    except (Refused, RecursionError, MemoryError):
        raise
    except Exception as error:  # whatever a reduction may raise
        hint = "leave it out with `ignore=[...]`, or say what its key is: `__mops_key__`, `register_encoder`"
        raise Refused(f"it cannot be reduced ({type(error).__name__}: {error})", hint) from error


def _by_global_name(cls: type, obj: Any, name: str) -> Node:
    """A reduction to a string says: I am the global of that name. Believed only where that is so."""
    module = getattr(obj, "__module__", None)
    if isinstance(module, str) and resolve(module, name) is obj:
        return Node(head("global", f"{module}.{name}"), None)
    found = pickle.whichmodule(obj, name)  # type: ignore[attr-defined]
    if resolve(found, name) is obj:
        # Which of several modules it was found in depends on what else is imported.
        return Node(head("global", f"{cls.__module__}.{cls.__qualname__}"), name)
    raise Refused(f"its reduction says it is the global `{name}`, but no module has it under that name")
