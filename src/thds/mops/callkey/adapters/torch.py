"""PyTorch: dtype, shape, content in C order, whether it wants a gradient. Not the device, nor strides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from thds.mops.callkey.content import BLOCK, LARGE, stand_in, stand_in_of
from thds.mops.callkey.instances import labelled
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    from collections.abc import Iterator


def tensor(value: Any) -> Node:
    parts = (str(value.dtype), tuple(value.shape), bool(value.requires_grad), _content(value))
    cls = type(value)
    if cls is torch.Tensor:
        return Node(head("torch.Tensor"), parts)
    if cls is torch.nn.Parameter:
        return Node(head("torch.Parameter"), parts)
    more = {name: vars(value)[name] for name in sorted(vars(value))}
    return labelled("torch.Tensor subclass", cls)((parts, more))


def _content(value: Any) -> object:
    plain = value.detach()
    if plain.layout is torch.sparse_coo:
        plain = plain.coalesce()
        return "sparse", _content(plain.indices()), _content(plain.values())
    if plain.layout is not torch.strided or plain.is_quantized or plain.device.type == "meta":
        raise Refused(f"a tensor of layout {plain.layout} on {plain.device}", "pass a dense one")
    plain = plain.resolve_conj().resolve_neg()
    if plain.numel() == 0:
        return stand_in(b"")
    if plain.is_contiguous() and plain.device.type == "cpu":
        return stand_in(_as_bytes(plain))
    if plain.numel() * plain.element_size() < LARGE:
        return stand_in(_as_bytes(plain))
    return stand_in_of(_as_bytes(block) for block in _blocks(plain))


def _as_bytes(value: Any) -> Any:
    return memoryview(value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())


def _blocks(value: Any) -> Iterator[Any]:
    """Parts of at most BLOCK bytes, in C order."""
    size = value.numel() * value.element_size()
    if size <= BLOCK or value.dim() == 0:
        yield value
        return
    rows = BLOCK * len(value) // size
    if rows == 0:
        for row in value:
            yield from _blocks(row)
        return
    for start in range(0, len(value), rows):
        yield value[start : start + rows]
