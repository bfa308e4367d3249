"""joblib's `Memory`, with its defaults."""

from __future__ import annotations

from typing import Any

import joblib

import workload

IMPORT = "import joblib"
DISTRIBUTIONS = ("joblib",)
memory = joblib.Memory(workload.root(), verbose=0)


@memory.cache
def identity(number: int) -> int:
    return number


@memory.cache
def length(array: Any) -> int:
    return len(array)


@memory.cache
def block(number: int) -> Any:
    return workload.block(number)


@memory.cache
def nap(log: str, seconds: float) -> int:
    return workload.nap(log, seconds)
