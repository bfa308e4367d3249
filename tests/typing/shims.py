"""Checked by mypy, never run: everything that the decorator and the setters take."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import assert_type

from thds.mops import k8s, pure


def shim(arguments: Sequence[str]) -> None: ...


def future_shim(arguments: Sequence[str]) -> Future[None]:
    raise NotImplementedError


def builder(
    func: object, args: Sequence[object], kwargs: Mapping[str, object]
) -> Callable[[Sequence[str]], None]:
    raise NotImplementedError(func, args, kwargs)


def make_shim(cpus: int) -> Callable[[Sequence[str]], None]:
    raise NotImplementedError(cpus)


class Shim:
    def __call__(self, arguments: list[str]) -> None: ...


@pure.magic(shim)
def with_shim(x: int) -> str:
    return str(x)


@pure.magic(future_shim)
def with_future_shim(x: int) -> str:
    return str(x)


@pure.magic(builder)
def with_builder(x: int) -> str:
    return str(x)


@pure.magic(make_shim(cpus=8))
def with_made_shim(x: int) -> str:
    return str(x)


@pure.magic(Shim())
def with_object(x: int) -> str:
    return str(x)


@pure.magic(functools.partial(builder))
def with_partial(x: int) -> str:
    return str(x)


@pure.magic(
    k8s.shim("docker.io/royal-image:latest", node_narrowing={"cpus": 8}),
    pipeline_id="scaramouche",
    blob_root="adls://thunderbolt/lightning",
)
def fandango(x: int) -> str:
    return str(x)


@pure.magic(k8s.shim("docker.io/royal-image:latest"))
def only_k8s(x: int) -> str:
    return str(x)


assert_type(with_shim(1), str)
assert_type(with_future_shim(1), str)
assert_type(with_builder(1), str)
assert_type(with_made_shim(1), str)
assert_type(with_object(1), str)
assert_type(with_partial(1), str)
assert_type(fandango(1), str)
assert_type(only_k8s(1), str)

pure.magic.shim("subprocess")
pure.magic.shim(shim, with_shim, mask=True)
pure.magic.shim(builder, "foo.bar")
pure.magic.off(functools)
pure.magic.blob_root(Path("/x"))
pure.magic.blob_store("adls://lazing/sunday", mask=True)
pure.magic.blob_root(lambda: Path("/x"), with_shim)
pure.magic.pipeline_id("a/b", fandango)
assert_type(pure.magic.load_config_file(), Path | None)
pure.magic.load_config_file(Path(".mops.toml"))
pure.magic.load_config_file("x.toml")

pure.magic.pipeline_id(5)  # type: ignore[arg-type]
pure.magic.pipeline_id("a", "b", True)  # type: ignore[call-arg]  # noqa: FBT003
pure.magic(blob_rot="/x")  # type: ignore[call-overload]
pure.magic(pipeline_id=5)  # type: ignore[call-overload]
pure.magic.load_config_file(5)  # type: ignore[arg-type]

with pure.record() as run:
    assert_type(run.total("computed"), int)
    run.total("misspelled")  # type: ignore[arg-type]
