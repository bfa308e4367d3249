"""Figures of this library beside its peers', as a Markdown table: `python benchmarks/run.py` (or `scripts/bench`).

Each round measures everything for every peer, the peers in turn and in another order each time, every measure in a
process of its own, all blobs below one temporary directory. A figure is the median over the rounds. Read the ratios:
they survive a change of machine, times do not. `--quick` is one round without the two measures that wait for seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crowd
import report
import venvs

MEASURE = Path(__file__).resolve().parent / "peers" / "measure.py"
IMPORTS_PER_ROUND = 12
TIMEOUT_S = 300

Samples = dict[str, list[float]]


class Bench:
    """Where one peer is measured: its interpreter, and a fresh root for each measure that begins anew."""

    def __init__(self, peer: str, python: str, scratch: Path) -> None:
        self.peer = peer
        self.python = python
        self._scratch = scratch
        self.root = scratch

    def begin(self) -> None:
        """An empty root. What the measures before left is removed, so that the disk never fills."""
        if self.root != self._scratch:
            shutil.rmtree(self.root, ignore_errors=True)
        self.root = Path(tempfile.mkdtemp(dir=self._scratch, prefix=f"{self.peer}-"))

    def environment(self) -> dict[str, str]:
        home = self._scratch / "home"
        home.mkdir(exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MOPS"))}
        # As if the peer's environment were active: the upstream package starts its workers as `python`.
        path = f"{Path(self.python).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
        adapters = str(MEASURE.parent)
        return {**kept, "HOME": str(home), "PATH": path, "PYTHONPATH": adapters, "BENCH_ROOT": str(self.root)}

    def command(self, measure: str, *arguments: object) -> list[str]:
        return [self.python, str(MEASURE), self.peer, measure, *map(str, arguments)]

    def measure(self, measure: str, *arguments: object) -> dict[str, Any]:
        """What the measure prints. A peer that cannot do it ends the run: a table with holes misleads."""
        command = self.command(measure, *arguments)
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=TIMEOUT_S
        )
        if done.returncode != 0:
            sys.exit(f"{done.stderr}\nerror: {self.peer} failed at {measure!r}")
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def measure_import(bench: Bench, bare_python: str) -> Iterator[tuple[str, float]]:
    """The import and a bare interpreter in turn."""
    statement = _import_statement(bench.peer)
    count = f"import sys; before = len(sys.modules)\n{statement}\nprint(len(sys.modules) - before)"
    command, bare = [bench.python, "-c", statement], [bare_python, "-c", "pass"]
    environment = bench.environment()
    modules = subprocess.run([bench.python, "-c", count], env=environment, check=True, capture_output=True)
    imports, bares = [], []
    for _ in range(IMPORTS_PER_ROUND):
        bares.append(_run_time(bare, environment))
        imports.append(_run_time(command, environment))
    yield "import", statistics.median(imports) / statistics.median(bares)
    yield "modules", int(modules.stdout)


def _import_statement(peer: str) -> str:
    line = next(
        line for line in (MEASURE.parent / f"{peer}.py").read_text().splitlines() if line.startswith("IMPORT")
    )
    return json.loads(line.partition("=")[2])  # type: ignore[no-any-return]


def _run_time(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - start


def measure_small(bench: Bench) -> Iterator[tuple[str, float]]:
    bench.begin()
    misses = bench.measure("miss")["times"]
    yield "miss_us", statistics.median(misses) * 1e6
    yield "hit_us", statistics.median(bench.measure("hit", len(misses))["times"]) * 1e6


def measure_array(bench: Bench) -> Iterator[tuple[str, float]]:
    bench.begin()
    bench.measure("array_miss")
    answer = bench.measure("array_hit")
    yield "array_hit", statistics.median(answer["times"]) / statistics.median(answer["sha256"])
    yield "array_mb", answer["extra_mb"]


def measure_block(bench: Bench) -> Iterator[tuple[str, float]]:
    bench.begin()
    miss = bench.measure("block_miss")
    hit = bench.measure("block_hit")
    yield "block_miss", statistics.median(miss["times"]) / statistics.median(miss["np_save"])
    yield "block_hit", statistics.median(hit["times"]) / statistics.median(hit["np_load"])
    yield "block_read", statistics.median(hit["times_read"]) / statistics.median(hit["np_load_read"])


def measure_fresh(bench: Bench) -> Iterator[tuple[str, float]]:
    if bench.peer in ("ours", "upstream"):  # the others have no way to run a call elsewhere
        bench.begin()
        answer = bench.measure("fresh")
        bare = statistics.median(answer["bare"])
        yield "fresh", statistics.median(answer["times"]) / bare
        yield "fresh_first", answer["first"] / bare


def measure_crowd(bench: Bench) -> Iterator[tuple[str, float]]:
    bench.begin()
    answer = crowd.run(bench.command("nap"), bench.environment(), bench.root / "log", kill=False)
    yield "bodies", answer["bodies"]
    yield "crowd_s", answer["last_s"]


def measure_killed(bench: Bench) -> Iterator[tuple[str, float]]:
    """Says something only where the others waited for the one that is killed."""
    bench.begin()
    answer = crowd.run(bench.command("nap"), bench.environment(), bench.root / "log", kill=True)
    if answer["bodies"] < crowd.PROCESSES:
        yield "killed_s", answer["last_s"] if answer["served"] == crowd.PROCESSES - 1 else float("inf")


def measure_all(benches: list[Bench], rounds: int, *, quick: bool) -> dict[str, Samples]:
    measures = [measure_small, measure_array, measure_block, measure_fresh]
    if not quick:
        measures += [measure_crowd, measure_killed]
    samples: dict[str, Samples] = {bench.peer: defaultdict(list) for bench in benches}
    bare_python = benches[0].python
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for bench in _shuffled(benches, number):
            for name, value in measure_import(bench, bare_python):
                samples[bench.peer][name].append(value)
        for measure in measures:
            for bench in _shuffled(benches, number):
                for name, value in measure(bench):
                    samples[bench.peer][name].append(value)
    return samples


def _shuffled(benches: list[Bench], seed: int) -> list[Bench]:
    return random.Random(seed).sample(benches, len(benches))


def describe(benches: list[Bench], rounds: int) -> str:
    found: dict[str, str] = {}
    for bench in benches:
        bench.begin()
        found.update(bench.measure("versions"))
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"Python {platform.python_version()}, {system}; medians of {rounds} rounds; {versions}."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    parser.add_argument(
        "--quick", action="store_true", help="one round, without the measures that wait for seconds"
    )
    parser.add_argument("--peers", nargs="+", choices=list(venvs.PEERS), default=list(venvs.PEERS))
    parser.add_argument("--tmp", type=Path, help="a directory on the file system to measure")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    peers = ["floor", *(peer for peer in options.peers if peer != "floor")]
    scratch = Path(tempfile.mkdtemp(prefix="mops-bench-", dir=options.tmp)).resolve()
    os.chdir(scratch)  # the upstream package writes a run record into the working directory
    try:
        benches = [Bench(peer, venvs.interpreter(peer), scratch) for peer in peers]
        print(describe(benches, rounds), end="\n\n")
        print(report.table(measure_all(benches, rounds, quick=options.quick)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
