"""The one thread in a caller that waits for servers, workers and their output. Used by `client` only.

It is there while something is under way and ends with it, so that a program that forks meets no thread of ours between
calls. Everything that `post` runs, it runs there: what only they touch needs no lock.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections import deque
from collections.abc import Callable

Step = Callable[[], None]
_PATIENCE_S = 1.0


class Loop:
    """`holds` counts what is under way, `turn` is called after each wait and `timeout` before: both by the thread, like
    everything that is posted. `failed` is called with what any of them raises, which is a bug of ours."""

    def __init__(
        self, turn: Step, timeout: Callable[[], float | None], failed: Callable[[BaseException], None]
    ) -> None:
        self.selector = selectors.DefaultSelector()
        self.holds = 0
        self._turn = turn
        self._timeout = timeout
        self._failed = failed
        self._lock = threading.Lock()
        self._posted: deque[Step] = deque()
        self._thread: threading.Thread | None = None
        self._bell, self._button = os.pipe()
        for each in (self._bell, self._button):
            os.set_blocking(each, False)
        self.selector.register(self._bell, selectors.EVENT_READ, self._answer)

    def post(self, step: Step) -> None:
        """Have the thread call `step` soon, after all that was posted before. From any thread."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="mops-subprocess", daemon=True)
                thread.start()  # raises when the interpreter is shutting down
                self._thread = thread
            self._posted.append(step)
        self._ring()

    def run(self, step: Step) -> None:
        """Like `post`, but it is done when this returns, or a second has passed."""
        done = threading.Event()
        try:
            self.post(step)
            self.post(done.set)
        except (
            RuntimeError
        ):  # the interpreter is shutting down and the thread has ended: nothing is under way
            return
        if threading.current_thread() is not self._thread:
            done.wait(_PATIENCE_S)

    def abandon(self) -> None:
        """In a forked child, where the thread does not exist: close the files, which are the parent's."""
        self.selector.close()
        os.close(self._bell)
        os.close(self._button)

    def _run(self) -> None:
        while True:
            try:
                self._one_turn()
            except BaseException as error:  # noqa: BLE001 - nobody may wait for ever for a thread that has died
                self._failed(error)
            with self._lock:
                if not self._posted and self.holds <= 0:
                    self._thread = None
                    return

    def _one_turn(self) -> None:
        while self._posted:
            self._posted.popleft()()
        if self.holds > 0:
            for key, _ in self.selector.select(self._timeout()):
                key.data()
            self._turn()

    def _ring(self) -> None:
        try:
            os.write(self._button, b"!")
        except BlockingIOError:  # it is ringing already
            pass

    def _answer(self) -> None:
        try:
            os.read(self._bell, 4096)
        except BlockingIOError:
            pass
