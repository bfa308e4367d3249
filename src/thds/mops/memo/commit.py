"""Putting a result at its address: the first one wins. Called by whoever computed it, here or in a worker.

Correct without any lease: a valid result is never replaced, so however many compute, all callers see one value.
"""

from __future__ import annotations

import os
import time
from typing import Any, Literal, Protocol

from thds.mops.callkey.address import LAYOUT, Address
from thds.mops.errors import StoreError
from thds.mops.memo.blob import pack
from thds.mops.memo.lookup import Hit, Missing, lookup, set_aside
from thds.mops.memo.metadata import maker, opening
from thds.mops.serialize.pickler import Pickled
from thds.mops.stores.base import CREATE, Buffer, Get, Put, Replace


class Won:
    """Ours is the result. `damage`: what is to be said about the damaged blob that was there; "" if none was."""

    __slots__ = ("damage",)

    def __init__(self, damage: str) -> None:
        self.damage = damage


class Lost:
    """Somebody's result was there first: `hit` is the one all callers see."""

    __slots__ = ("hit",)

    def __init__(self, hit: Hit) -> None:
        self.hit = hit


class About:
    """What the header says of the call; made by the caller and sent along with it, so that workers need no key."""

    __slots__ = ("arguments", "code", "function", "logic_key", "pipeline_id", "shim")

    def __init__(
        self,
        *,
        function: str,
        pipeline_id: str,
        logic_key: str,
        code: str,
        arguments: dict[str, str],
        shim: str,
    ) -> None:
        self.function = function
        self.pipeline_id = pipeline_id
        self.logic_key = logic_key
        self.code = code
        self.arguments = arguments
        self.shim = shim

    def __reduce__(self) -> tuple[Any, ...]:
        return _about, ({name: getattr(self, name) for name in self.__slots__},)


def _about(fields: dict[str, Any]) -> About:
    return About(**fields)


class Stopwatch:
    """When a body ran: wall clock for people, monotonic for the duration."""

    __slots__ = ("_start", "started_at")

    def __init__(self) -> None:
        self.started_at = time.time()
        self._start = time.monotonic()

    def fields(self) -> dict[str, Any]:
        took_s = time.monotonic() - self._start
        ended_at = self.started_at + took_s
        return {"started_at": _iso(self.started_at), "ended_at": _iso(ended_at), "took_s": round(took_s, 6)}


def _iso(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}+00:00"


def header(
    kind: Literal["result", "failure", "invocation", "tombstone"], address: Address, about: About
) -> tuple[str, dict[str, Any]]:
    """The start of the header and the rest of it. The parts of the key are repeated in it."""
    rest = {
        "layout": LAYOUT,
        "pipeline_id": about.pipeline_id,
        "function": about.function,
        "logic_key": about.logic_key,
        "arguments": about.arguments,
        "shim": about.shim,
        "nonce": os.urandom(8).hex(),
        **maker(),
    }
    return opening(kind, address.digest) + about.code + '",', rest


def pack_result(address: Address, about: About, pickled: Pickled, watch: Stopwatch) -> list[Buffer]:
    start, rest = header("result", address, about)
    return pack(start, rest | watch.fields(), pickled)


class GetPut(Get, Put, Protocol):
    """What a commit needs of a store."""


def commit(store: GetPut, address: Address, parts: list[Buffer], missing: Missing) -> Won | Lost:
    """Create, or replace exactly the tombstone or damaged blob that was seen. Raises StoreError; then nothing is
    visible."""
    damage = ""
    for _ in range(10):  # each round somebody else changed the blob: a forget, or another result
        if missing.damage:
            damage = set_aside(store, address, missing)
        mode = CREATE if missing.over is None else Replace(missing.over)
        if store.put(address.result, parts, mode) is not None:
            return Won(damage)
        found = lookup(store, address)
        if isinstance(found, Hit):
            return Lost(found)
        missing = found
    raise StoreError(
        f"The result of {address.uri} could not be committed: the blob there changed ten times in between.",
        hint="Something forgets this call over and over; stop that and call again.",
        operation="commit",
        key=address.result,
    )
