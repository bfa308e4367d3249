"""Who holds something: a process, described for people. Written into leases and sessions.

Only `boot_id` is ever compared. Times are text for readers: no decision of the protocol looks at any clock but its own.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, NamedTuple


class Holder(NamedTuple):
    host: str
    user: str
    pid: int
    boot_id: str
    since: str

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid}) since {self.since}"

    @classmethod
    def decode(cls, fields: Any) -> Holder:
        """Whatever of it is there: a lease is no worse for a missing name."""
        fields = fields if isinstance(fields, dict) else {}
        pid = fields.get("pid")
        texts = [str(fields.get(name, "?")) for name in ("host", "user", "since")]
        boot_id = fields.get("boot_id")
        return cls(
            texts[0],
            texts[1],
            pid if isinstance(pid, int) else 0,
            boot_id if isinstance(boot_id, str) else "",
            texts[2],
        )


def this_process() -> Holder:
    """This process, as of now."""
    return Holder(os.uname().nodename, _user(), os.getpid(), boot_id(), now())


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def boot_id() -> str:
    """The same for all processes since this machine was started, containers included; "" where it cannot be told."""
    try:
        if sys.platform == "darwin":
            return _boot_id_on_macos()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""


def _boot_id_on_macos() -> str:
    import ctypes

    size = ctypes.c_size_t(64)
    buffer = ctypes.create_string_buffer(size.value)
    failed = ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", buffer, ctypes.byref(size), None, 0)
    return "" if failed else buffer.value.decode("ascii")


def _user() -> str:
    name = os.environ.get("LOGNAME") or os.environ.get("USER")
    if name:
        return name
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container with a user id that has no name
        return f"uid {os.getuid()}"
