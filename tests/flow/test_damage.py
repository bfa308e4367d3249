"""A damaged result is set aside, reported and computed again."""

from __future__ import annotations

import shutil
import struct
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure
from thds.mops.errors import DamagedBlobWarning

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _below(root: Path) -> None:
    RAN.clear()
    assert root


@pure.magic()
def compute(x: int) -> dict[str, Any]:
    RAN.append(x)
    return {"value": x, "text": "text" * 10}


def blob_of(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def replaced(blob: Path, data: bytes) -> None:
    """Another file in its place, as any tool that writes files would leave it."""
    other = blob.with_name("other")
    other.write_bytes(data)
    other.replace(blob)


def flip(at: int) -> Callable[[bytes], bytes]:
    def flipped(data: bytes) -> bytes:
        index = at if at >= 0 else len(data) + at
        return data[:index] + bytes([data[index] ^ 0x10]) + data[index + 1 :]

    return flipped


def later_version(data: bytes) -> bytes:
    """As a future version of mops might write it: bytes 8 and 9 are the version of the format."""
    return data[:8] + struct.pack("<H", 99) + data[10:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda data: data[:1],
    "cut in the prefix": lambda data: data[:100],
    "cut in the header": lambda data: data[:200],
    "cut at the end": lambda data: data[:-1],
    "longer": lambda data: data + b"x",
    "zeros": lambda data: bytes(len(data)),
    "text": lambda _: b"this is something else entirely" * 20,
    "magic": flip(0),
    "version": flip(8),
    "flags": flip(10),
    "header length": flip(12),
    "pickle length": flip(16),
    "number of buffers": flip(24),
    "total length": flip(32),
    "reserved": flip(44),
    "checksum": flip(60),
    "start of header": flip(128),
    "middle of header": flip(400),
    "start of pickle": flip(-60),
    "end of pickle": flip(-1),
    "a later format": later_version,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_set_aside_reported_and_computed_again(damage: Callable[[bytes], bytes]) -> None:
    """Never a wrong value, never an error: one warning that says where the bytes are kept, and they are kept."""
    value = compute(1)
    blob = blob_of(compute.memo_uri(1))
    damaged = damage(blob.read_bytes())
    replaced(blob, damaged)
    with pytest.warns(DamagedBlobWarning) as caught:
        assert compute(1) == value
    assert len(caught) == 1
    assert compute.memo_uri(1) in str(caught[0].message)
    assert RAN == [1, 1]
    (kept,) = blob.parent.glob("*.damaged")
    assert kept.read_bytes() == damaged
    assert kept.name in str(caught[0].message)
    assert compute(1) == value
    assert RAN == [1, 1]


def test_the_blob_of_another_call() -> None:
    """A copy at another address is no result there: names that a file system confuses can never make a hit."""
    compute(1)
    compute(2)
    shutil.copy(blob_of(compute.memo_uri(1)), blob_of(compute.memo_uri(2)).with_name("copy"))
    blob_of(compute.memo_uri(2)).with_name("copy").replace(blob_of(compute.memo_uri(2)))
    with pytest.warns(DamagedBlobWarning):
        assert compute(2)["value"] == 2
    assert compute(2)["value"] == 2


def test_the_blob_of_another_function() -> None:
    """Also where the arguments are the same."""

    @pure.magic()
    def other(x: int) -> str:
        return f"other {x}"

    compute(1)
    other(1)
    data = blob_of(compute.memo_uri(1)).read_bytes()
    replaced(blob_of(other.memo_uri(1)), data)
    with pytest.warns(DamagedBlobWarning):
        assert other(1) == "other 1"


def test_peek_does_not_trust_it_either() -> None:
    """It answers that there is no result, and leaves everything as it is."""
    compute(1)
    blob = blob_of(compute.memo_uri(1))
    replaced(blob, b"damage")
    assert isinstance(compute.peek(1), pure.Unmemoized)
    assert blob.read_bytes() == b"damage"


def test_require_all_does_not_take_it_for_a_result() -> None:
    """It is missing."""
    from thds.mops.errors import ResultRequiredError

    compute(1)
    replaced(blob_of(compute.memo_uri(1)), b"damage")
    with pure.require_all(), pytest.raises(ResultRequiredError):
        compute(1)


def test_where_warnings_are_errors_the_next_call_works() -> None:
    """Test suites make warnings errors. The caller may get the warning instead of the value, but the call must not
    stay locked behind it, and a second caller must not wait for ever."""
    compute(1)
    replaced(blob_of(compute.memo_uri(1)), b"damage")

    answers: list[object] = []

    def ask() -> None:
        for _ in range(3):
            try:
                answers.append(compute(1)["value"])
            except DamagedBlobWarning as error:
                answers.append(type(error))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(10)
    assert not thread.is_alive(), "it waits for a lease that nobody holds any more"
    assert answers[-1] == 1


def test_damage_in_a_large_array_is_found_when_asked_for(tmp_path: Path) -> None:
    """A buffer that is mapped from a local disk is not read for a hit; header, pickle and table are verified always."""
    assert tmp_path
    numpy = pytest.importorskip("numpy")

    @pure.magic()
    def array(n: int) -> Any:
        RAN.append(n)
        return numpy.arange(n)

    array(10_000)
    blob = blob_of(array.memo_uri(10_000))
    data = blob.read_bytes()
    replaced(blob, data[:-1000])
    with pytest.warns(DamagedBlobWarning):
        assert array(10_000)[-1] == 9_999
    replaced(blob, flip(-10)(data))
    assert array(10_000).shape == (10_000,)


@pytest.mark.parametrize("shim", ["samethread", "subprocess"])
def test_in_other_processes(workspace: Any, shim: str) -> None:
    """Reported once, by whoever computes it again; the other processes have hits."""
    workspace.write(
        {"mine.py": f"from lab import *\n@pure.magic({shim!r})\ndef f(x):\n    tick()\n    return [x]\n"}
    )
    workspace.run("from mine import *; f(1)")
    (blob,) = workspace.blobs()
    replaced(blob, b"damage")
    code = (
        "import warnings\nfrom mine import *\nwith warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n    assert f(1) == [1]\n    assert f(1) == [1]\nprint(len(caught))"
    )
    first = workspace.run(code, python=(_python(),))
    assert "damaged" in first.err or first.out == "1"
    assert workspace.run(code).out == "0"
    assert workspace.ticks() == 2
    assert len(workspace.blobs("damaged")) == 1


def _python() -> str:
    import sys

    return sys.executable


def test_a_directory_in_its_place(workspace: Any) -> None:
    """What is no file at all is an error that names it, or is computed past; it never hangs and never lies."""
    workspace.write({"mine.py": "from lab import *\n@pure.magic()\ndef f(x):\n    tick()\n    return [x]\n"})
    workspace.run("from mine import *; f(1)")
    (blob,) = workspace.blobs()
    blob.unlink()
    blob.mkdir()
    done = workspace.run("from mine import *; assert f(1) == [1]", check=False)
    assert done.code == 0 or blob.name in done.err


def test_a_result_whose_class_is_gone(workspace: Any) -> None:
    """Not damage: the blob is whole, and the caller is told what is missing here. Nothing is set aside."""
    workspace.write(
        {
            "shapes.py": "class Circle: pass\n",
            "mine.py": "from lab import *\n@pure.magic()\ndef f(x):\n    import shapes\n    return shapes.Circle()\n",
        }
    )
    workspace.run("from mine import *; f(1)")
    workspace.write({"shapes.py": "class Disc: pass\n"})
    done = workspace.run("from mine import *; f(1)", check=False)
    assert done.code == 1
    assert "Circle" in done.err
    assert not workspace.blobs("damaged")
