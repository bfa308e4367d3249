"""The functions every peer memoizes, and their data. Each peer decorates its own four one-liners that call these."""

from __future__ import annotations

import os
import time
from typing import Any

ARRAY_BYTES = 100_000_000


def root() -> str:
    """Where the peer keeps its blobs: a fresh directory, on the same file system for all peers."""
    return os.environ["BENCH_ROOT"]


def big_array(seed: int = 0) -> Any:
    """100 MB of numbers nobody can compress; NumPy is imported only by the measures that need it."""
    import numpy as np

    return np.random.default_rng(seed).random(ARRAY_BYTES // 8)


_blocks: dict[int, Any] = {}


def block(number: int) -> Any:
    """A 100 MB array that is made before the clock starts: the body of the call costs nothing."""
    if number not in _blocks:
        _blocks[number] = big_array(number)
    return _blocks[number]


def nap(log: str, seconds: float) -> int:
    """Write down that a body runs, and in which process; then take that long."""
    with open(log, "a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return os.getpid()
