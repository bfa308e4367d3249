"""diskcache's `Cache.memoize`, with its defaults but for the size limit, which would evict the large results."""

from __future__ import annotations

from typing import Any

import diskcache

import workload

IMPORT = "import diskcache"
DISTRIBUTIONS = ("diskcache",)
cache = diskcache.Cache(workload.root(), size_limit=1 << 40)


@cache.memoize()
def identity(number: int) -> int:
    return number


@cache.memoize()
def length(array: Any) -> int:
    return len(array)


@cache.memoize()
def block(number: int) -> Any:
    return workload.block(number)


@cache.memoize()
def nap(log: str, seconds: float) -> int:
    return workload.nap(log, seconds)
