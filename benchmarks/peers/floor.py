"""The least a correct memoizer does by hand: SHA-256 of the pickle, one open and read, a temporary file and a link."""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
from collections.abc import Callable
from typing import Any

import workload

IMPORT = "import functools, hashlib, os, pickle"
DISTRIBUTIONS = ("numpy",)
ROOT = workload.root()


def memoize(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def call(*args: Any) -> Any:
        digest = hashlib.sha256(pickle.dumps((func.__qualname__, args), 5)).hexdigest()
        path = f"{ROOT}/{digest}"
        try:
            with open(path, "rb") as file:
                return pickle.loads(file.read())
        except FileNotFoundError:
            pass
        value = func(*args)
        _create(path, pickle.dumps(value, 5))
        return value

    return call


def _create(path: str, body: bytes) -> None:
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "xb") as file:
            file.write(body)
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)


@memoize
def identity(number: int) -> int:
    return number


@memoize
def length(array: Any) -> int:
    return len(array)


@memoize
def block(number: int) -> Any:
    return workload.block(number)


@memoize
def nap(log: str, seconds: float) -> int:
    return workload.nap(log, seconds)
