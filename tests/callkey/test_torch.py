"""PyTorch tensors, where it is installed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from thds.mops.callkey.canonical import digest

torch: Any = pytest.importorskip("torch")


def key(value: object) -> bytes:
    return digest(value, "x")


def test_tensors_apart() -> None:
    """Type, shape, content, gradient, Parameter."""
    base = torch.arange(6, dtype=torch.float32)
    values = [
        base, base.double(), base.bfloat16(), base.half(), base.reshape(2, 3),
        base + 1, base.clone().requires_grad_(),
        torch.nn.Parameter(base), base.bool(), base.to(torch.complex64), base.numpy(), torch.tensor(1.0), 1.0,
        base.reshape(2, 3).to_sparse(), torch.float32, torch.float64,
    ]  # fmt: skip
    assert len({key(value) for value in values}) == len(values)
    for value in values:
        assert key(copy.deepcopy(value)) == key(value)


def test_layout_does_not_show() -> None:
    """Strides, views, conjugate views; large ones in blocks."""
    large = torch.arange(300_000, dtype=torch.float64).reshape(500, 600)
    assert key(large.t()) == key(large.t().contiguous())
    assert key(large[::2, 1:]) == key(large[::2, 1:].clone())
    bits = torch.arange(10).to(torch.complex64)
    assert key(bits.conj()) == key(bits.conj().resolve_conj())


def test_modules_by_their_parameters() -> None:
    """A module is its class and its state."""
    one = torch.nn.Linear(2, 3)
    other = copy.deepcopy(one)
    assert key(one) == key(other)
    with torch.no_grad():
        other.weight[0, 0] += 1
    assert key(one) != key(other)
