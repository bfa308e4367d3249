"""`file://`: the store contract, and what only files can do wrong: full disks, killed writers, forks, file systems."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from thds.mops.errors import StoreError, StoreUnwritableError
from thds.mops.stores import bodies
from thds.mops.stores.base import CREATE, Buffer, Replace, Store
from thds.mops.stores.file import FileStore
from thds.mops.testing.stores import SharedStoreContract

_START = """
import errno, os, signal, sys, threading, time
from thds.mops.errors import StoreError, StoreUnwritableError
from thds.mops.stores.base import CREATE, Replace
from thds.mops.stores.file import FileStore
root = sys.argv[1]
store = FileStore(root)

def say(*words):
    print(*words, flush=True)

def here_until_killed(*_):
    say("here")
    signal.pause()
"""


class TestFileStore(SharedStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return FileStore(f"{tmp_path}/root")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(f"{tmp_path}/root")


@contextlib.contextmanager
def _process(script: str, root: object, *before: str) -> Iterator[subprocess.Popen[str]]:
    command = [*before, sys.executable, "-c", _START + textwrap.dedent(script), str(root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def _run(script: str, root: object, *before: str) -> list[str]:
    with _process(script, root, *before) as process:
        out = process.communicate(timeout=60)[0]
        assert process.returncode == 0
    return out.splitlines()


def _temporaries(store: FileStore) -> list[str]:
    return os.listdir(f"{store.uri.removeprefix('file://')}/.mops-tmp")


# -- writers that die ----------------------------------------------------------------------------------------------

_KILLED_AT = {
    "half written": """
        write = os.writev
        os.writev = lambda fd, parts: here_until_killed(write(fd, [b"half"]))
        """,
    "before the link": "os.link = here_until_killed\n",
    "before the rename, under the lock": "os.replace = here_until_killed\n",
}


@pytest.mark.parametrize(
    ("mode", "point"),
    [
        ("CREATE", "half written"),
        ("CREATE", "before the link"),
        ("Replace", "half written"),
        ("Replace", "before the rename, under the lock"),
    ],
)
def test_a_killed_writer_leaves_nothing_visible(store: FileStore, point: str, mode: str) -> None:
    """Wherever kill -9 strikes: readers see what was there before, and the next writer is not held up."""
    version = store.put("a", [b"before"], CREATE) if mode == "Replace" else None
    write = (
        'store.put("a", [b"half", b"way"], CREATE if not store.get("a") else Replace(store.get("a").version))'
    )
    with _process(textwrap.dedent(_KILLED_AT[point]) + write, store.uri.removeprefix("file://")) as process:
        assert _line(process) == "here"
        process.kill()
    found = store.get("a")
    assert (found and found.body) == (b"before" if version else None)
    assert [entry.key for entry in store.list("")] == (["a"] if version else [])
    assert len(_temporaries(store)) == 1
    assert store.put("a", [b"next"], Replace(version) if version else CREATE) is not None


def test_old_temporary_files_are_swept_at_the_first_write(store: FileStore) -> None:
    """Those of a day ago; what somebody may still be writing stays."""
    store.put("a", [b"x"], CREATE)
    folder = Path(store.uri.removeprefix("file://"), ".mops-tmp")
    for name, age_s in (("old", 2 * 86_400), ("young", 3_600)):
        (folder / name).write_bytes(b"left behind")
        at = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (at, at))
    assert FileStore(str(folder.parent)).get("a") is not None
    assert len(_temporaries(store)) == 2
    FileStore(str(folder.parent)).put("b", [b"x"], CREATE)
    assert _temporaries(store) == ["young"]


def test_writers_leave_no_temporary_files(store: FileStore) -> None:
    """Whether they win, lose, or fail halfway."""
    version = store.put("a", [b"x"], CREATE)
    store.put("a", [b"y"], CREATE)
    store.put("a", [b"z"], Replace(version))
    store.put("a", [b"z"], Replace(version))
    with pytest.raises(TypeError):
        store.put("b", ["not bytes"], CREATE)  # type: ignore[list-item]
    assert _temporaries(store) == []


# -- what the file system refuses ----------------------------------------------------------------------------------


@pytest.fixture
def full_disk() -> Iterator[tuple[str, list[str]]]:
    """A root that takes about 100 KB, and how to start a process that sees it: a small tmpfs in a mount namespace of
    its own, or, where that is not allowed, a limit on the size of files."""
    folder = tempfile.mkdtemp()
    mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=100k full {folder} && exec "$@"', "-"]
    if not _works(mount):
        mount = ["sh", "-c", 'ulimit -f 100 && exec "$@"', "-"]  # blocks of 512 bytes or 1 KB
    yield folder, mount
    shutil.rmtree(folder)


def _works(mount: list[str]) -> bool:
    try:
        return subprocess.run([*mount, "true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def test_a_full_disk(full_disk: tuple[str, list[str]]) -> None:
    """Says so, with the errno; what is there stays readable, and nothing of the failed write remains."""
    root, before = full_disk
    out = _run(
        """
        version = store.put("small", [b"x"], CREATE)
        for mode in (CREATE, Replace(version)):
            try:
                store.put("large" if mode is CREATE else "small", [b"x" * 500_000], mode)
            except StoreUnwritableError as error:
                assert error.errno in (errno.ENOSPC, errno.EFBIG), error
                assert error.operation == "put" and error.hint, error
                assert isinstance(error.__cause__, OSError)
                say(error.what)
        say(store.get("small").body, store.get("large"), os.listdir(root + "/.mops-tmp"))
        say(store.delete("small", version), store.put("small", [b"y"], CREATE) is not None)
        """,
        root,
        *before,
    )
    assert out[0].startswith(f"could not put file://{root}/large: ")
    assert out[1].startswith(f"could not put file://{root}/small: ")
    assert out[2:] == ["b'x' None []", "True True"]


def test_a_limit_on_the_size_of_files(store: FileStore) -> None:
    """`ulimit -f` ends a write as it ends on a full disk."""
    out = _run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            store.put("large", [b"x" * 5_000] * 3, CREATE)
        except StoreUnwritableError as error:
            say(error.errno == errno.EFBIG, os.listdir(root + "/.mops-tmp"))
        """,
        store.uri.removeprefix("file://"),
    )
    assert out == ["True []"]


