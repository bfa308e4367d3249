"""Checked by mypy, never run: `async def` functions stay awaitable."""

from __future__ import annotations

import asyncio
from typing import assert_type

from thds.mops import pure


@pure.magic()
async def later(x: int) -> str:
    return str(x)


@pure.magic
async def bare(x: int) -> str:
    return str(x)


async def main() -> None:
    assert_type(await later(1), str)
    assert_type(await bare(1), str)
    assert_type(await asyncio.gather(later(1), bare(2)), tuple[str, str])
    await later("1")  # type: ignore[arg-type]
    text: str = later(1)  # type: ignore[assignment]
    print(text)


asyncio.run(later(1))
