"""The future of a worker process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError


class WorkerFuture(Future[None]):
    """Resolves to None when the worker ended in an orderly way. `cancel` also stops a worker that runs: the future is
    cancelled at once, the process group is asked to end and killed after `children.GRACE_S`."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self._stop = stop
        self._cancelling = threading.RLock()

    def cancel(self) -> bool:
        with self._cancelling:
            if self.cancelled():
                return True
            if not super().cancel():
                return False
            self.set_running_or_notify_cancel()  # wakes `wait` and `as_completed`
        self._stop()
        return True

    def running(self) -> bool:
        return not self.done()

    def resolve(self, error: BaseException | None) -> None:
        """Without effect on a cancelled future."""
        try:
            if error is None:
                self.set_result(None)
            else:
                self.set_exception(error)
        except InvalidStateError:
            pass
