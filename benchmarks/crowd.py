"""Eight processes make the same call at once: how often does its body run, and what if the winner is killed?"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

PROCESSES = 8
BODY_S = 2.0
KILL_AFTER_S = 1.0
PATIENCE_S = 300.0


def run(command: list[str], environment: dict[str, str], log: Path, *, kill: bool) -> dict[str, float]:
    """`bodies` that ran, `served` callers, and `last_s`: seconds from the word to go until the last one was.

    `command` is one caller's (see `nap` in peers/measure.py). With `kill`, SIGKILL goes to the process that runs the
    first body, one second after it began.
    """
    pipe = subprocess.PIPE
    callers = [
        subprocess.Popen(
            [*command, str(log), str(BODY_S)],
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        for _ in range(PROCESSES)
    ]
    try:
        _wait_until_ready(callers)
        start = time.perf_counter()
        _give_the_word(callers)
        if kill:
            _kill_the_winner(log)
        served = _count_answers(callers, start)
    finally:
        for caller in callers:
            caller.kill()
            caller.communicate()
    return {"bodies": len(log.read_text().splitlines()), **served}


def _wait_until_ready(callers: list[subprocess.Popen[bytes]]) -> None:
    for caller in callers:
        assert caller.stdout is not None
        if caller.stdout.readline() != b"ready\n":
            raise RuntimeError(f"a caller ended before it was ready: {caller.args!r}")


def _give_the_word(callers: list[subprocess.Popen[bytes]]) -> None:
    for caller in callers:
        assert caller.stdin is not None
        caller.stdin.write(b"go\n")
        caller.stdin.flush()


def _kill_the_winner(log: Path) -> None:
    while not (log.exists() and log.read_text().endswith("\n")):
        time.sleep(0.005)
    winner = int(log.read_text().split()[0])
    time.sleep(KILL_AFTER_S)
    os.kill(winner, signal.SIGKILL)


def _count_answers(callers: list[subprocess.Popen[bytes]], start: float) -> dict[str, float]:
    """Waits for all; whoever has not answered when patience ends is not served."""
    served, last = 0, 0.0
    for caller in callers:
        try:
            caller.wait(timeout=max(0.1, start + PATIENCE_S - time.perf_counter()))
        except subprocess.TimeoutExpired:
            continue
        if caller.returncode == 0:
            served += 1
            last = max(last, time.perf_counter() - start)
    return {"served": served, "last_s": last}
