"""A worker in an interpreter of its own: what `interpreter.start` calls there when a fork is not possible."""

from __future__ import annotations

import sys
from typing import NoReturn

from thds.mops.shims.forkserver import interpreter, program, streams


def main(entry: str, texts: str, *arguments: str) -> NoReturn:
    """`texts`: two digits, for (stdout, stderr), as in `protocol.Order`. The end is the interpreter's own."""
    interpreter.close_leaked()
    streams.install()
    streams.adjust((texts[0] == "1", texts[1] == "1"))
    sys.exit(program.run(entry, arguments))
