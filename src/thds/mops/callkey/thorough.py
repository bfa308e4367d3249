"""The second, slow walk over a value that the fast one could not digest: values that contain themselves or lie deep,
and to find the place that has no key. Called by `canonical.digest`.
"""

from __future__ import annotations

from thds.mops.callkey.graph import Culprit, Graph
from thds.mops.callkey.node import Refused
from thds.mops.callkey.tree import MOST_VISITED, TooLarge, Walk
from thds.mops.errors import UnkeyableError


def slowly(value: object, path: str, error: Exception) -> bytes:
    """Values that contain themselves or lie deep get their digest; for all else, the error that names the place."""
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
