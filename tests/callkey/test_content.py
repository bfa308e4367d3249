"""Large content by its BLAKE3 digest, hashed in place, however it comes, and safely beside forks."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import blake3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thds.mops.callkey import content

FORK = """
import os
from thds.mops.callkey import content
data = bytes(50_000_000)
before = content.blake3(data)
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.write(writing, content.blake3(data))
    os._exit(0)
assert os.read(reading, 32) == before
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("size", [0, 1, content.LARGE - 1, content.LARGE, content.BLOCK + 1, 9_000_000])
def test_digest_or_bytes(size: int) -> None:
    """Below the threshold the bytes themselves; above it the digest anybody's BLAKE3 gives, threads or not."""
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    expected = b"=" + data if size < content.LARGE else b"#" + blake3.blake3(data).digest()
    assert content.stand_in(data) == content.stand_in(bytearray(data)) == expected
    assert content.stand_in_of(data[start : start + 70_001] for start in range(0, size, 70_001)) == expected
    assert content.blake3(data) == blake3.blake3(data).digest()


@given(st.lists(st.text(max_size=3) | st.none(), max_size=30), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_batches_of_texts_do_not_show(texts: list[str | None], size: int) -> None:
    """A column of text is the same in one batch or in many; missing is not empty, nor are limits moved."""
    whole, parts = content.Texts(), content.Texts()
    whole.add(texts)
    for start in range(0, len(texts), size):
        parts.add(texts[start : start + size])
    assert whole.stand_in() == parts.stand_in()
    changed = content.Texts()
    changed.add([*texts, "" if texts and texts[-1] is None else None])
    assert changed.stand_in() != whole.stand_in()


def test_validity_in_any_pieces() -> None:
    """Marks where something is missing, none where nothing is; how rows come does not show."""

    def validity(*pieces: bytes) -> object:
        made = content.Validity()
        for piece in pieces:
            made.add(len(piece), piece if 0 in piece else None)
        return made.stand_in()

    assert validity(b"\1\1", b"\1") == validity(b"\1" * 3) == (3, None)
    assert validity(b"\1\1", b"\0", b"\1") == validity(b"\1\1\0\1") == validity(b"\1", b"\1\0\1")
    assert len({validity(b"\1\0"), validity(b"\0\1"), validity(b"\1\1"), validity(b"\0\0")}) == 4


def test_nothing_is_copied() -> None:
    """A large text, bytes and bytearray are hashed in pieces or in place."""
    from thds.mops.callkey.canonical import digest

    values = ["é" * 10_000_000, bytes(20_000_000), bytearray(20_000_000), memoryview(bytes(20_000_000))]
    digest("é" * content.LARGE, "x")
    for value in values:
        tracemalloc.start()
        digest([value, value], "x")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5_000_000, type(value)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_forked_child_can_hash() -> None:
    """BLAKE3's own pool of threads is not there in a child: hashing with it would wait for ever."""
    subprocess.run([sys.executable, "-W", "error", "-c", FORK], check=True, timeout=60)
