"""What the header of a blob tells: who made it, when, where, from what. Written by commit, read by tools and futures.

Nothing here is needed to decode a value; all of it can be read without unpickling. It cannot be filled in later, so
it is all here from the first day.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, NamedTuple


def opening(kind: str, digest: str) -> str:
    """How the header of every blob begins; what it says of the code comes next."""
    return f'{{"kind":"{kind}","digest":"{digest}","code":"'


class Metadata(NamedTuple):
    """Attributes:

    function, pipeline_id, logic_key: what the result is of. digest: the call's key, 64 hex digits.
    code: interpreter's minor version and a digest of the function's code that made it.
    arguments: per parameter, the digest of its value (hex).
    user, host, pid, python, mops: who made it, with what. shim: where its settings sent it.
    started_at, ended_at: ISO 8601, UTC, by the clock of the machine that ran it. took_s: seconds, monotonic.
    """

    function: str
    pipeline_id: str
    logic_key: str
    digest: str
    code: str
    arguments: dict[str, str]
    user: str
    host: str
    pid: int
    python: str
    mops: str
    shim: str
    started_at: str
    ended_at: str
    took_s: float

    @classmethod
    def of_header(cls, header: dict[str, Any]) -> Metadata:
        return cls(**{name: header[name] for name in cls._fields})


@functools.cache
def _maker(pid: int) -> dict[str, Any]:
    import socket

    from thds.mops import __version__

    python = ".".join(map(str, sys.version_info[:3]))
    return {"user": user(), "host": socket.gethostname(), "pid": pid, "python": python, "mops": __version__}


def maker() -> dict[str, Any]:
    """Who writes: cached per process, so that a forked child speaks for itself."""
    return _maker(os.getpid())


def user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # containers run user ids that nobody named
        return str(os.getuid())
