"""The contract of `thds.mops.testing.shims`, on our own shims."""

from __future__ import annotations

from functools import partial

import pytest

from thds.mops.shims import samethread
from thds.mops.shims.base import Shim
from thds.mops.shims.subprocess import Subprocess
from thds.mops.testing.shims import ProcessShimContract, ShimContract


class TestSamethread(ShimContract):
    @pytest.fixture
    def shim(self) -> Shim:
        return partial(samethread.run, entry=self.PROGRAM)


class TestForked(ProcessShimContract):
    @pytest.fixture
    def shim(self) -> Shim:
        return Subprocess(entry=self.PROGRAM)


class TestFreshInterpreter(ProcessShimContract):
    @pytest.fixture
    def shim(self) -> Shim:
        return Subprocess(entry=self.PROGRAM, fresh=True)
