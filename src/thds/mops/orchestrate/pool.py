"""The threads that go on with lines that had to wait: at most 16 a process, however many calls are in flight.

Functions of users never run in them: one that waits for another would wait for its own thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

MOST_THREADS: Final = 16


class _Pool:
    """Made when first needed, and anew in the child of a fork, where its threads are gone."""

    def __init__(self) -> None:
        self._executor: Executor | None = None

    def run(self, step: Callable[[], None]) -> None:
        try:
            if self._executor is None:
                from concurrent.futures import ThreadPoolExecutor

                self._executor = ThreadPoolExecutor(MOST_THREADS, "mops")
            self._executor.submit(step)
        except RuntimeError:
            step()  # the main thread has ended, after which no pool takes work; other threads may wait all the same

    def forget(self) -> None:
        self._executor = None


def run_body(body: Callable[[], None]) -> None:
    """In a thread of its own."""
    import threading

    def run() -> None:
        try:
            body()
        except Exception:
            raise  # a bug of ours: Python says so
        except BaseException:  # noqa: BLE001, S110 - exit or interrupt of the function: its future has it
            pass

    threading.Thread(target=run, name="mops-body").start()


POOL: Final = _Pool()
os.register_at_fork(after_in_child=POOL.forget)
