"""Renewing a session's blob by compare and swap, where no OS lock tells whether its process lives. Started by session.

A renewal that failed is no loss: it is tried again, sooner. Lost is only a session whose blob somebody else replaced or
removed; that is reported once, and renewals stop.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Literal, Protocol

from thds.mops.callkey import address
from thds.mops.lease.record import Record, decode
from thds.mops.stores.base import Get, Put, Replace, Version

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class GetPut(Get, Put, Protocol):
    """What renewals need of a store."""


class Heartbeat:
    """Beats every third of the period, on a daemon thread of its own: a store that hangs holds up nobody else."""

    def __init__(
        self,
        store: GetPut,
        record: Record,
        version: Version,
        lost: Callable[[Literal["replaced", "removed"]], None],
    ) -> None:
        self._store = store
        self._key = address.session(record.id)
        self._record = record
        self._version = version
        self._lost = lost
        self._unanswered: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mops-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no renewal is under way any more, or after a second."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        pause_s = self._record.period_s / 3
        while not self._stop.wait(pause_s):
            started = time.monotonic()
            try:
                lost = self._beat()
            except Exception as error:  # noqa: BLE001 - a store of somebody else may raise anything, and this must go on
                log.warning("session %s could not be renewed, trying again: %s", self._record.id, error)
                pause_s = self._record.period_s / 12
                continue
            if lost is not None:
                self._lost(lost)
                return
            pause_s = max(0.0, self._record.period_s / 3 - (time.monotonic() - started))

    def _beat(self) -> Literal["replaced", "removed"] | None:
        record = self._record.next()
        self._unanswered.add(record.nonce)
        version = self._store.put(self._key, [record.encode()], Replace(self._version))
        if version is None:
            found = self._store.get(self._key)
            if found is None:
                return "removed"
            there = decode(found.body, self._key)
            if there is None or there.nonce not in {self._record.nonce, *self._unanswered}:
                return "replaced"
            # Ours after all: a renewal was applied, and its answer lost.
            record, version = there, found.version
        self._record, self._version = record, version
        self._unanswered.clear()
        return None