_READ_ONLY = """
    for operation in (
        lambda: store.put("new", [b"x"], CREATE),
        lambda: store.put("a", [b"x"], Replace(store.get("a").version)),
        lambda: store.delete("a"),
        lambda: store.hold("a.lock"),
    ):
        try:
            say(operation())
        except StoreUnwritableError as error:
            say(errno.errorcode[error.errno], error.operation, bool(error.hint))
    say(store.get("a").body, store.head("a").size, store.put("a", [b"x"], CREATE))
    """


def _folder_with_a_blob() -> str:
    folder = tempfile.mkdtemp()
    FileStore(folder).put("a", [b"x"], CREATE)
    return folder


def test_a_folder_without_the_right_to_write() -> None:
    """Every write says so; reading goes on, and so does a create of what is there."""
    root = _folder_with_a_blob()
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o555)
    try:
        # root may do everything: become nobody once everything is imported
        out = _run("if os.geteuid() == 0: os.seteuid(65534)\n" + textwrap.dedent(_READ_ONLY), root)
    finally:
        for folder, _, _ in os.walk(root):
            os.chmod(folder, 0o755)
        shutil.rmtree(root)
    refused = [f"EACCES {operation} True" for operation in ("put", "put", "delete", "hold")]
    assert out == [*refused, "b'x' 1 None"]


