"""What a function's code says, without where it stands: for functions that have no name, and for hits on results
made by other code.

Called by `function.py` and `adapters/functions.py`. Bytecode belongs to a minor version of the interpreter, so these
digests do too.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pickle import Pickler
from types import CodeType

#: What bytecode can be compared at all: `3.11`, or `3.11-O2` where assertions or docstrings are left out.
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}" + (
    f"-O{sys.flags.optimize}" if sys.flags.optimize else ""
)

_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


@lru_cache(256)
def code_digest(code: CodeType) -> bytes:
    """Bytecode, exception table, constants, names and nested code; no file names, no line numbers."""
    return sha256(_pickled(_parts(code))).digest()


@lru_cache(256)
def global_names(code: CodeType) -> tuple[str, ...]:
    """Names the code reads from its module, nested code included, sorted. Builtins are among them."""
    import dis

    names = {i.argval for i in dis.get_instructions(code) if i.opname in _LOADS}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(global_names(constant))
    return tuple(sorted(names))


def _parts(code: CodeType) -> tuple[object, ...]:
    return (
        VERSION,
        code.co_code,  # as compiled: what the interpreter specialized since is not in it
        code.co_exceptiontable,
        code.co_flags,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        tuple(_constant(constant) for constant in code.co_consts),
    )


def _constant(constant: object) -> tuple[object, ...]:
    if isinstance(constant, CodeType):
        return ("code", _parts(constant))
    if isinstance(constant, frozenset):  # iterates in an order that depends on the hash seed
        return ("frozenset", sorted(_pickled(_constant(element)) for element in constant))
    if isinstance(constant, tuple):
        return ("tuple", tuple(_constant(element) for element in constant))
    return ("value", constant)


def _pickled(value: object) -> bytes:
    """Without memo: which constants are one object must not show."""
    file = BytesIO()
    pickler = Pickler(file, 4)
    pickler.fast = True
    pickler.dump(value)
    return file.getvalue()
