"""Importing a call's modules in the server, and judging whether a process that has imported them may be forked.

A fork copies what an import made, where a new interpreter would make it anew. That is invisible, except for what the
system or the exit of one worker takes away from the others: those modules get a new interpreter a call.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from thds.mops.shims.forkserver import streams, threads, versions
from thds.mops.shims.forkserver.randomness import Generators
from thds.mops.shims.forkserver.residue import Residue
from thds.mops.worker.importing import importing


class Unfit(Exception):
    """This process must not be forked. `versions`: of the files on which that depends."""

    def __init__(self, reason: str, seen: versions.Versions) -> None:
        super().__init__(reason)
        self.reason = reason
        self.versions = seen


class Preloader:
    """What the server has imported. `versions` are those of all user's modules so far, `output` what the last
    import printed, to be shown by the worker that needed it."""

    def __init__(self) -> None:
        self.generators = Generators()
        self.versions: versions.Versions = {}
        self.output: tuple[bytes, bytes] = (b"", b"")
        self._modules: set[str] = set()

    def load(self, entry: str, modules: Iterable[str]) -> None:
        """Import what is new of the entry's module, what that names in `PRELOAD` since it will import it later, and
        `modules`. Raises Unfit; then this process is of no use for other calls either: part of it may be imported."""
        self.output = (b"", b"")
        program = entry.partition(":")[0]
        wanted = [each for each in (program, *modules) if each not in self._modules]
        if not wanted:
            return
        began_ns = time.time_ns()
        residue = Residue()
        try:
            reason = self._judge(program, wanted, residue)
        finally:
            self.versions |= versions.take(
                {*versions.users_files(), *residue.failed_in} - set(self.versions), began_ns
            )
        if reason:
            raise Unfit(reason, self.versions)
        self._modules.update(wanted)
        gc.collect()
        gc.freeze()  # a collection in a child would write to, and so copy, every object there is

    def _judge(self, program: str, names: list[str], residue: Residue) -> str | None:
        with _Captured() as captured:
            try:
                with residue, importing(may_look=False) as scope:
                    for name in names:
                        self.generators.before_import()
                        module = _import(name)
                        for each in getattr(module, "PRELOAD", ()) if name == program else ():
                            import_module(each)
                        self.generators.after_import()
            except BaseException as error:  # noqa: BLE001 - SystemExit too: whatever it is, a new interpreter will show it
                residue.saw(error)
                return f"importing it fails here: {type(error).__name__}: {error}"
        self.output = captured.output
        if scope.refused:
            return "it makes a decorated call while it is imported"
        return residue.verdict() or threads.reason_against_fork(probe=True)


class _Captured:
    """Keeps what is printed: a failed import is repeated, and printed, by a new interpreter."""

    output: tuple[bytes, bytes] = (b"", b"")

    def __enter__(self) -> _Captured:
        self._files = [os.memfd_create("import") for _ in range(2)]
        streams.replace_files(*self._files)
        return self

    def __exit__(self, *_: object) -> None:
        streams.flush()
        out, err = (os.pread(each, os.fstat(each).st_size, 0) for each in self._files)
        self.output = (out, err)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        streams.replace_files(nowhere, nowhere)
        for each in (nowhere, *self._files):
            os.close(each)


def _import(name: str) -> Any:
    """The module, or None if there is none of that name: nothing was imported then, and perhaps the worker can do
    without it, since its function came by value."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            return None
        raise
