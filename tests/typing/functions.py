"""Checked by mypy, never run: a decorated function keeps its signature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, assert_type

from thds.mops import pure

T = TypeVar("T")


@pure.magic()
def plain(a: int, b: str = "b", *rest: float, c: bool) -> list[int]:
    return [a, len(b), len(rest), c]


@pure.magic
def bare(x: int) -> str:
    return str(x)


@pure.magic("subprocess", blob_root="adls://bell/rings", pipeline_id="a/b", ignore=["x"], calls=[bare, len])
def configured(x: int) -> str:
    return str(x)


@pure.magic(blob_root=Path("/x"))
def with_path() -> None: ...


@pure.magic(blob_root=lambda: "/x")
def with_callable() -> None: ...


@pure.magic()
def generic(x: T) -> list[T]:
    return [x]


assert_type(plain(1, "x", 1.0, c=True), list[int])
assert_type(plain(a=1, c=True), list[int])
assert_type(bare(1), str)
assert_type(configured(1), str)
assert_type(generic(1), list[int])
as_magic: pure.Magic[..., str] = bare

plain()  # type: ignore[call-arg]
plain(1)  # type: ignore[call-arg]
plain("1", c=True)  # type: ignore[arg-type]
plain(1, c=True, d=1)  # type: ignore[call-arg]
bare("1")  # type: ignore[arg-type]
bare(y=1)  # type: ignore[call-arg]
configured("1")  # type: ignore[arg-type]
number: int = bare(1)  # type: ignore[assignment]


# --- the other ways to call ---

future = bare.submit(1)
assert_type(future, pure.MemoFuture[str])
assert_type(future.result(), str)
assert_type(future.memo_uri, str | None)
assert_type(future.metadata, pure.Metadata | None)
assert_type(future.cancel(), bool)
bare.submit("1")  # type: ignore[arg-type]
bare.submit()  # type: ignore[call-arg]
plain.submit(1, c=True)

assert_type(bare.map([1, 2]), Iterator[str])
assert_type(bare.map([1], concurrency=2, progress=True), Iterator[str])
assert_type(bare.map([1], return_exceptions=False), Iterator[str])
for either in bare.map([1], return_exceptions=True):
    if not isinstance(either, BaseException):
        assert_type(either, str)
bare.map(5)  # type: ignore[call-overload]
bare.map([1], concurrency="2")  # type: ignore[call-overload]

peeked = bare.peek(1)
assert_type(peeked, str | pure.Unmemoized)
if isinstance(peeked, pure.Unmemoized):
    assert_type(peeked.memo_uri, str)
else:
    assert_type(peeked, str)
bare.peek("1")  # type: ignore[arg-type]

assert_type(bare.memo_uri(1), str)
bare.memo_uri("1")  # type: ignore[arg-type]
assert_type(bare.forget(1), bool)
bare.forget("1")  # type: ignore[arg-type]

with bare.off(), bare.shim("subprocess"), pure.magic.override(shim="off", under=bare), pure.require_all():
    assert_type(bare(1), str)

assert_type(bare.__wrapped__(1), str)
assert_type(bare.__name__, str)


# --- as a function among functions ---


def apply(function: Any, *args: Any) -> Any:
    return function(*args)


def needs_callable(number: int, text: str) -> None: ...


assert_type(list(map(bare, [1, 2])), list[str])
assert_type(sorted([1], key=bare), list[int])
