"""What a forked child does instead of what a new interpreter does before and after running its program.

Called by the server right after the fork; never returns. The end is not the interpreter's own, which takes apart
everything that was imported: only what users can see of it happens.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

from thds.mops.shims.forkserver import program, streams
from thds.mops.shims.forkserver.interpreter import VOLATILE
from thds.mops.shims.forkserver.protocol import Order
from thds.mops.shims.forkserver.randomness import Generators


def become(
    order: Order,
    files: Sequence[int],
    leave_server: Callable[[], None],
    printed: tuple[bytes, bytes],
    generators: Generators,
) -> NoReturn:
    """Run the worker in this process and end it. `leave_server` closes what is the server's alone; `printed` is what
    importing for this call wrote, shown first."""
    code = 1
    try:
        leave_server()
        _settle(order, files, printed, generators)
        code = program.run(order.entry, order.arguments)
        _end()
    except BaseException:  # noqa: BLE001 - nothing may return into the server's code
        sys.excepthook(*sys.exc_info())
        streams.flush()
    finally:
        os._exit(code)


def _settle(order: Order, files: Sequence[int], printed: tuple[bytes, bytes], generators: Generators) -> None:
    os.setpgid(0, 0)
    streams.replace_files(*files)
    for fd, text in zip(files, printed, strict=True):
        _write(fd, text)
        os.close(fd)
    streams.adjust(order.texts)
    for name in VOLATILE:
        os.environ.pop(name, None)
    os.environ.update(order.environ)
    generators.in_child()


def _end() -> None:
    """Wait for threads, run exit handlers, write out what is buffered."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
    except BaseException:  # noqa: BLE001 - an interrupt while waiting: an interpreter goes on to the exit handlers
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    streams.flush()


def _write(fd: int, text: bytes) -> None:
    try:
        while text:
            text = text[os.write(fd, text) :]
    except OSError:  # nobody reads
        pass
