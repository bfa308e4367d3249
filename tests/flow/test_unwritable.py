"""On a read-only root or a full disk hits work, and a miss is computed and returned with a warning."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

#: A mount of its own, gone with the process: root needs no user namespace, others do.
UNSHARE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return (
        subprocess.run(
            [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs Linux and the right to mount a tmpfs")

MODULE = """
import warnings
from lab import *
from thds.mops.errors import NotStoredWarning

@pure.magic(SHIM)
def double(x):
    tick()
    return [x * 2]

@pure.magic(SHIM)
def fails(x):
    raise LookupError(x)

@pure.magic(SHIM)
def large(x, length):
    tick()
    return bytes(length)

def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call()
    return value, [warning for warning in caught if issubclass(warning.category, NotStoredWarning)]
"""
FILL = """
from mine import *
assert double(1) == [2]
assert large(b"kept", 100_000) == bytes(100_000)
"""
CHECK = """
from mine import *
before = ticks()
value, warnings_ = warned(lambda: (double(1), double.peek(1), large(b"kept", 100_000)[-1]))
assert value == ([2], [2], 0) and not warnings_, warnings_
assert ticks() == before, "these were hits"
for n in range(2):
    value, warnings_ = warned(lambda: double(5))
    assert value == [10] and len(warnings_) == 1, warnings_
    assert double.memo_uri(5) in str(warnings_[0].message)
assert ticks() == before + 2
assert warned(lambda: double.submit(6).result(30))[0] == [12]
assert warned(lambda: list(double.map([7, 8])))[0] == [[14], [16]]
try:
    warned(lambda: fails(3))
except LookupError as error:
    assert error.args == (3,)
else:
    raise AssertionError
value, _ = warned(lambda: double.peek(9))
assert isinstance(value, pure.Unmemoized)
print("checked")
"""


def in_a_mount(workspace: Any, shim: str, size: str, *steps: str) -> str:
    """Runs the steps in a shell in which the root is a small file system of its own."""
    workspace.write({"mine.py": MODULE.replace("SHIM", repr(shim)), "fill.py": FILL, "check.py": CHECK})
    workspace.root.mkdir()
    script = "\n".join(["set -e", f"mount -t tmpfs -o size={size} tmpfs {workspace.root}", *steps])
    env = workspace._environment({"PYTHON": f"{sys.executable}"})
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", script],
        cwd=workspace.folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


SHIMS = pytest.mark.parametrize("shim", ["samethread", "subprocess"])


@SHIMS
def test_a_read_only_root(workspace: Any, shim: str) -> None:
    """Hits, misses, exceptions, submit and map."""
    remount = f"mount -o remount,ro {workspace.root}"
    assert "checked" in in_a_mount(workspace, shim, "4m", "$PYTHON fill.py", remount, "$PYTHON check.py")


@SHIMS
def test_a_full_disk(workspace: Any, shim: str) -> None:
    """The same."""
    full = f"cat /dev/zero > {workspace.root}/zeros 2>/dev/null || true"
    assert "checked" in in_a_mount(workspace, shim, "1m", "$PYTHON fill.py", full, "$PYTHON check.py")


@SHIMS
def test_a_root_that_was_never_made_on_a_read_only_disk(workspace: Any, shim: str) -> None:
    """The folder itself cannot be made."""
    code = (
        "from mine import *\nwith pure.magic.override(blob_root=ROOT / 'never'):\n"
        "    value, (one,) = warned(lambda: double(5))\nassert value == [10]\nprint('checked')"
    )
    workspace.write({"never.py": code})
    remount = f"mount -o remount,ro {workspace.root}"
    assert "checked" in in_a_mount(workspace, shim, "4m", remount, "$PYTHON never.py")


@pytest.mark.parametrize(
    ("shim", "argument", "length"),
    [
        ("samethread", "b'small'", 2_000_000),
        ("subprocess", "b'small'", 2_000_000),
        ("subprocess", "bytes(2_000_000)", 10),
    ],
)
def test_a_disk_with_too_little_room(workspace: Any, shim: str, argument: str, length: int) -> None:
    """The lease fits, but not the result, or not the arguments on their way to the worker: the value is returned
    all the same, nothing is left half-written, and the call is not locked."""
    code = f"""
