"""The key of a call: what it is addressed by. `KeyMaker` is made once per decorated function, `key` called per call.

Two calls have one key exactly if they are one call: the same function (by name, pipeline, logic keys), the same values
bound to the same parameters. FROZEN: `_head` and `key` say what is digested, in which order.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.address import LAYOUT
from thds.mops.callkey.arguments import Binder, check_ignored
from thds.mops.callkey.canonical import digest
from thds.mops.callkey.function import captured, captures, logic_keys
from thds.mops.errors import UnkeyableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thds.mops.callkey.arguments import Stub
    from thds.mops.callkey.function import Identity

#: A default that is a bare `object()` is told by being the default; as any other value it has no key.
_OWN_SENTINEL = sha256(b"the parameter's own sentinel").digest()


class Key:
    """`digest` is 64 hex digits; `arguments` are the names and 32-byte digests of what went into it, for people."""

    __slots__ = ("arguments", "digest")

    def __init__(self, digest: str, arguments: tuple[tuple[str, bytes], ...]) -> None:
        self.digest = digest
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"Key({self.digest[:12]}..., {', '.join(name for name, _ in self.arguments)})"


class KeyMaker:
    """Keys for calls of `func`. `ignore` names parameters that are left out; `calls` are functions whose logic keys
    count as this one's."""

    __slots__ = ("_binder", "_calls", "_captures", "_func", "_heads", "_ignored", "_plans", "identity")

    def __init__(
        self, func: Any, identity: Identity, ignore: Iterable[str] = (), calls: Iterable[Any] = ()
    ) -> None:
        self.identity = identity
        self._func = func
        self._binder = Binder(func)
        self._ignored = check_ignored(ignore, identity.path, self._binder.names)
        self._calls = tuple(calls)
        self._captures = captures(func)
        self._heads: dict[tuple[str, bool], Any] = {}
        self._plans: dict[int, tuple[tuple[int, str, bytes, Any], ...]] = {}

    def key(self, args: tuple[Any, ...], kwargs: dict[str, Any], pipeline_id: str, shared_space: bool) -> Key:
        """Raises `UnkeyableError` that names function, argument and the path inside it, and for a call that does not
        fit the signature the `TypeError` that calling the function would raise. `shared_space` says that others who
        know nothing of this program use the same root and pipeline id."""
        head = self._heads.get((pipeline_id, shared_space))
        hasher = (head or self._head(pipeline_id, shared_space)).copy()
        if self._captures:
            hasher.update(b"captured:" + self._digest(captured(self._func), "captured"))
        stub, values = self._binder.bind(args, kwargs)
        arguments = []
        for place, name, tag, default in self._plans.get(id(stub)) or self._plan(stub):
            value = values[place]
            own = value is default and type(value) is object
            argument = _OWN_SENTINEL if own else self._digest(value, name)
            hasher.update(tag + argument)
            arguments.append((name, argument))
        return Key(hasher.hexdigest(), tuple(arguments))

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, object]]:
        """All parameters with their values, ignored ones too, for messages about arguments."""
        stub, values = self._binder.bind(args, kwargs)
        return list(zip(stub.names, values, strict=True))

    def _digest(self, value: object, name: str) -> bytes:
        try:
            return digest(value, name)
        except UnkeyableError as error:
            what = f"cannot make a key for this call of {self.identity.path}: {error.what}"
            fields = error._fields | {"function": self.identity.path}
            raise UnkeyableError(what, hint=error.hint, **fields) from error.__cause__

    def _head(self, pipeline_id: str, shared_space: bool) -> Any:
        """Everything before the arguments. Each text with its length: no two heads are alike."""
        identity = self.identity
        own = (identity.function_id, identity.logic_key)
        others = [pair for pair in logic_keys(self._calls) if pair != own]
        texts = [pipeline_id, *own, identity.origin if shared_space else ""]
        texts += [text for pair in others for text in pair]
        hasher = sha256(b"mops call %d %d:" % (LAYOUT, len(texts)))
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            hasher.update(b"%d:%b" % (len(data), data))
        self._heads[pipeline_id, shared_space] = hasher
        return hasher

    def _plan(self, stub: Stub) -> tuple[tuple[int, str, bytes, Any], ...]:
        """For each parameter that counts: its place, its name, the name's encoding, and its default."""
        plan = tuple(
            (place, name, b"%d:%b" % (len(name.encode()), name.encode()), stub.defaults.get(name))
            for place, name in enumerate(stub.names)
            if name not in self._ignored
        )
        self._plans[id(stub)] = plan
        return plan
