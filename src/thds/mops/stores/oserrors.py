"""What the operating system refused, as a StoreError a person can act on. Used by stores on a file system."""

from __future__ import annotations

import errno
import os

from thds.mops.errors import StoreError, StoreUnwritableError

_UNWRITABLE = {
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "give this user the right to write there, or set another blob_root",
    errno.EPERM: "give this user the right to write there, or set another blob_root",
    errno.ENOSPC: "free some space there, or set another blob_root",
    errno.EDQUOT: "the disk quota of this user is used up: free some space there, or set another blob_root",
    errno.EFBIG: "the largest file this process (ulimit -f) or the file system allows is smaller",
    errno.ENAMETOOLONG: "this file system allows only shorter names: set a shorter blob_root or pipeline_id",
}
_OTHER = {
    errno.EACCES: "give this user the right to read it",
    errno.ENOTDIR: "a part of that path is a file, where a folder is needed",
    errno.EISDIR: "there is a folder of that name",
    errno.EMFILE: "this process has too many files open (ulimit -n)",
    errno.ENOLCK: "the file system there cannot lock files",
    errno.EIO: "the disk or its connection fails",
    errno.ESTALE: "the network file system lost the file: try again",
}
_WRITES = frozenset({"put", "delete", "hold"})


def store_error(operation: str, uri: str, key: str, error: OSError) -> StoreError:
    """The error to raise `from error`: StoreUnwritableError where a write was refused, else StoreError."""
    number = error.errno or 0
    unwritable = operation in _WRITES and number in _UNWRITABLE
    hint = _UNWRITABLE[number] if unwritable else _OTHER.get(number, "")
    where = f"{uri}/{key}" if key else uri
    kind = StoreUnwritableError if unwritable else StoreError
    what = f"could not {operation} {where}: {os.strerror(number) if number else error}"
    return kind(what, hint=hint, operation=operation, key=key, errno=error.errno)
