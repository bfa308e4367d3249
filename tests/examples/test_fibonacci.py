"""examples/fibonacci.py"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_computes_each_number_once(make_home: Callable[[], Any]) -> None:
    """The first run computes 0 to 30, once each; the second reads one result."""
    home = make_home()
    first = home.run("fibonacci.py", 30)
    assert first.lines[0] == "832040"
    assert first.computed == 31
    second = home.run("fibonacci.py", 30)
    assert second.lines[0] == "832040"
    assert [*second.counts.values()] == [(0, 1)]


def test_goes_on_from_what_is_there(make_home: Callable[[], Any]) -> None:
    """A larger number computes only the numbers above the largest that is known."""
    home = make_home()
    home.run("fibonacci.py", 20)
    assert home.run("fibonacci.py", 25).computed == 5
