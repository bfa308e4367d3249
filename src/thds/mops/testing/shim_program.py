"""What the shim contract runs in the place of `thds.mops.worker.run:main`. Imports little: it starts often."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from thds.mops.worker.exit_codes import RESULT_STORED


def main(arguments: Sequence[str]) -> int:
    """Note all arguments in the folder that the first one names, and do what the second one says."""
    folder, action, *rest = arguments
    note = Path(folder, f"{action}.{os.getpid()}")
    note.write_text(json.dumps(list(arguments)))
    note.rename(Path(folder, f"{action}.json"))
    if action == "wait":
        while not Path(folder, rest[0]).exists():
            time.sleep(0.002)
    if action == "crash":
        os.kill(os.getpid(), int(rest[0]))
    return int(rest[0]) if action == "exit" else RESULT_STORED
