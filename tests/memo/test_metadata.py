"""The header of every blob tells who made it, when, where and from what; it can be read without unpickling."""

from __future__ import annotations

import datetime
import getpass
import json
import os
import platform
import re
import socket
import struct
from pathlib import Path
from typing import Any

import thds.mops
from thds.mops import pure


@pure.magic(ignore=["quiet"])
def work(x: int, y: str = "why", quiet: bool = False, *rest: int, **more: int) -> list[Any]:
    """function-logic-key: v3"""
    return [x, y, quiet, rest, more]


def header_of(blob: Path) -> dict[str, Any]:
    data = blob.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    parsed = json.loads(data[128 : 128 + length])
    assert isinstance(parsed, dict)
    return parsed


def blob_of(uri: str | None) -> Path:
    return Path(str(uri).removeprefix("file://"))


def test_the_fields_of_a_result(root: Path) -> None:
    """These cannot be filled in later."""
    assert root
    pure.magic.pipeline_id("a/b", work)
    future = work.submit(1)
    header = header_of(blob_of(future.memo_uri))
    assert header["kind"] == "result"
    assert header["layout"] == 1
    assert header["pipeline_id"] == "a/b"
    assert header["function"].endswith("test_metadata.work")
    assert header["logic_key"] == "v3"
    assert header["digest"] == blob_of(future.memo_uri).name.partition(".")[0]
    assert re.fullmatch(r"\d\.\d+:[0-9a-f]{16}", header["code"])
    assert header["user"] == getpass.getuser()
    assert header["host"] == socket.gethostname()
    assert header["pid"] == os.getpid()
    assert header["python"] == platform.python_version()
    assert header["mops"] == thds.mops.__version__
    assert "samethread" in header["shim"]
    assert header["nonce"]
    for name in ("started_at", "ended_at"):
        when = datetime.datetime.fromisoformat(header[name])
        assert abs(datetime.datetime.now(datetime.UTC) - when) < datetime.timedelta(hours=1)
    assert header["took_s"] >= 0


def test_a_digest_of_each_argument(root: Path) -> None:
    """By name, without those that are ignored; equal values have equal digests in any call, so that tools can say
    what differed."""
    assert root
    first = header_of(blob_of(work.submit(1, "a", quiet=True).memo_uri))["arguments"]
    second = header_of(blob_of(work.submit(2, "a", quiet=False).memo_uri))["arguments"]
    assert {"x", "y"} <= set(first)
    assert "quiet" not in first
    assert first["x"] != second["x"]
    assert first["y"] == second["y"]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in first.values())


def test_the_metadata_of_a_future_is_the_header(root: Path) -> None:
    """The same, as attributes."""
    assert root
    work(1)
    future = work.submit(1)
    header = header_of(blob_of(future.memo_uri))
    metadata = future.metadata
    assert metadata is not None
    for name in [
        "function",
        "pipeline_id",
        "logic_key",
        "digest",
        "code",
        "arguments",
        "user",
        "host",
        "pid",
        "python",
        "mops",
        "shim",
        "started_at",
        "ended_at",
        "took_s",
    ]:
        assert getattr(metadata, name) == header[name]


def test_a_result_of_a_subprocess_names_its_worker(workspace: Any) -> None:
    """Who ran it, not who asked."""
    workspace.write(
        {"mine.py": "import os\nfrom lab import *\n@pure.magic('subprocess')\ndef f(x): return os.getpid()\n"}
    )
    workspace.run(
        "from mine import *\nfuture = f.submit(1)\nassert future.result() == future.metadata.pid != os.getpid()\n"
        "assert 'subprocess' in future.metadata.shim"
    )


def test_failures_and_tombstones_have_headers_too(workspace: Any) -> None:
    """So that tools can tell what they are."""
    workspace.write(
        {
            "mine.py": "from lab import *\n@pure.magic()\ndef f(x):\n    if x: raise LookupError('no', x)\n"
            "    return x\n"
        }
    )
    workspace.run("from mine import *\nf(0)\nf.forget(0)\ntry: f(1)\nexcept LookupError: pass")
    (failure,) = workspace.blobs("failure")
    (tombstone,) = workspace.blobs("result")
    (forgotten,) = workspace.blobs("forgotten")
    assert header_of(failure)["kind"] == "failure"
    assert "LookupError: ('no', 1)" in header_of(failure)["traceback"]
    assert header_of(tombstone)["kind"] == "tombstone"
    assert header_of(forgotten)["kind"] == "result"
    assert {header_of(blob)["function"] for blob in (failure, tombstone, forgotten)} == {"mine.f"}


def test_no_argument_is_told_in_the_clear(root: Path) -> None:
    """Headers are read by more people than results."""
    assert root
    data = blob_of(work.submit(1, "a secret").memo_uri).read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    assert b"a secret" not in data[: 128 + length]
