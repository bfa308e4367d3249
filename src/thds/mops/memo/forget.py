"""Taking a result out of use. Called by the decorated function's `forget`."""

from __future__ import annotations

import os

from thds.mops.callkey.address import Address
from thds.mops.memo.blob import pack
from thds.mops.memo.commit import About, GetPut, header
from thds.mops.memo.lookup import Missing, judged
from thds.mops.serialize.pickler import dump
from thds.mops.stores.base import CREATE, Replace


def forget(store: GetPut, address: Address, about: About) -> bool:
    """Put a tombstone where the result is, which gives way to the next one; the old bytes are kept beside it. False
    where there was no result. Calls that read the result before are not affected."""
    found = store.get(address.result)
    if found is None:
        return False
    looked = judged(found, address)
    if isinstance(looked, Missing) and not looked.damage:
        return False
    store.put(address.forgotten(os.urandom(4).hex()), [found.body], CREATE)
    start, rest = header("tombstone", address, about)
    return store.put(address.result, pack(start, rest, dump(None)), Replace(found.version)) is not None
