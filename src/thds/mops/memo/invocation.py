"""What a worker needs to run one call, as a blob. Written by orchestrate, read by worker.run.

Two pickles in one: the settings are needed before the call is unpickled, because that imports the user's modules.
"""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

from thds.mops.callkey.address import Address
from thds.mops.errors import DamagedBlobError, StoreError
from thds.mops.memo.blob import Blob, Damage, pack
from thds.mops.memo.commit import About, header
from thds.mops.memo.metadata import opening
from thds.mops.serialize import pickler
from thds.mops.stores.base import Buffer, Get


class Invocation(NamedTuple):
    """settings: pickled, whatever the caller's config room sends. call: pickled (function, args, kwargs), with
    `buffers` out of band. program: what the caller's `__main__` is called. process: the caller's, to be told apart.
    label: what keys call the caller's `__main__`, None where nothing names it."""

    settings: bytes
    call: bytes | memoryview
    buffers: list[Any]
    about: About
    program: str
    process: str
    label: str | None


def pack_invocation(address: Address, invocation: Invocation) -> list[Buffer]:
    start, rest = header("invocation", address, invocation.about)
    rest_of_it = (invocation.about, invocation.program, invocation.process, invocation.label)
    data = pickle.dumps((invocation.settings, invocation.call, *rest_of_it), pickler.PROTOCOL)
    return pack(start, rest, pickler.Pickled(data, invocation.buffers))


def load_invocation(store: Get, address: Address, key: str) -> Invocation:
    found = store.get(key)
    if found is None:
        raise StoreError(
            f"There is no invocation at {address.root}/{key}.",
            hint="It is removed when its call ends: this worker was started twice, or too late.",
            operation="get",
            key=key,
        )
    try:
        blob = Blob(found.body)
        if not blob.opens_with(opening("invocation", address.digest).encode()):
            raise Damage("it is the blob of another call")
    except Damage as damage:
        raise DamagedBlobError(
            f"The invocation {address.root}/{key} is damaged: {damage}",
            key=key,
            reason=str(damage),
            operation="get",
        ) from None
    data, buffers = blob.pickled()
    settings, call, about, program, process, label = pickle.loads(data)
    return Invocation(settings, call, buffers, about, program, process, label)
