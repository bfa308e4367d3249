"""The table: one line per figure, one column per peer, medians. Used by run.py alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

#: Name of the figure in the samples, what it is called, and what this project wants of its own column.
FIGURES = [
    ("import", "import, times bare `python -c pass`", "at most 4"),
    ("modules", "modules loaded by the import", ""),
    ("hit_us", "hit, one int, µs (times floor)", "at most 2 × floor"),
    ("miss_us", "miss, one int, µs (times floor)", "at most 3 × floor"),
    ("array_hit", "hit with a 100 MB ndarray argument, times one SHA-256 of it", "below 0.6"),
    ("array_mb", "extra memory for that hit, MB", "below 5"),
    ("block_miss", "100 MB result: miss, times `np.save`", "at most 1.5"),
    ("block_hit", "100 MB result: hit, times `np.load`", "below 0.05"),
    ("block_read", "the same, and every number of it read", ""),
    ("fresh", "fresh-process call, times bare `python -c pass`", "below 1.5"),
    ("fresh_first", "the first such call in a process", ""),
    ("bodies", "8 processes, same 2 s call: bodies run", "1"),
    ("crowd_s", "the same: last caller served after, s", ""),
    ("killed_s", "winner killed -9 at 1 s: last caller served after, s", "below 4"),
]

TIMES_FLOOR = {"hit_us", "miss_us"}


def table(samples: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    peers = list(samples)
    lines = [
        _line(["figure", *(peer.rstrip("_") for peer in peers), "aim"]),
        _line(["---"] * (len(peers) + 2)),
    ]
    for figure, title, aim in FIGURES:
        if any(figure in samples[peer] for peer in peers):
            cells = [_cell(figure, samples[peer], samples["floor"]) for peer in peers]
            lines.append(_line([title, *cells, aim]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(figure: str, samples: Mapping[str, Sequence[float]], floor: Mapping[str, Sequence[float]]) -> str:
    if not samples.get(figure):
        return ""
    value = statistics.median(samples[figure])
    if value == float("inf"):
        return "never"
    if figure in TIMES_FLOOR:
        return f"{_short(value)} ({_short(value / statistics.median(floor[figure]))})"
    return _short(value)


def _short(value: float) -> str:
    """Two significant digits below ten, whole numbers from there on: the machines are not steadier than that."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2g}"
