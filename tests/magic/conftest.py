"""Every function of these tests keeps its results below a root of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_root(root: Path) -> Path:
    return root
