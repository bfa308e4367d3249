"""What a decorated function is: its names, its logic keys, and what it captured.

`identify` is called once per decoration; `captured` by `key.KeyMaker` at each call, since cells can change;
`function_id` and `logic_key` also for functions that are arguments (`adapters/functions.py`).
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.code import VERSION, code_digest
from thds.mops.callkey.naming import MAINS, main_label
from thds.mops.callkey.node import Node, head
from thds.mops.errors import DecorationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Identity:
    """Made by `identify`, never changed, picklable: a function that runs elsewhere by value keeps the one it has here.

    - `path`: where its settings are; `module.qualname`, in a script, notebook or REPL `__main__.qualname`;
    - `function_id`: what the key and the address say;
    - `logic_key`, `pipeline_id`: from docstring lines `function-logic-key:` ("" if none) and `pipeline-id:` (or None);
    - `origin`: the directory its top-level package is imported from, or the script lies in, or the session runs in;
    - `code`: version of the bytecode and digest of the code, `3.11:<16 hex digits>`; computed when first asked for.
    """

    __slots__ = ("_code", "_function", "function_id", "logic_key", "origin", "path", "pipeline_id")

    path: str
    function_id: str
    logic_key: str
    pipeline_id: str | None
    origin: str
    _code: str
    _function: Any

    def __init__(
        self, path: str, function_id: str, logic_key: str, pipeline_id: str | None, origin: str, code: Any
    ) -> None:
        """`code` is the digest, or the function to take it from."""
        put = object.__setattr__
        put(self, "path", path)
        put(self, "function_id", function_id)
        put(self, "logic_key", logic_key)
        put(self, "pipeline_id", pipeline_id)
        put(self, "origin", origin)
        put(self, "_code", code if isinstance(code, str) else "")
        put(self, "_function", None if isinstance(code, str) else code)

    @property
    def code(self) -> str:
        if not self._code:
            object.__setattr__(self, "_code", _code_of(self._function))
            object.__setattr__(self, "_function", None)
        return self._code

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Identity does not change: {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Identity, (*self._fields(), self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        return f"Identity({self.function_id!r})"

    def _fields(self) -> tuple[str, str, str, str | None, str]:
        return self.path, self.function_id, self.logic_key, self.pipeline_id, self.origin


def identify(func: Any) -> Identity:
    """Who a function is. Partials, bound methods and the like are identified by the function below; what they fix
    belongs to the arguments. Raises `DecorationError` for callables without a name."""
    function = underlying(func)
    module, qualname = _names(function)
    namespace = _namespace(function, module)
    label = main_label(namespace) if module in MAINS else module
    by_file = label is not None and not label.startswith("__main__.")
    doc = _doc_lines(function)
    return Identity(
        f"{label if by_file else '__main__'}.{qualname}",
        function_id(function),
        doc.get("function-logic-key", ""),
        doc.get("pipeline-id"),
        _origin(label, namespace),
        function,
    )


def function_id(func: Any) -> str:
    """`module.qualname`; for a script `__main__.<file name>.qualname`. Where no file holds the code, and for lambdas,
    which share a name, also a digest of the code."""
    module, qualname = _names(func)
    if module in MAINS:
        label = main_label(_namespace(func, module))
        code = getattr(func, "__code__", None)
        typed_in = code is not None and code.co_filename.startswith("<")
        if label is None or (typed_in and label.startswith("__main__.")):
            return f"__main__.{qualname}.{_code_of(func).partition(':')[2]}"
        module = label
    if qualname.endswith("<lambda>"):
        return f"{module}.{qualname}.{_code_of(func).partition(':')[2]}"
    return f"{module}.{qualname}"


def logic_key(func: Any) -> str:
    return _doc_lines(func).get("function-logic-key", "")


def underlying(func: Any) -> Any:
    """The function below partials, bound methods, static and class methods."""
    from functools import partial

    while True:
        if isinstance(func, partial):
            func = func.func
        elif isinstance(func, (staticmethod, classmethod)) or hasattr(func, "__func__"):
            func = func.__func__
        else:
            return func


def wrapped_chain(func: Any) -> Iterator[Any]:
    """The function and, where `functools.wraps` was used, what it wraps, and so on."""
    seen: list[Any] = []
    while func is not None and not any(func is earlier for earlier in seen):
        seen.append(func)
        yield func
        func = underlying(getattr(func, "__wrapped__", None))


def captures(func: Any) -> bool:
    """Whether what a function captured may differ from call to call of whatever made it: whether it, or what it
    wraps, is a closure made inside a function. What a decorator captured when a module was imported belongs to that
    module's code, which is not in the key; and it is often a lock or a logger."""
    return any(
        getattr(function, "__closure__", None) and "<locals>" in getattr(function, "__qualname__", "")
        for function in wrapped_chain(underlying(func))
    )


