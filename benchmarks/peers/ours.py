"""This checkout."""

from __future__ import annotations

from typing import Any

import workload
from thds.mops import pure

IMPORT = "from thds.mops import pure"
DISTRIBUTIONS = ("mops-magic",)
ROOT = f"file://{workload.root()}"


@pure.magic(blob_root=ROOT)
def identity(number: int) -> int:
    return number


@pure.magic(blob_root=ROOT)
def length(array: Any) -> int:
    return len(array)


@pure.magic(blob_root=ROOT)
def block(number: int) -> Any:
    return workload.block(number)


@pure.magic(blob_root=ROOT)
def nap(log: str, seconds: float) -> int:
    return workload.nap(log, seconds)


@pure.magic("subprocess", blob_root=ROOT)
def elsewhere(number: int) -> int:
    return number
