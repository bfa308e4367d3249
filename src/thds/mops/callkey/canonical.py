"""`digest`: 32 bytes that say what a value is, the same in every process. Called for each argument of each call.

Equal values have equal digests whatever their identities, the hash seed, and how they were built; values a function
can tell apart have different ones (`docs/keys`): every kind is tagged, every length is written. FROZEN: the digest
of a value is SHA-256 of

- trees of exact None, bool, int, float, str, bytes, list, tuple, dict: their pickle, protocol 4, without memo;
- in it, scalar NaNs as one token, large text and bytes by BLAKE3 (`content.py`), and everything else as the SHA-256
  of its tag, class name and parts (`tree.py`; the parts: `encoders.py` and `adapters/`);
- or, where a value contains itself, what it unfolds to (`graph.py`).

A change to any of it is a new `address.LAYOUT`; golden digests are tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from thds.mops.callkey.node import Refused
from thds.mops.callkey.scalars import scalar_digest
from thds.mops.callkey.tree import MOST_VISITED, TooLarge, Walk
from thds.mops.errors import UnkeyableError

if TYPE_CHECKING:
    from thds.mops.callkey.graph import Graph


def digest(value: object, path: str) -> bytes:
    """32 bytes. `path` is how messages call the value. Raises `UnkeyableError` that names the path inside it."""
    short = scalar_digest(value)
    if short is not None:
        return short
    try:
        return Walk().digest(value)
    except MemoryError:
        raise
    except Exception as caught:  # noqa: BLE001 - whatever it was, the slow walk finds out where, and raises
        error = caught
    return _slowly(value, path, error)


def _slowly(value: object, path: str, error: Exception) -> bytes:
    """Values that contain themselves or lie deep get their digest; for all else, the error that names the place."""
    from thds.mops.callkey.graph import Culprit, Graph

    if isinstance(error, TooLarge):
        raise _too_large(path) from None
    walk = Walk()
    try:
        graph = Graph(value, walk)
    except Culprit as culprit:
        at, refused = culprit.vertex.path(path), culprit.refused
        kind = type(culprit.vertex.value).__qualname__
        raise _unkeyable(at, kind, refused.reason, refused.hint) from (refused.__cause__ or refused)
    except TooLarge:
        raise _too_large(path) from None
    if graph.cyclic:
        return graph.digest()
    if isinstance(error, RecursionError):
        return _deep(value, path, graph, walk)
    if isinstance(error, Refused):
        raise _unkeyable(path, type(value).__qualname__, error.reason, error.hint) from (
            error.__cause__ or error
        )
    what = f"it changed while it was read ({type(error).__name__}: {error})"
    raise _unkeyable(path, type(value).__qualname__, what, "") from error


def _deep(value: object, path: str, graph: Graph, walk: Walk) -> bytes:
    """Nodes from the leaves up, so that none has to recurse. Builtins nested in builtins still may."""
    try:
        for node in graph.nodes():
            walk.token(node)
        return walk.digest(value)
    except TooLarge:
        raise _too_large(path) from None
    except RecursionError as error:
        deepest = graph.deepest
        at, kind = deepest.path(path), type(deepest.value).__qualname__
        raise _unkeyable(at, kind, f"it lies too deep ({deepest.depth} levels)", "") from error


def _too_large(path: str) -> UnkeyableError:
    what = f"`{path}` has no key: it unfolds to more than {MOST_VISITED:,} objects"
    hint = "lists and dicts that are shared count each time they are met; put shared parts into a class"
    return UnkeyableError(what, hint=hint, argument_path=path)


def _unkeyable(path: str, kind: str, reason: str, hint: str) -> UnkeyableError:
    return UnkeyableError(
        f"`{path}` ({kind}) has no deterministic key: {reason}", hint=hint, argument_path=path
    )
