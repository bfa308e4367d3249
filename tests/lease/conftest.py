"""Addresses, and processes that can be killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from thds.mops.callkey.address import Address
from thds.mops.lease import session, waiter

_START = """
import os, signal, sys, threading, time
from thds.mops.callkey.address import Address
from thds.mops.lease.acquire import Abandoned, Held, HeldBy, acquire, adopt, fail, release
from thds.mops.lease.session import Session, close_all
from thds.mops.lease.waiter import Committed, Failed, Gone, Stale, describe, watch
from thds.mops.stores.base import CREATE, Replace
from thds.mops.stores.file import FileStore

class NoLocks(FileStore):  # as on a network file system: sessions are renewed, and judged by time
    def hold(self, key):
        return None

root, *arguments = sys.argv[1:]
address = Address("file://" + root, "mops/1/magic/f", "ab" * 32)

def say(*words):
    print(*words, flush=True)

def hear():
    return sys.stdin.readline().strip()
"""


class Process:
    """Another process at the same root: what it says, and what it is told."""

    def __init__(self, script: str, *arguments: str) -> None:
        command = [sys.executable, "-c", _START + textwrap.dedent(script), *arguments]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().rstrip("\n")

    def tell(self, words: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(words + "\n")
        self.popen.stdin.flush()

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def ends(self) -> list[str]:
        """Its last lines; it must end well."""
        out = self.popen.communicate(timeout=60)[0]
        assert self.popen.returncode == 0
        return out.splitlines()


@pytest.fixture
def root(tmp_path: Path) -> str:
    return f"{tmp_path}/root"


@pytest.fixture
def address(root: str) -> Address:
    return Address(f"file://{root}", "mops/1/magic/f", "ab" * 32)


@pytest.fixture
def start(root: str) -> Iterator[Callable[..., Process]]:
    """Start a process; `store` is for it to make."""
    started: list[Process] = []

    def start(script: str, *arguments: str) -> Process:
        started.append(Process(script, root, *arguments))
        return started[-1]

    yield start
    for process in started:
        with process.popen:
            process.popen.kill()


@pytest.fixture(autouse=True)
def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No session and no thread of one test lives on in the next. Looks are more frequent than in earnest."""
    for name, value in {"_IDLE_S": 0.01, "_CHEAP_S": 0.01, "_FIRST_S": 0.02}.items():
        monkeypatch.setattr(waiter, name, value)
    yield
    session.close_all()
    thread = waiter._waiter._thread
    for round in list(waiter._waiter._rounds.values()):
        for asker in round.askers:
            asker.future.cancel()
    if thread is not None:
        thread.join(10)
        assert not thread.is_alive()
