"""Is a path on a file system of this machine alone? Called by the file store, once a root, when it first matters.

Only a yes is a promise: what is not known to be local is not. The price of a wrong no is speed; of a wrong yes,
locks that do not tell whether their holder lives, and mapped files that change their bytes.
"""

from __future__ import annotations

import os
import sys

# fmt: off
_LOCAL = frozenset((
    "apfs", "bcachefs", "btrfs", "ecryptfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "hfs",
    "jfs", "msdos", "nilfs2", "ntfs3", "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ufs", "vfat",
    "xfs", "zfs",
))
# fmt: on
_MNT_LOCAL = 0x1000


def is_local(path: str) -> bool:
    path = os.path.realpath(path)
    try:
        if sys.platform == "darwin":
            return _local_on_macos(path)
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            return file_system(path, mounts.read()) in _LOCAL
    except (OSError, ValueError, IndexError):
        return False


def file_system(path: str, mountinfo: str) -> str:
    """The type of the file system that `path` (absolute, without links) lies on, by the `mountinfo` of proc(5); ""
    where it cannot be told."""
    found, longest = "", -1
    for line in mountinfo.splitlines():
        mount, _, rest = line.partition(" - ")
        point = _unescaped(mount.split(" ")[4])
        if len(point) >= longest and (path == point or path.startswith(point.rstrip("/") + "/")):
            # Of mounts on one point, the last one hides the others.
            found, longest = rest.split(" ", 1)[0], len(point)
    return found


def _unescaped(point: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, char)
    return point


def _local_on_macos(path: str) -> bool:
    # statvfs there leaves MNT_LOCAL out; in `struct statfs` f_flags is the 32-bit word at byte 64.
    import ctypes

    while not os.path.exists(path):
        path = os.path.dirname(path)
    libc = ctypes.CDLL(None, use_errno=True)
    statfs = getattr(libc, "statfs$INODE64", None) or libc.statfs
    buffer = ctypes.create_string_buffer(4096)
    if statfs(os.fsencode(path), buffer) != 0:
        return False
    return bool(int.from_bytes(buffer.raw[64:68], sys.byteorder) & _MNT_LOCAL)
