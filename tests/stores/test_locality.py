"""Which file system a path lies on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from thds.mops.stores.locality import file_system, is_local

_MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /home rw shared:7 master:2 - nfs4 server:/home rw
41 40 0:41 / /home/local\040disk rw - xfs /dev/vdb rw
42 27 0:42 / /data rw - tmpfs tmpfs rw
43 27 0:43 / /data rw - fuse.sshfs user@host: rw
""".lstrip()


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/home", "nfs4"),
        ("/home/ana/.mops", "nfs4"),
        ("/homes", "ext4"),
        ("/home/local disk/x", "xfs"),
        ("/data/x", "fuse.sshfs"),  # mounted over the tmpfs
    ],
)
def test_the_longest_mount_point_counts(path: str, type: str) -> None:
    """By whole segments; of two on one point the later."""
    assert file_system(path, _MOUNTS) == type


def test_nothing_known_is_not_local() -> None:
    """No mounts, no answer."""
    assert file_system("/x", "") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="these paths are Linux's")
def test_paths_of_this_machine(tmp_path: Path) -> None:
    """/dev/shm is memory of ours; /proc is no place for locks; links are followed; a path need not exist."""
    assert is_local("/dev/shm/no/such/folder")
    assert not is_local("/proc/self")
    os.symlink("/proc/self", tmp_path / "link")
    assert not is_local(f"{tmp_path}/link/x")
