"""The shim that runs the worker in this thread. `orchestrate` knows its name and computes such calls itself, without a
worker; this is for whoever hands the shim around as a callable, and for the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thds.mops.shims.base import WORKER_ENTRY, Shim, ended_badly, import_path
from thds.mops.worker.exit_codes import ORDERLY


def run(arguments: Sequence[str], entry: str = WORKER_ENTRY) -> None:
    """Run the worker here and now. Raises `ShimError` if it does not end in an orderly way; what it raises passes."""
    code = import_path(entry)(list(arguments))
    if code not in ORDERLY:
        raise ended_badly(arguments, f"exit code {code}")


def build(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Shim:  # noqa: ARG001
    """The shim builder named `samethread`."""
    return run
