"""Where everything about one call lies below a blob root. The only file that knows the storage layout.

    mops/<layout>/<pipeline id>/<function>[@<logic key>]/<2 hex>/<digest>.<kind>     one call
    mops/<layout>.sessions/<session>.session | .lock                                one process
    mops/<layout>.contents/<2 hex>/<digest>                                         shared contents, by their digest

FROZEN: a change of this file or of `LAYOUT` is a new layout version. Names are for people: the digest covers every
part, and each blob's header repeats it, so what a file system folds, cuts or confuses can never make a hit.
"""

from __future__ import annotations

import hashlib
import re

LAYOUT = 1

_UNSAFE = re.compile(r"[^A-Za-z0-9._+=-]")
_LONGEST_SEGMENT = 96  # with kind, nonce and temporary names well below the 255 bytes of common file systems


def segment(text: str) -> str:
    """A readable, safe path segment for `text`; where it had to be changed it ends in a digest of `text`."""
    safe = _UNSAFE.sub("-", text)
    if safe == text and len(text) <= _LONGEST_SEGMENT and not text.startswith("."):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{safe[: _LONGEST_SEGMENT - 9].lstrip('.')}-{digest[:8]}"


def function_folder(pipeline_id: str, function_id: str, logic_key: str) -> str:
    """The folder of all calls of one function; computed once per function and settings, not per call."""
    pipeline = "/".join(segment(part) for part in pipeline_id.split("/"))
    at_logic = f"@{segment(logic_key)}" if logic_key else ""
    return f"mops/{LAYOUT}/{pipeline}/{segment(function_id)}{at_logic}"


class Address:
    """The place of one call: `root` (the blob root's URI) and `stem` (the key without its kind)."""

    __slots__ = ("digest", "root", "stem")

    def __init__(self, root: str, folder: str, digest: str) -> None:
        self.root = root
        self.digest = digest
        self.stem = f"{folder}/{digest[:2]}/{digest}"

    @property
    def result(self) -> str:
        """Key of the memo blob: the result, or a tombstone."""
        return f"{self.stem}.result"

    @property
    def lease(self) -> str:
        return f"{self.stem}.lease"

    def invocation(self, claim: str) -> str:
        """Key of what a worker needs for one execution."""
        return f"{self.stem}.{claim}.invocation"

    def failure(self, claim: str) -> str:
        """Key of the exception that ended one execution."""
        return f"{self.stem}.{claim}.failure"

    def damaged(self, nonce: str) -> str:
        """Key for the bytes of a damaged blob that was set aside."""
        return f"{self.stem}.{nonce}.damaged"

    def forgotten(self, nonce: str) -> str:
        """Key for the bytes of a result that was forgotten."""
        return f"{self.stem}.{nonce}.forgotten"

    @property
    def uri(self) -> str:
        """The memo URI: what messages and `memo_uri` show."""
        return f"{self.root}/{self.result}"

    def __repr__(self) -> str:
        return f"Address({self.uri!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and (self.root, self.stem) == (other.root, other.stem)

    def __hash__(self) -> int:
        return hash((self.root, self.stem))

    @classmethod
    def of_invocation(cls, root: str, invocation_key: str) -> tuple[Address, str]:
        """The address and the claim of an invocation: how a worker finds its call again."""
        folder, _, name = invocation_key.rpartition("/")
        digest, claim, _ = name.split(".")
        return cls(root, folder.rpartition("/")[0], digest), claim


def session(session_id: str) -> str:
    return f"mops/{LAYOUT}.sessions/{session_id}.session"


def session_lock(session_id: str) -> str:
    return f"mops/{LAYOUT}.sessions/{session_id}.lock"


def content(digest: str) -> str:
    """Key of shared contents (files, large values) under their BLAKE3 digest."""
    return f"mops/{LAYOUT}.contents/{digest[:2]}/{digest}"
