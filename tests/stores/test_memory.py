"""`memory://`: the store contract, and what is particular to it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thds.mops.stores.base import CREATE, Store
from thds.mops.stores.memory import MemoryStore
from thds.mops.stores.registry import open_store
from thds.mops.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore("test")


def test_a_name_is_one_store_and_another_name_another() -> None:
    """What one part of a process writes under a name, another part reads."""
    open_store("memory://shared").put("a", [b"x"], CREATE)
    assert open_store("memory://shared/").get("a") is not None
    assert open_store("memory://other").get("a") is None


def test_the_parts_are_copied() -> None:
    """A writer that goes on using its buffer does not change the blob."""
    store, buffer = MemoryStore("test"), bytearray(b"abc")
    store.put("a", [buffer], CREATE)
    buffer[:] = b"xyz"
    found = store.get("a")
    assert found is not None
    assert found.body == b"abc"


_FORK = """
import os
from thds.mops.stores.base import CREATE
from thds.mops.stores.memory import MemoryStore
store = MemoryStore("test")
store.put("a", [b"x"], CREATE)
with store._lock:  # what a thread that the child does not have would leave behind
    child = os.fork()
    if child == 0:
        os._exit(0 if store.get("a") is None and store.put("a", [b"y"], CREATE) is not None else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert store.get("a").body == b"x"
"""


def test_a_forked_child_starts_empty_and_does_not_hang() -> None:
    """Even if another thread was inside the store when the process forked."""
    subprocess.run([sys.executable, "-c", _FORK], check=True, timeout=30)
