"""The caller's interpreter as it is at a call, and starting another one like it. Called in the caller only.

A server is what a new interpreter would be after importing, so it belongs to everything that importing can see:
`sys.path`, the working directory and the environment as well, not just the executable and its flags.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: Variables that change all the time and that nothing reads while it is imported: they are sent with each call.
VOLATILE = ("PYTEST_CURRENT_TEST",)

#: Where a new interpreter finds its end of the socket.
CONTROL = 3

_LETTERS = {
    "debug": "d",
    "dont_write_bytecode": "B",
    "no_site": "S",
    "verbose": "v",
    "bytes_warning": "b",
    "quiet": "q",
}
_UNLESS_ISOLATED = {"ignore_environment": "E", "no_user_site": "s", "safe_path": "P"}


class Interpreter(NamedTuple):
    """Equal ones can share a server. `cwd` is None where the working directory no longer exists."""

    executable: str
    flags: tuple[str, ...]
    path: tuple[str, ...]
    cwd: str | None
    environ: tuple[tuple[str, str], ...]

    def start(
        self, entry: str, arguments: Sequence[str], volatile: Mapping[str, str], files: Sequence[int]
    ) -> int:
        """The process id of a new interpreter, leader of a process group of its own, that calls
        `entry(*arguments)`, a `module:function`, with this `sys.path`. `files` become its file descriptors 1, 2, ...;
        0 is empty. Raises OSError or ValueError (a NUL in an argument)."""
        command = [self.executable, *self.flags, "-c", self._bootstrap(entry), *arguments]
        return os.posix_spawn(
            self.executable,
            command,
            {**dict(self.environ), **volatile},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                *((os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(files, 1)),
            ],
            setpgroup=0,
            setsigmask=(),
            setsigdef=_signals_python_ignores(),
        )

    def _bootstrap(self, entry: str) -> str:
        module, _, function = entry.partition(":")
        chdir = f"posix.chdir({self.cwd!a}); " if self.cwd is not None else ""
        return (
            f"import sys, posix; {chdir}sys.path[:] = {[*self.path]!a}; "
            f"from {module} import {function} as run; del posix; run(*sys.argv[1:])"
        )


def capture() -> tuple[Interpreter, dict[str, str]]:
    """This interpreter as it is now, and the volatile variables."""
    environ = dict(os.environ)
    volatile = {name: environ.pop(name) for name in VOLATILE if name in environ}
    path = tuple(each for each in list[object](sys.path) if isinstance(each, str))
    return Interpreter(sys.executable or "", _flags(), path, _cwd(), tuple(environ.items())), volatile


def duplicate(fd: int) -> int:
    """A private copy of an open file, closed on exec, whose number cannot be in the way of 0, 1, 2 and `CONTROL`."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)


def close_leaked() -> None:
    """In a new interpreter, close what the caller's libraries left open across exec. What this interpreter opened
    itself so far is not inheritable and stays."""
    for name in os.listdir("/dev/fd"):
        fd = int(name)
        try:
            if fd > 2 and os.get_inheritable(fd):
                os.close(fd)
        except OSError:  # it was the listing itself
            pass


def _flags() -> tuple[str, ...]:
    flags = [f"-{letter * value}" for name, letter in _LETTERS.items() if (value := getattr(sys.flags, name))]
    if sys.flags.isolated:
        flags.append("-I")
    else:
        flags += [f"-{letter}" for name, letter in _UNLESS_ISOLATED.items() if getattr(sys.flags, name)]
    if sys.flags.optimize:
        flags.append("-" + "O" * sys.flags.optimize)
    flags += [f"-W{option}" for option in sys.warnoptions]
    for name, value in sys._xoptions.items():
        flags += ["-X", name if value is True else f"{name}={value}"]
    return tuple(flags)


def _cwd() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def _signals_python_ignores() -> Iterable[int]:
    # inherited as ignored, they would stay so in what the worker starts; SIGCHLD ignored would lose exit codes
    import signal

    return [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD]