from mine import *
for _ in range(2):
    value, warnings_ = warned(lambda: large({argument}, {length}))
    assert value == bytes({length}) and len(warnings_) >= 1
assert ticks() <= 4
# What fits is stored as ever.
value, warnings_ = warned(lambda: (double(1), double(1)))
assert value == ([2], [2]) and not warnings_, warnings_
left = [file.name for file in (ROOT / "mops" / "1").rglob("*") if file.is_file()]
assert len(left) == 1 and left[0].endswith(".result"), left
print("checked")
"""
    workspace.write({"little.py": code})
    assert "checked" in in_a_mount(workspace, shim, "600k", "$PYTHON little.py")


def test_room_again_later(workspace: Any) -> None:
    """What could not be stored is stored at the next call after room was made, in the same process too."""
    code = """
import os
from mine import *
with open(ROOT / "zeros", "wb", buffering=0) as file:
    try:
        while True: file.write(bytes(4096))
    except OSError: pass
value, warnings_ = warned(lambda: double(1))
assert value == [2] and warnings_
os.remove(ROOT / "zeros")
value, warnings_ = warned(lambda: double(1))
assert value == [2] and not warnings_
value, warnings_ = warned(lambda: double(1))
assert ticks() == 2
print("checked")
"""
    workspace.write({"later.py": code})
    assert "checked" in in_a_mount(workspace, "samethread", "600k", "$PYTHON later.py")


def test_waiters_get_the_value_that_could_not_be_stored(workspace: Any) -> None:
    """All threads that wait for the one execution, each a copy of its own."""
    code = """
from concurrent.futures import ThreadPoolExecutor
import warnings
warnings.simplefilter("ignore", NotStoredWarning) if False else None
from mine import *
warnings.simplefilter("ignore", NotStoredWarning)

@pure.magic()
def slow(x):
    tick('slow')
    wait('go')
    return [x]

from thds.mops.futures import IN_FLIGHT
with ThreadPoolExecutor(4) as pool:
    calls = [pool.submit(slow, 1) for _ in range(4)]
    while sum(execution.waiters for execution in IN_FLIGHT._running.values()) < 4:
        time.sleep(0.005)
    tell('go')
    values = [call.result(30) for call in calls]
assert values == [[1]] * 4 and len({id(value) for value in values}) == 4
assert ticks('slow') == 1
print("checked")
""".replace('warnings.simplefilter("ignore", NotStoredWarning) if False else None\n', "")
    workspace.write({"waiters.py": code})
    remount = f"mount -o remount,ro {workspace.root}"
    assert "checked" in in_a_mount(workspace, "samethread", "600k", remount, "$PYTHON waiters.py")


def test_forget_on_a_read_only_root_is_an_error(workspace: Any) -> None:
    """It cannot be done, and says so: nothing is pretended."""
    code = """
from mine import *
from thds.mops.errors import StoreUnwritableError
try:
    double.forget(1)
except StoreUnwritableError as error:
    assert "ead-only" in str(error), error
else:
    raise AssertionError
assert double.peek(1) == [2]
print("checked")
"""
    workspace.write({"forget.py": code})
    remount = f"mount -o remount,ro {workspace.root}"
    assert "checked" in in_a_mount(
        workspace, "samethread", "4m", "$PYTHON fill.py", remount, "$PYTHON forget.py"
    )


def test_a_damaged_result_on_a_read_only_root(workspace: Any) -> None:
    """It can be neither kept aside nor replaced: the value is computed and returned, with a warning."""
    code = """
from mine import *
value, warnings_ = warned(lambda: double(1))
assert value == [2] and warnings_, warnings_
print("checked")
"""
    workspace.write({"damaged.py": code})
    steps = [
        "$PYTHON fill.py",
        f"for blob in $(find {workspace.root} -name '*.result'); do echo damage > $blob.x; mv -f $blob.x $blob; done",
        f"mount -o remount,ro {workspace.root}",
        "$PYTHON damaged.py",
    ]
    assert "checked" in in_a_mount(workspace, "samethread", "4m", *steps)
