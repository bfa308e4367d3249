"""What imports leave behind in a server that the workers forked from it must not share."""

from __future__ import annotations

import atexit
import os
import stat
import sys
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from thds.mops.shims.forkserver import versions
from thds.mops.shims.forkserver.randomness import unseeded_in


class Residue:
    """What imports leave behind that forked children must not share: a context manager around them."""

    def __init__(self) -> None:
        self.failed_in: set[str] = set()
        self._exit_handlers: list[str] = []

    def __enter__(self) -> None:
        self._files = _open_files()
        self._modules = set(sys.modules)
        self._register = atexit.register
        atexit.register = self._registering

    def __exit__(self, *_: object) -> None:
        atexit.register = self._register

    def _registering(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        by = sys._getframe(1).f_code.co_filename
        if versions.is_users(by):
            self._exit_handlers.append(by)
        return self._register(func, *args, **kwargs)

    def saw(self, error: BaseException) -> None:
        """Note the user's files in a failed import's traceback: when they change, it is worth another try."""
        seen: BaseException | None = error
        while seen is not None:
            frame = seen.__traceback__
            while frame is not None:
                self.failed_in.add(frame.tb_frame.f_code.co_filename)
                frame = frame.tb_next
            if isinstance(seen, SyntaxError) and seen.filename:
                self.failed_in.add(seen.filename)
            seen = seen.__cause__ or seen.__context__
        self.failed_in = {each for each in self.failed_in if versions.is_users(each)}

    def verdict(self) -> str | None:
        if self._exit_handlers:
            return f"{self._exit_handlers[0]} registers an exit handler while it is imported"
        if _has_temporary_folder():
            return "it makes a temporary folder while it is imported"
        if left_open := _open_files() - self._files:
            return f"it leaves a file or socket open while it is imported (file descriptor {min(left_open)})"
        if generator := unseeded_in(self._users_new_modules()):
            return f"it has an unseeded random generator, {generator}"
        return None

    def _users_new_modules(self) -> list[ModuleType]:
        new = [module for name, module in list(sys.modules.items()) if name not in self._modules]
        return [each for each in new if versions.is_users(str(getattr(each, "__file__", "")))]


def _open_files() -> set[int]:
    """File descriptors whose sharing can be seen. Devices (/dev/null, /dev/urandom) are none."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISCHR(os.fstat(int(name)).st_mode):
                found.add(int(name))
        except OSError:  # it was the listing itself
            pass
    return found


def _has_temporary_folder() -> bool:
    finalizers = getattr(weakref.finalize, "_registry", {})
    return any(
        getattr(each.func, "__qualname__", "").startswith("TemporaryDirectory.")
        for each in finalizers.values()
    )
