"""One measure of one peer, in the peer's own interpreter: `python measure.py PEER MEASURE [ARGUMENT...]`.

Started by ../run.py; prints one JSON object. Times are in seconds, lists of single times unless said otherwise.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import workload

SMALL_CALLS = 200
SMALL_SECONDS = 1.5
ARRAY_REPEATS = 5
BLOCK_REPEATS = 4
FRESH_CALLS = 12


def timed(call: Callable[..., Any], *args: Any) -> float:
    start = time.perf_counter()
    call(*args)
    return time.perf_counter() - start


def _times(call: Callable[[int], Any], numbers: Iterable[int], budget_s: float) -> list[float]:
    """A time per number, and no more of them once `budget_s` seconds have gone."""
    times = []
    end = time.perf_counter() + budget_s
    for number in numbers:
        times.append(timed(call, number))
        if time.perf_counter() > end:
            break
    return times


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1024)


def versions(peer: Any) -> dict[str, Any]:
    from importlib.metadata import version

    return {name: version(name) for name in peer.DISTRIBUTIONS}


def miss(peer: Any) -> dict[str, Any]:
    """Distinct integers, after one call that pays for what happens once in a process."""
    peer.identity(-1)
    os.sync()
    return {"times": _times(peer.identity, range(SMALL_CALLS), SMALL_SECONDS)}


def hit(peer: Any) -> dict[str, Any]:
    """The integers that `miss` stored from another process, so that nothing is left in this one's memory."""
    peer.identity(-1)
    stored = int(sys.argv[3])
    return {"times": _times(peer.identity, [*range(stored)] * 5, SMALL_SECONDS)}


def array_miss(peer: Any) -> dict[str, Any]:
    """Prepares `array_hit`: the large call, and a small one of the same kind."""
    large = workload.big_array()
    peer.length(large[:10].copy())
    return {"times": [timed(peer.length, large)]}


def array_hit(peer: Any) -> dict[str, Any]:
    """The same array, made anew; its SHA-256 in turn with the hits; memory is that of the first hit alone."""
    large = workload.big_array()
    peer.length(large[:10].copy())
    gc.collect()
    before = _peak_mb()
    peer.length(large)
    extra = _peak_mb() - before
    sha, hits = [], []
    for _ in range(ARRAY_REPEATS):
        sha.append(timed(lambda: hashlib.sha256(large).digest()))
        hits.append(timed(peer.length, large))
    return {"sha256": sha, "times": hits, "extra_mb": extra}


def _reference(number: int) -> str:
    return f"{workload.root()}.reference{number}.npy"


def block_miss(peer: Any) -> dict[str, Any]:
    """`np.save` and the miss in turn."""
    import numpy as np

    peer.identity(-2)
    saves, misses = [], []
    for number in range(BLOCK_REPEATS):
        array = workload.block(number)
        saves.append(_timed_write(np.save, _reference(number), array))
        misses.append(_timed_write(peer.block, number))
    return {"np_save": saves, "times": misses}


def block_hit(peer: Any) -> dict[str, Any]:
    """`np.load` and the hit in turn, in another process than the miss; then both again with every number read."""
    import numpy as np

    peer.identity(-2)
    loads, hits, loads_read, hits_read = [], [], [], []
    for number in range(BLOCK_REPEATS):
        path = _reference(number)
        loads.append(timed(np.load, path))
        hits.append(timed(peer.block, number))
        loads_read.append(timed(lambda path: np.load(path).sum(), path))
        hits_read.append(timed(lambda number: peer.block(number).sum(), number))
        os.unlink(path)
    return {"np_load": loads, "times": hits, "np_load_read": loads_read, "times_read": hits_read}


def _timed_write(call: Callable[..., Any], *args: Any) -> float:
    """Each write finds an idle disk, and as much memory that was just a file's. Without that it differs tenfold,
    on virtual machines, by what was deleted before."""
    throwaway = f"{workload.root()}.throwaway"
    with open(throwaway, "wb") as file:
        file.write(bytes(workload.ARRAY_BYTES))
    os.sync()
    os.unlink(throwaway)
    return timed(call, *args)


def fresh(peer: Any) -> dict[str, Any]:
    """A call in a process of its own and a bare interpreter in turn, after a first call that is given by itself."""
    bare = [sys.executable, "-c", "pass"]
    subprocess.run(bare, check=True)
    first = timed(peer.elsewhere, -1)
    calls, bares = [], []
    for number in range(FRESH_CALLS):
        bares.append(timed(lambda: subprocess.run(bare, check=True)))
        calls.append(timed(peer.elsewhere, number))
    return {"bare": bares, "first": first, "times": calls}


def nap(peer: Any) -> None:
    """One of the eight: says when it is ready, waits for the word, calls, says when it is served."""
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(peer.nap(sys.argv[3], float(sys.argv[4]))), flush=True)


MEASURES: dict[str, Callable[[Any], Any]] = {
    measure.__name__: measure
    for measure in (versions, miss, hit, array_miss, array_hit, block_miss, block_hit, fresh, nap)
}


def main() -> None:
    peer = importlib.import_module(sys.argv[1])
    answer = MEASURES[sys.argv[2]](peer)
    if answer is not None:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
