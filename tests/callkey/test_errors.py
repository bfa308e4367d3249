"""What has no key is an error that names the place inside the argument."""

from __future__ import annotations

import contextvars
import socket
import sys
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from thds.mops.callkey import graph, tree
from thds.mops.callkey.canonical import digest
from thds.mops.errors import UnkeyableError


@dataclass
class Config:
    callbacks: list[Any] = field(default_factory=list)
    by_name: dict[str, Any] = field(default_factory=dict)


class Plain:
    def __init__(self, attribute: object = None) -> None:
        self.attribute = attribute


class Failing:
    def __reduce__(self) -> Any:
        raise ValueError("not today")


class FailingKey:
    def __mops_key__(self) -> Any:
        raise ValueError("no key")


class Nonsense:
    def __reduce__(self) -> Any:
        return 5


class OwnContent:
    def __mops_key__(self) -> object:
        return self


class OwnArgument:
    def __reduce__(self) -> Any:
        return OwnArgument, (self,)


class Imposter:
    def __reduce__(self) -> str:
        return "sys"


VICTIM: dict[int, Any] = {}


class Growing:
    def __reduce__(self) -> Any:
        VICTIM[len(VICTIM)] = 1
        return Growing, ()


def path_of(value: object, name: str = "x") -> str:
    with pytest.raises(UnkeyableError) as caught:
        digest(value, name)
    path: str = caught.value.argument_path  # type: ignore[attr-defined]
    assert f"`{path}`" in caught.value.what
    return path


def test_paths() -> None:
    """Items, keys, attributes, elements, in any mixture."""
    bad = threading.Lock()
    assert path_of(bad) == "x"
    assert path_of(Config([1, 2, bad]), "cfg") == "cfg.callbacks[2]"
    assert path_of({"key": Plain(bad)}) == "x['key'].attribute"
    assert path_of(Plain({"a": (1, [bad])})) == "x.attribute['a'][1][0]"
    assert path_of({1: [bad]}) == "x[1][0]"
    assert path_of({(1, Plain(bad)): 1}).startswith("x.<key <tuple>>")
    assert path_of(OrderedDict(a=[bad])) == "x['a'][0]"
    assert path_of(Config(by_name={"f": bad}), "cfg") == "cfg.by_name['f']"
    assert path_of({frozenset({1, Plain(bad)})}).endswith(".attribute")
    assert path_of([[], [1], {"k": [Plain(Plain(bad))]}]) == "x[2]['k'][0].attribute.attribute"


def test_live_things(tmp_path: Path) -> None:
    """Locks, files, sockets, generators, frames, references: no random key, no key by identity."""
    target = Plain()
    with open(tmp_path / "f", "w") as file, socket.socket() as plug:
        live = [
            threading.Lock(), threading.RLock(), threading.Event(), threading.local(), file, file.buffer, plug,
            (n for n in [1]), sys._getframe(), weakref.ref(target), weakref.proxy(target), weakref.WeakSet([target]),
            contextvars.ContextVar("v"), iter([1]), object(), threading.current_thread(),
        ]  # fmt: skip
        for value in live:
            assert path_of([value]).startswith("x[0]"), value


def test_causes_are_kept() -> None:
    """What went wrong in the object's own code is the cause of ours."""
    for value, text in ((Failing(), "not today"), (FailingKey(), "no key")):
        with pytest.raises(UnkeyableError, match=text) as caught:
            digest([value], "x")
        assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(UnkeyableError, match="returned int"):
        digest(Nonsense(), "x")
    with pytest.raises(UnkeyableError, match="the value itself"):
        digest(OwnContent(), "x")
    with pytest.raises(UnkeyableError, match="out of itself"):
        digest(OwnArgument(), "x")
    with pytest.raises(UnkeyableError, match="it is the global `sys`"):
        digest(Imposter(), "x")


def test_values_that_change_while_they_are_read() -> None:
    """A dict that grows under the walk, a reduction that fails only sometimes: an error, and one of ours."""

    VICTIM.update({0: Growing(), 1: 1})
    with pytest.raises(UnkeyableError, match="changed"):
        digest(VICTIM, "x")

    class Moody:
        calls = 0

        def __mops_key__(self) -> int:
            Moody.calls += 1
            if Moody.calls == 1:
                raise ValueError("once")
            return 1

    with pytest.raises(UnkeyableError, match="once"):
        digest(Moody(), "x")


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared lists unfold; beyond the limit that is an error, and soon."""
    monkeypatch.setattr(tree, "MOST_VISITED", 10_000)
    value: list[Any] = []
    for _ in range(40):
        value = [value, value]
    with pytest.raises(UnkeyableError, match="unfolds to more than") as caught:
        digest({"a": value}, "x")
    assert caught.value.argument_path == "x"  # type: ignore[attr-defined]
    monkeypatch.setattr(graph, "MOST_VERTICES", 100)
    loop: list[Any] = [[n] for n in range(200)]
    loop.append(loop)
    with pytest.raises(UnkeyableError, match="unfolds to more than"):
        digest(loop, "x")


def test_endless_reductions_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that reduces to a new one of its kind, for ever."""

    class Endless:
        def __reduce__(self) -> Any:
            return Endless, (), {"next": Endless()}

    monkeypatch.setattr(graph, "MOST_VERTICES", 20_000)
    with pytest.raises(UnkeyableError, match="unfolds to more than"):
        digest(Endless(), "x")