def test_a_read_only_file_system() -> None:
    """The same, as a mount says it; without the right to mount there is only the folder above."""
    root = _folder_with_a_blob()
    mount = ["unshare", "--mount", "sh", "-c"]
    mount += [f'mount --bind {root} {root} && mount -o remount,ro,bind {root} && exec "$@"', "-"]
    try:
        if _works(mount):
            refused = [f"EROFS {operation} True" for operation in ("put", "put", "delete", "hold")]
            assert _run(_READ_ONLY, root, *mount) == [*refused, "b'x' 1 None"]
    finally:
        shutil.rmtree(root)


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    """As root, or on the way to a key: reads as absent, and a write names the trouble."""
    (tmp_path / "root").write_text("a file")
    store = FileStore(f"{tmp_path}/root")
    assert store.get("a") is None
    assert store.head("a") is None
    assert list(store.list("")) == []
    with pytest.raises(StoreError, match="Not a directory") as caught:
        store.put("a", [b"x"], CREATE)
    assert "is a file" in caught.value.hint
    store = FileStore(f"{tmp_path}/other")
    store.put("a", [b"x"], CREATE)
    assert store.get("a/b") is None
    assert store.head("a/b") is None
    with pytest.raises(StoreError, match="Not a directory"):
        store.put("a/b", [b"x"], CREATE)


def test_a_folder_where_a_blob_is_asked_for(store: FileStore) -> None:
    """Is no blob; creating one there says what is in the way."""
    store.put("a/b", [b"x"], CREATE)
    assert store.get("a") is None
    assert store.head("a") is None
    with pytest.raises(StoreError, match="Is a directory"):
        store.put("a", [b"x"], CREATE)


def test_names_too_long_for_the_file_system(store: FileStore) -> None:
    """Nothing can be there; writing says why not."""
    key = "x" * 300
    assert store.get(key) is None
    assert store.head(key) is None
    with pytest.raises(StoreUnwritableError, match="File name too long") as caught:
        store.put(key, [b"x"], CREATE)
    assert caught.value.errno == errno.ENAMETOOLONG


def test_folders_that_vanish_are_made_again(store: FileStore, tmp_path: Path) -> None:
    """Somebody clears the root while we use it."""
    store.put("a/b", [b"x"], CREATE)
    shutil.rmtree(tmp_path / "root")
    assert store.get("a/b") is None
    version = store.put("a/b", [b"y"], CREATE)
    shutil.rmtree(tmp_path / "root/.mops-tmp")
    assert store.put("a/b", [b"z"], Replace(version)) is not None
    shutil.rmtree(tmp_path / "root/.mops-locks")
    assert store.delete("a/b")


