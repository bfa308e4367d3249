"""What a lease says, and what it may say next. Pure data: nothing here reads or writes a store.

FROZEN with the storage layout: `Claim.encode` and `decode`. Keys that are not known here are ignored; what older
versions must not ignore is a new FORMAT.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from thds.mops.errors import StoreError
from thds.mops.lease.holder import Holder
from thds.mops.stores.keys import is_key

if TYPE_CHECKING:
    from thds.mops.stores.base import Buffer, Version

FORMAT: Final = 1
State: TypeAlias = Literal["held", "done", "failed"]
#: After so many takeovers without an outcome, something kills whoever computes the call.
MOST_TAKEOVERS: Final = 3
ABANDONED: Final = "abandoned"

_json = json.JSONEncoder(separators=(",", ":")).encode


class Claim(NamedTuple):
    """One execution of a call. `id` names its invocation and its failure; it stays when a worker adopts the claim, and
    is another after each takeover. `session` is who has it now; `caller` the session that handed it to that one, and
    will say so if its worker dies, "" where nobody did. `holders` died over the call before, oldest first.
    `reason` says why it failed, if not by an exception of the function. `nonce` is new at each write, so that a writer
    recognizes his own."""

    id: str
    session: str
    state: State
    takeovers: int
    holder: Holder
    holders: tuple[Holder, ...]
    reason: str
    nonce: str
    caller: str = ""

    def taken_over(self, session: str, holder: Holder) -> Claim:
        """By whoever found that its holder is dead: a new execution, which remembers the old ones."""
        return first(session, holder)._replace(
            takeovers=self.takeovers + 1, holders=(*self.holders, self.holder)
        )

    def adopted(self, session: str, holder: Holder) -> Claim:
        """By the worker it was meant for: the same execution."""
        caller = self.caller if session == self.session else self.session
        return self._replace(session=session, caller=caller, holder=holder, nonce=token())

    def ended(self, state: Literal["done", "failed"]) -> Claim:
        return self._replace(state=state, nonce=token())

    def given_up(self) -> Claim:
        """Nobody takes it over any more; its last holder joins the dead ones."""
        return self.ended("failed")._replace(reason=ABANDONED, holders=(*self.holders, self.holder))

    @property
    def is_abandoned(self) -> bool:
        return self.state == "failed" and self.reason == ABANDONED

    def encode(self) -> bytes:
        fields = self._asdict()
        fields["holder"] = self.holder._asdict()
        fields["holders"] = [holder._asdict() for holder in self.holders]
        return encoded(fields)


class Observed(NamedTuple):
    """A claim as it was read, and the version that may be swapped."""

    claim: Claim
    version: Version


def first(session: str, holder: Holder) -> Claim:
    """A claim on a call that nobody holds."""
    return Claim(token(), session, "held", 0, holder, (), "", token())


def token() -> str:
    return os.urandom(8).hex()


def decode(body: Buffer, key: str) -> Claim | None:
    """The claim that a lease blob holds; None where the bytes are damaged, which is as good as abandoned: the commit
    keeps results right. StoreError where a newer version wrote it, for its rules are not known here."""
    fields = fields_of(body, "lease", key)
    try:
        claim = Claim(
            id=fields["id"],
            session=fields["session"],
            caller=str(fields.get("caller", "")),
            state=fields["state"],
            takeovers=fields["takeovers"],
            holder=Holder.decode(fields.get("holder")),
            holders=tuple(map(Holder.decode, fields.get("holders", ()))),
            reason=str(fields.get("reason", "")),
            nonce=fields["nonce"],
        )
    except (KeyError, TypeError):
        return None
    return claim if _is_sound(claim) else None


def encoded(fields: dict[str, Any]) -> bytes:
    return _json({"format": FORMAT, **fields}).encode()


def fields_of(body: Buffer, kind: str, key: str) -> dict[str, Any]:
    """The JSON object in a blob of ours, {} where it is damaged. StoreError where it is of a newer format."""
    try:
        fields = json.loads(bytes(body))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    written = fields.get("format")
    if isinstance(written, int) and written > FORMAT:
        raise StoreError(
            f"the {kind} {key} was written by a newer version of mops (format {written}, this one knows {FORMAT})",
            hint="upgrade mops-magic here, or use another pipeline_id or blob_root",
            operation="read",
            key=key,
        )
    return fields if written == FORMAT else {}


def is_name(value: object) -> bool:
    """Fit to be a part of a key: what came from a blob is not trusted to be."""
    return isinstance(value, str) and "/" not in value and is_key(value)


def _is_sound(claim: Claim) -> bool:
    return (
        is_name(claim.id)
        and is_name(claim.session)
        and claim.state in ("held", "done", "failed")
        and type(claim.takeovers) is int
        and isinstance(claim.nonce, str)
    )