def captured(func: Any) -> dict[str, object]:
    """The values in the closures of a function and of what it wraps, by name. The function itself, in whatever
    wrapping, stands as a mark: it is in the key by name."""
    chain = list(wrapped_chain(underlying(func)))
    found: dict[str, object] = {}
    for depth, function in enumerate(chain):
        for name, value in cells(function):
            found["__wrapped__." * depth + name] = ITSELF if _is_one_of(value, chain) else value
    return found


class Mark:
    """Stands in an encoding for what is no value; no user's value is one."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __mops_node__(self) -> Node:
        return Node(head("mark", self.text), None)


ABSENT = Mark("absent")
BARE_OBJECT = Mark("bare object")
ITSELF = Mark("itself")


def cells(function: Any) -> Iterator[tuple[str, object]]:
    """Name and content of each cell, `ABSENT` where it is empty."""
    closure = getattr(function, "__closure__", None)
    for name, cell in zip(function.__code__.co_freevars, closure, strict=True) if closure else ():
        try:
            yield name, named_value(cell.cell_contents)
        except ValueError:
            yield name, ABSENT


def named_value(value: object) -> object:
    """A sentinel `object()` in a cell or a global has no content, but there it has a name."""
    return BARE_OBJECT if type(value) is object else value


def logic_keys(calls: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Function id and logic key of each function in `calls`, and of those that decorated ones among them call
    (`__mops_calls__`); each once, sorted."""
    found: set[tuple[str, str]] = set()
    pending, seen = list(calls), set()
    while pending:
        func = pending.pop()
        if id(func) in seen:
            continue
        seen.add(id(func))
        identity = func.__mops_identity__ if hasattr(type(func), "__mops_identity__") else identify(func)
        found.add((identity.function_id, identity.logic_key))
        pending.extend(getattr(func, "__mops_calls__", None) or ())
    return tuple(sorted(found))


def _is_one_of(value: Any, chain: list[Any]) -> bool:
    if hasattr(type(value), "__mops_identity__"):
        value = value.__wrapped__
    return any(value is function or underlying(value) is function for function in chain)


def _names(function: Any) -> tuple[str, str]:
    qualname = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    module = getattr(function, "__module__", None) or getattr(
        getattr(function, "__objclass__", None), "__module__", None
    )
    if not isinstance(module, str) or not isinstance(qualname, str):
        what = f"cannot tell which function this is: {function!r} has no `__module__` and `__qualname__`"
        raise DecorationError(what, hint="wrap it in a function of its own")
    return module, qualname


def _namespace(function: Any, module: str) -> Any:
    """The globals of the module that it says it is of. A wrapper has its function's `__module__`, and the globals of
    whoever wrote the wrapper."""
    names = MAINS if module in MAINS else {module}
    for each in wrapped_chain(function):
        own = getattr(each, "__globals__", None)
        if own is not None and own.get("__name__") in names:
            return own
    if module in sys.modules:
        return vars(sys.modules[module])
    return getattr(function, "__globals__", {})


def _origin(label: str | None, namespace: Any) -> str:
    file = namespace.get("__file__")
    if label is None or (not file and label.startswith("__main__.")):
        return os.getcwd()
    if not file:
        return ""  # built into the interpreter
    directory: str = os.path.dirname(os.path.abspath(file))
    if label.startswith("__main__."):
        return directory
    levels = label.count(".") + (os.path.basename(file).startswith("__init__."))
    for _ in range(levels):
        directory = os.path.dirname(directory)
    return directory


def _doc_lines(function: Any) -> dict[str, str]:
    doc = getattr(function, "__doc__", None)
    if not isinstance(doc, str) or ("function-logic-key:" not in doc and "pipeline-id:" not in doc):
        return {}
    stripped = (line.strip() for line in doc.splitlines())
    split = (
        line.partition(":") for line in stripped if line.startswith(("function-logic-key:", "pipeline-id:"))
    )
    return {name: value.strip() for name, _, value in split if value.strip() or name == "pipeline-id"}


def _code_of(function: Any) -> str:
    hasher = sha256()
    for each in wrapped_chain(function):
        code = getattr(each, "__code__", None)
        hasher.update(code_digest(code) if code is not None else b"native")
    return f"{VERSION}:{hasher.hexdigest()[:16]}"