def test_the_time_of_writing_is_exact(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels set it in steps of up to 10 ms, in which an inode number can come back: versions would be the same."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_234_567_890_123_456_789)
    version = store.put("a", [b"x"], CREATE)
    assert (tmp_path / "root/a").stat().st_mtime_ns == 1_234_567_890_123_456_789
    assert store.put("a", [b"y"], Replace(version)) is not None
    assert (tmp_path / "root/a").stat().st_mtime_ns == 1_234_567_890_123_456_789


# -- links ---------------------------------------------------------------------------------------------------------


def test_a_link_that_was_made_but_reported_as_failed(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does when an answer is lost: the temporary file's second link tells that we won."""
    real = os.link

    def link(source: str, target: str) -> None:
        real(source, target)
        raise FileExistsError(errno.EEXIST, "as if it had been there", target)

    monkeypatch.setattr(os, "link", link)
    version = store.put("a", [b"x"], CREATE)
    found = store.get("a")
    assert version is not None
    assert found is not None
    assert found.version == version


def test_a_file_system_without_links(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Creating goes under the lock then, and still one of many wins."""

    def link(*_: str) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    TestFileStore().test_one_of_many_creators_wins(store)
    assert store.put("a/0", [b"late"], CREATE) is None
    assert _temporaries(store) == []


def test_a_creator_that_comes_between_look_and_link(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link decides, not the look before it."""
    real = os.link

    def link(source: str, target: str) -> None:
        monkeypatch.setattr(os, "link", real)
        assert store.put("a", [b"first"], CREATE) is not None
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    assert store.put("a", [b"second"], CREATE) is None
    found = store.get("a")
    assert found is not None
    assert found.body == b"first"


# -- large bodies --------------------------------------------------------------------------------------------------


def test_from_1_mb_on_bodies_are_mapped(store: FileStore) -> None:
    """And smaller ones are bytes."""
    for size, kind in ((bodies.MAP_FROM - 1, bytes), (bodies.MAP_FROM, memoryview)):
        store.put(str(size), [b"x" * size], CREATE)
        found = store.get(str(size))
        assert found is not None
        assert type(found.body) is kind
        assert bytes(found.body) == b"x" * size


def test_on_a_network_file_system_they_are_read(store: FileStore) -> None:
    """Into memory of their own, just as writable."""
    store._local = False
    store.put("a", [b"x" * bodies.MAP_FROM], CREATE)
    found = store.get("a")
    assert found is not None
    assert type(found.body) is bytearray
    assert found.body == b"x" * bodies.MAP_FROM


def test_many_large_bodies_do_not_use_up_the_files(store: FileStore) -> None:
    """Before Python 3.13 each mapping keeps a file open: only so many are mapped, the rest is read."""
    out = _run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        store.put("a", [b"x" * (1 << 20)], CREATE)
        kept = [store.get("a").body for _ in range(300)]
        others = [os.open("/dev/null", os.O_RDONLY) for _ in range(30)]
        say(all(body[-1:] == b"x" for body in kept), store.put("b", [b"y"], CREATE) is not None)
        """,
        store.uri.removeprefix("file://"),
    )
    assert out == ["True True"]


def test_a_body_that_got_shorter(store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged from outside between size and read: what is there, for the reader to find it damaged. A read that only
    stops early goes on."""
    store.put("a", [b"0123456789" * 10], CREATE)
    real = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: real(fd, min(size, 7)))
    found = store.get("a")
    assert found is not None
    assert found.body == b"0123456789" * 10

    def cut(fd: int, size: int) -> bytes:
        os.truncate(tmp_path / "root/a", 30)
        return real(fd, size)

    monkeypatch.setattr(os, "read", cut)
    found = store.get("a")
    assert found is not None
    assert found.body == b"0123456789" * 3


def test_writes_that_stop_halfway_go_on(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a part, at its end, and over several parts."""
    real = os.writev
    sizes = iter([3, 4, 1, 9, 2] * 50)

    def some(fd: int, parts: list[bytes]) -> int:
        size = next(sizes)
        return real(fd, [b"".join(bytes(part) for part in parts)[:size]])

    monkeypatch.setattr(os, "writev", some)
    parts: list[Buffer] = [b"ab", b"cdefg", b"", b"h" * 100, bytearray(b"xyz")]
    store.put("a", parts, CREATE)
    found = store.get("a")
    assert found is not None
    assert found.body == b"".join(parts)


# -- locks that tell whether their holder lives --------------------------------------------------------------------


def test_a_held_lock_is_seen_until_it_is_released(store: FileStore) -> None:
    """In the same process, and by others; a file that is not there is not held."""
    assert store.is_held("s/x.lock") is False
    lock = store.hold("s/x.lock")
    assert lock is not None
    assert lock.in_place()
    assert store.is_held("s/x.lock") is True
    assert store.hold("s/y.lock") is not None
    asked = 'say(store.is_held("s/x.lock"))'
    assert _run(asked, store.uri.removeprefix("file://")) == ["True"]
    lock.release()
    assert store.is_held("s/x.lock") is False
    assert not lock.in_place()
    assert _run(asked, store.uri.removeprefix("file://")) == ["False"]


def test_a_killed_holder_holds_no_longer(store: FileStore) -> None:
    """At once, and though the file is still there."""
    with _process(
        'kept = store.hold("x.lock"); here_until_killed()', store.uri.removeprefix("file://")
    ) as process:
        assert _line(process) == "here"
        assert store.is_held("x.lock") is True
        process.kill()
    assert store.is_held("x.lock") is False
    assert store.head("x.lock") is not None


def test_a_forked_child_neither_keeps_nor_ends_its_parents_lock(store: FileStore) -> None:
    """It ends: the parent holds on. It lives on, the parent is killed: nobody holds it."""
    script = """
    kept = store.hold("x.lock")
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    say("first")
    sys.stdin.readline()
    child = os.fork()
    if child == 0:
        assert not kept.in_place()
        kept.release()  # does nothing: it is the parent's
        say(os.getpid())
        signal.pause()
    signal.pause()
    """
    with _process(script, store.uri.removeprefix("file://")) as process:
        assert _line(process) == "first"
        assert store.is_held("x.lock") is True
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        child = int(_line(process))
        try:
            assert store.is_held("x.lock") is True
            process.kill()
            process.wait()
            os.kill(child, 0)  # it lives
            assert store.is_held("x.lock") is False
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_process_started_by_the_holder_does_not_keep_the_lock(store: FileStore) -> None:
    """Neither by subprocess, nor by spawning."""
    script = """
    import subprocess
    kept = store.hold("x.lock")
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    say(child.pid)
    signal.pause()
    """
    with _process(script, store.uri.removeprefix("file://")) as process:
        child = int(_line(process))
        process.kill()
        process.wait()
        try:
            assert store.is_held("x.lock") is False
        finally:
            os.kill(child, signal.SIGKILL)


def test_whoever_asks_does_not_make_a_holder_fail(store: FileStore) -> None:
    """Asking takes a lock for a moment; the holder tries again."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            store.is_held("x.lock")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            lock = store.hold("x.lock")
            assert lock is not None
            lock.release()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_lock_file_that_was_removed_is_no_longer_in_place(store: FileStore) -> None:
    """Its holder can tell, for the others are told that nobody holds it."""
    lock = store.hold("x.lock")
    assert lock is not None
    store.delete("x.lock")
    assert store.is_held("x.lock") is False
    assert not lock.in_place()
    again = store.hold("x.lock")
    assert again is not None
    assert not lock.in_place()
    assert again.in_place()


def test_a_lock_file_that_is_removed_while_it_is_being_locked(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holding a file that nobody finds any more would tell nobody: it is tried again."""
    real = fcntl.flock

    def flock(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        assert store.delete("x.lock")
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = store.hold("x.lock")
    assert lock is not None
    assert lock.in_place()
    assert store.is_held("x.lock") is True


def test_no_locks_on_a_network_file_system(store: FileStore) -> None:
    """They would not tell the truth about processes of other machines."""
    lock = store.hold("x.lock")
    assert lock is not None
    elsewhere = FileStore(store.uri.removeprefix("file://"))
    elsewhere._local = False
    assert elsewhere.hold("y.lock") is None
    assert elsewhere.is_held("x.lock") is None


def test_a_child_forked_during_a_swap_does_not_keep_its_lock(store: FileStore) -> None:
    """The child lives on; the parent is killed before it unlocks. The next swap goes through."""
    script = """
    version = store.put("a", [b"1"], CREATE)
    def fork_and_die(source, target):
        child = os.fork()
        if child == 0:
            signal.pause()
        say(child)
        os.kill(os.getpid(), signal.SIGKILL)
    os.replace = fork_and_die
    store.put("a", [b"2"], Replace(version))
    """
    with _process(script, store.uri.removeprefix("file://")) as process:
        child = int(_line(process))
        process.wait()
        try:
            found = store.get("a")
            assert found is not None
            assert store.put("a", [b"3"], Replace(found.version)) is not None
            os.kill(child, 0)  # it lives
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_duplicate_of_the_lock_that_nobody_closes_does_not_keep_it(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a child forked by C code would have it: unlocking does not wait for it."""
    real, duplicates = os.replace, list[int]()

    def replace(source: str, target: str) -> None:
        locks = {(status := path.stat()).st_ino: status for path in (tmp_path / "root/.mops-locks").iterdir()}
        for fd in map(int, os.listdir("/dev/fd")):
            with contextlib.suppress(OSError):
                if os.fstat(fd).st_ino in locks:
                    duplicates.append(os.dup(fd))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    version = store.put("a", [b"1"], CREATE)
    try:
        for _ in range(3):
            version = store.put("a", [b"2"], Replace(version))
            assert version is not None
        assert len(duplicates) >= 3
    finally:
        for fd in duplicates:
            os.close(fd)
