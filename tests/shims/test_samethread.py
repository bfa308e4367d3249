"""The shim that runs a worker in this thread."""

from __future__ import annotations

import threading

import pytest

from thds.mops.errors import ShimError
from thds.mops.shims import samethread

from .conftest import Room


def test_runs_in_this_thread(room: Room) -> None:
    """The entry is called here, with a list of its own."""
    room.write(
        "here", "import threading\nseen = []\ndef main(argv): seen.append((argv, threading.get_ident()))\n"
    )
    given = ("a", "b")
    with pytest.raises(ShimError, match="exit code None"):
        samethread.run(given, entry="here:main")
    import here  # type: ignore[import-not-found]

    assert here.seen == [(["a", "b"], threading.get_ident())]


def test_builder() -> None:
    """Whatever the call, it is the same shim."""
    assert samethread.build(len, ([],), {}) is samethread.run
