"""The program of every worker: call an entry with the arguments, answer with an exit code. Used by forked children and
fresh interpreters alike."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from thds.mops.shims.base import import_path

#: `sys.argv[0]` of every worker, however it was started.
PROGRAM = "thds.mops.worker"


def run(entry: str, arguments: Sequence[str]) -> int:
    """The exit code that an interpreter running this program would have; shows what it raises as that would."""
    sys.argv = [PROGRAM, *arguments]
    try:
        return int(import_path(entry)(list(arguments)) or 0) & 0xFF
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return (request.code or 0) & 0xFF
        print(request.code, file=sys.stderr)
        return 1
    except BaseException as error:  # noqa: BLE001 - shown, as an interpreter does
        sys.excepthook(*sys.exc_info())
        return 130 if isinstance(error, KeyboardInterrupt) else 1
