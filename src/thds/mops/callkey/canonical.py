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

from thds.mops.callkey.scalars import scalar_digest


def digest(value: object, path: str) -> bytes:
    """32 bytes. `path` is how messages call the value. Raises `UnkeyableError` that names the path inside it."""
    short = scalar_digest(value)
    if short is not None:
        return short
    from thds.mops.callkey.tree import Walk  # with the first value that is no scalar

    try:
        return Walk().digest(value)
    except MemoryError:
        raise
    except Exception as caught:  # noqa: BLE001 - whatever it was, the slow walk finds out where, and raises
        error = caught
    from thds.mops.callkey.thorough import slowly

    return slowly(value, path, error)
