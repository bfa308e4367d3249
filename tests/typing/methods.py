"""Checked by mypy, never run: methods keep their signatures, `self` apart.

Class methods, and static methods reached through an instance, are left out: mypy asks `__get__` of what is inside
`@classmethod` and cannot be told about the binding around it.
"""

from __future__ import annotations

from typing import assert_type

from thds.mops import pure


class Model:
    @pure.magic()
    def fit(self, x: int, y: str = "") -> float:
        return x + len(y)

    @pure.magic
    def bare(self, x: int) -> str:
        return str(x)

    @staticmethod
    @pure.magic()
    def static(x: int) -> str:
        return str(x)

    @pure.magic()
    async def later(self, x: int) -> str:
        return str(x)


assert_type(Model().fit(1, y="x"), float)
assert_type(Model.fit(Model(), 1), float)
assert_type(Model().bare(1), str)
assert_type(Model.static(1), str)

Model().fit("1")  # type: ignore[arg-type]
Model().fit()  # type: ignore[call-arg]
Model().fit(Model(), 1)  # type: ignore[arg-type]
Model().bare("1")  # type: ignore[arg-type]
Model.static("1")  # type: ignore[arg-type]

assert_type(Model().fit.submit(1), pure.MemoFuture[float])
assert_type(Model().fit.peek(1), float | pure.Unmemoized)
assert_type(Model().fit.memo_uri(1), str)
assert_type(Model().fit.forget(1), bool)
Model().fit.submit("1")  # type: ignore[arg-type]
assert_type(list(Model().fit.map([1, 2])), list[float])


async def main() -> None:
    assert_type(await Model().later(1), str)
    await Model().later("1")  # type: ignore[arg-type]
