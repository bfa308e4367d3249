"""The exception that ended one execution: stored for those who waited for that very execution, never a memo."""

from __future__ import annotations

from thds.mops.callkey.address import Address
from thds.mops.errors import RemoteError
from thds.mops.memo.blob import Blob, Damage, pack
from thds.mops.memo.commit import About, header
from thds.mops.memo.metadata import opening
from thds.mops.serialize import exceptions
from thds.mops.stores.base import CREATE, Get, Put


def store_failure(store: Put, address: Address, about: About, claim: str, error: BaseException) -> None:
    pickled, text = exceptions.dump(error, address.uri)
    start, rest = header("failure", address, about)
    store.put(address.failure(claim), pack(start, rest | {"traceback": text}, pickled), CREATE)


def load_failure(store: Get, address: Address, claim: str) -> BaseException | None:
    """The exception that ended that execution, with its remote traceback as its cause; None if it left none."""
    found = store.get(address.failure(claim))
    if found is None:
        return None
    try:
        blob = Blob(found.body)
        if not blob.opens_with(opening("failure", address.digest).encode()):
            raise Damage("it is the blob of another call")
    except Damage as damage:
        return RemoteError(
            f"The call {address.uri} raised an exception, but the blob that holds it is damaged: {damage}",
            hint="Call it again to see the exception.",
            memo_uri=address.uri,
            type_name="",
            remote_traceback="",
        )
    text = blob.header()["traceback"]
    try:
        return exceptions.load(*blob.pickled(), text)
    except Exception as error:  # noqa: BLE001 - unpickling runs users' code; the traceback must not be lost with it
        return RemoteError(
            f"The call {address.uri} raised an exception that cannot be rebuilt in this process: {error}",
            hint=f"Its traceback there:\n{text}",
            memo_uri=address.uri,
            type_name="",
            remote_traceback=text,
        )
