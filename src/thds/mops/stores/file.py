"""`file://`: blobs as files. A blob changes its inode, never its bytes in place; readers see all or nothing.

A create is a temporary file, then a link; a swap or delete happens under an OS lock on one of 64 permanent lock
files. Not synced to disk: after a power cut a blob may be missing or too short, never have other bytes.
FROZEN, because processes of several versions share a root: names and choice of the lock files.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import zlib
from typing import TYPE_CHECKING, TypeAlias

from thds.mops.stores import bodies, locality
from thds.mops.stores.base import Buffer, Create, Entry, Found, Lock, Replace, Store, Version
from thds.mops.stores.keys import check_key, check_prefix, is_key
from thds.mops.stores.oserrors import store_error
from thds.mops.stores.oslock import Exclusively, LockFile
from thds.mops.stores.temporary import Temporaries, remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOCKS = ".mops-locks"
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_USED_AGAIN_MOST = 4096
_HOLD_TRIES = 200  # of 5 ms: whoever asks for a lock keeps it for microseconds


# An inode number is used again at once; with it goes the time of writing in nanoseconds, set by us because the kernel's
# own moves in steps of up to 10 ms.
_FileVersion: TypeAlias = tuple[int, int, int]


class FileStore:
    """Blobs below the folder `path`, which is created at the first write; absent, it reads as empty."""

    cheap_looks = True

    def __init__(self, path: str) -> None:
        self.uri = f"file://{path}"
        self._path = path
        self._prefix = f"{path}/"
        self._temporaries = Temporaries(path)
        self._local: bool | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def get(self, key: str) -> Found | None:
        check_key(key)
        try:
            fd = os.open(self._prefix + key, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if _cannot_exist(error):
                return None
            raise store_error("get", self.uri, key, error) from error
        try:
            status = os.fstat(fd)
            size = status.st_size
            body: Buffer
            if size < bodies.MAP_FROM:
                body = os.read(fd, size)
                if len(body) != size:
                    body = bodies.read_rest(fd, body, size)
            else:
                body = bodies.read_large(fd, size, mapped=self._is_local())
        except IsADirectoryError:
            return None
        except OSError as error:
            raise store_error("get", self.uri, key, error) from error
        finally:
            os.close(fd)
        return Found(body, (status.st_ino, status.st_mtime_ns, size))

    def put(self, key: str, parts: Sequence[Buffer], mode: Create | Replace) -> Version | None:
        check_key(key)
        try:
            if isinstance(mode, Replace):
                return self._replace(key, parts, mode.version)
            return self._create(key, parts)
        except OSError as error:
            raise store_error("put", self.uri, key, error) from error

    def list(self, prefix: str) -> Iterator[Entry]:
        check_prefix(prefix)
        folders = [prefix]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self._prefix + folder) as found:
                    items = [(item.name, item.is_dir(follow_symlinks=False)) for item in found]
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed while we listed, or a blob of that name
            except OSError as error:
                raise store_error("list", self.uri, folder, error) from error
            keys = ((f"{folder}/{name}" if folder else name, is_folder) for name, is_folder in items)
            for key, is_folder in keys:
                if not is_key(key):
                    continue  # ours alone, or not put there by us
                if is_folder:
                    folders.append(key)
                elif entry := self.head(key):
                    yield Entry(key, entry.size, entry.modified)

    def head(self, key: str) -> Entry | None:
        check_key(key)
        try:
            status = os.stat(self._prefix + key)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if _cannot_exist(error):
                return None
            raise store_error("head", self.uri, key, error) from error
        if not stat.S_ISREG(status.st_mode):
            return None
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        return Entry(key, status.st_size, status.st_mtime, version)

    def delete(self, key: str, version: Version | None = None) -> bool:
        check_key(key)
        path = self._prefix + key
        try:
            if version is None and not os.path.lexists(path):
                return False  # without creating a root for it
            # Also without a version: a swap between its look and its rename must not bring the blob back.
            with self._exclusively(key):
                if version is not None:
                    here = self._version(path)
                    if here is None or here != version:
                        return False
                    # Whoever has it open may read what is written next: only small blobs, which are read at once,
                    # and by those who check what they read.
                    if here[2] <= _USED_AGAIN_MOST and self._is_local() and self._temporaries.take(path):
                        return True
                os.unlink(path)
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            raise store_error("delete", self.uri, key, error) from error

    def hold(self, key: str) -> Lock | None:
        check_key(key)
        try:
            os.makedirs(os.path.dirname(self._prefix + key), exist_ok=True)
            return self._hold(self._prefix + key) if self._is_local() else None
        except OSError as error:
            raise store_error("hold", self.uri, key, error) from error

    def is_held(self, key: str) -> bool | None:
        check_key(key)
        if not self._is_local():
            return None
        try:
            file = LockFile(self._prefix + key, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise store_error("ask for the holder of", self.uri, key, error) from error
        try:
            file.lock(fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as error:
            raise store_error("ask for the holder of", self.uri, key, error) from error
        finally:
            file.release()
        return False

    # -- the steps -------------------------------------------------------------------------------------------------

    def _create(self, key: str, parts: Sequence[Buffer]) -> Version | None:
        path = self._prefix + key
        try:
            taken = os.lstat(path)  # 2 µs, where writing a temporary file in vain takes 20 to 600
        except FileNotFoundError:
            temporary, version = self._write(parts)
            try:
                return version if self._link(temporary, path, key) else None
            finally:
                remove(temporary)
        if stat.S_ISDIR(taken.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a folder", path)
        return None

    def _replace(self, key: str, parts: Sequence[Buffer], version: Version) -> Version | None:
        path = self._prefix + key
        if _version(path) != version:
            return None
        temporary, ours = self._write(parts)  # before the lock: others need not wait for a large body
        try:
            with self._exclusively(key):
                if _version(path) != version:
                    return None
                os.replace(temporary, path)
                return ours
        finally:
            remove(temporary)

    def _write(self, parts: Sequence[Buffer]) -> tuple[str, _FileVersion]:
        fd, temporary, old_size = self._temporaries.open()
        try:
            try:
                size = bodies.write_all(fd, parts)
                if size < old_size:
                    os.ftruncate(fd, size)
                now = time.time_ns()
                os.utime(fd, ns=(now, now))
                status = os.fstat(fd)  # as the file system keeps it, which may be coarser
            finally:
                os.close(fd)  # network file systems report a full disk only here
        except BaseException:
            remove(temporary)
            raise
        return temporary, (status.st_ino, status.st_mtime_ns, status.st_size)

    def _link(self, temporary: str, path: str, key: str) -> bool:
        """Whether the temporary file is now at `path`, where nothing was."""
        for _ in range(10):
            try:
                os.link(temporary, path)
            except OSError as error:
                if os.stat(temporary).st_nlink == 2:
                    return True  # NFS: the link was made, and the answer lost
                if isinstance(error, FileExistsError):
                    return False
                if isinstance(
                    error, FileNotFoundError
                ):  # no folder, or somebody removed it again because it was empty
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    continue
                if error.errno not in _NO_LINKS:
                    raise
                return self._rename(temporary, path, key)
            return True
        raise FileNotFoundError(errno.ENOENT, "its folder vanishes as fast as it is created", path)

    def _rename(self, temporary: str, path: str, key: str) -> bool:
        """The link where the file system has no hard links: all who create there come this way."""
        with self._exclusively(key):
            if os.path.lexists(path):
                return False
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.rename(temporary, path)
            return True

    def _exclusively(self, key: str) -> Exclusively:
        return Exclusively(f"{self._prefix}{_LOCKS}/{zlib.crc32(key.encode()) & 0x3F:02x}")

    def _hold(self, path: str) -> Lock | None:
        for _ in range(_HOLD_TRIES):
            file = LockFile(path, os.O_RDWR | os.O_CREAT)
            try:
                file.lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.release()
                time.sleep(0.005)
                continue
            except OSError as error:
                file.release()
                if error.errno in _NO_LOCKS:
                    return None
                raise
            if file.in_place():  # else it was removed between our open and our lock
                return file
            file.release()
        return None

    def _version(self, path: str) -> _FileVersion | None:
        if not self._is_local():
            return _version(path)
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _is_local(self) -> bool:
        local = self._local
        if local is None:
            local = self._local = locality.is_local(self._path)
        return local


def open_root(uri: str) -> Store:
    """The registry's factory; `uri` as `uri.expand` gives it."""
    return FileStore(uri.removeprefix("file://"))


def _version(path: str) -> _FileVersion | None:
    try:
        fd = os.open(
            path, os.O_RDONLY
        )  # an open, because network file systems answer a stat from what they remember
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _cannot_exist(error: OSError) -> bool:
    """Nothing was ever written under a name that is too long for the file system."""
    return error.errno == errno.ENAMETOOLONG
