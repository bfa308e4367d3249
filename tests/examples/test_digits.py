"""examples/digits.py: first run, second run, one thing changed, killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

TINY = ("--grid", "tiny", "--features", "pixels")
SMALL = ("--grid", "small", "--features", "pixels")


@pytest.fixture(scope="module")
def first(make_home: Callable[[], Any]) -> tuple[Any, Any]:
    """A home in which the pipeline ran once, and what that run printed."""
    home = make_home()
    return home, home.run("digits.py", *TINY, "--out", "first.png")


def test_first_run_computes_everything(first: tuple[Any, Any]) -> None:
    """Each step once per its arguments, three candidates, the best one evaluated twice; and a picture."""
    home, run = first
    assert run.counts == {
        "split": (1, 0),
        "features": (1, 0),
        "train": (3, 0),
        "evaluate": (4, 0),
        "draw": (1, 0),
    }
    assert (home.folder / "first.png").read_bytes().startswith(b"\x89PNG")


def test_second_run_computes_nothing(first: tuple[Any, Any]) -> None:
    """Not even where the report goes to another file; the sentence and the picture are the same."""
    home, run = first
    second = home.run("digits.py", *TINY, "--out", "second.png")
    assert second.computed == 0
    assert second.lines[0] == run.lines[0]
    assert (home.folder / "second.png").read_bytes() == (home.folder / "first.png").read_bytes()


def test_another_title_computes_the_report_alone(first: tuple[Any, Any]) -> None:
    """What comes before the changed step is reused."""
    home, _ = first
    again = home.run("digits.py", *TINY, "--title", "Another").counts
    assert again == {
        "split": (0, 1),
        "features": (0, 1),
        "train": (0, 3),
        "evaluate": (0, 4),
        "draw": (1, 0),
    }


def test_other_features_compute_what_depends_on_them(first: tuple[Any, Any]) -> None:
    """The split is reused; all that sees the features is computed."""
    home, _ = first
    again = home.run("digits.py", "--grid", "tiny", "--features", "pca").counts
    assert again["split"] == (0, 1)
    assert {function: reused for function, (_, reused) in again.items() if function != "split"} == {
        "features": 0,
        "train": 0,
        "evaluate": 0,
        "draw": 0,
    }


def test_goes_on_where_it_was_killed(make_home: Callable[[], Any]) -> None:
    """SIGKILL to all its processes once two candidates are trained: the next run trains exactly the others."""
    home = make_home()
    process = home.start("digits.py", *SMALL)
    try:
        while home.results("models.train") < 2 and process.poll() is None:
            time.sleep(0.01)
    finally:
        home.kill_everything()
    _, errors = process.communicate()
    assert process.returncode == -9, f"it ended before it could be killed\n{errors}"
    trained = home.results("models.train")
    assert 2 <= trained < 8
    again = home.run("digits.py", *SMALL).counts
    assert again["split"] == again["features"] == (0, 1)
    assert again["train"] == (8 - trained, trained)
