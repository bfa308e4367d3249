"""What every blob store promises, as tests. For writers of stores: subclass, give the fixture `store`, run pytest.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self) -> Store:
            return MyStore(...)          # empty, a new one for each test

`SharedStoreContract` adds what holds between processes, for stores that `open_store(store.uri)` opens anywhere.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from thds.mops.stores.base import CREATE, Buffer, Replace, Store, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BAD_KEYS = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a b",
    "a\\b",
    "a\n",
    "ä",
    "a:b",
    "a*",
    ".mops-x/a",
)
_GOOD_KEYS = ("a", "A-1_2.3@x=+", ".hidden", "a/.b/c", "...", "a/b.c/d..e", "x" * 200)
_LARGE = 3 << 20


class StoreContract:
    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("give a fixture `store`: an empty store, a new one for each test")

    # -- one at a time ---------------------------------------------------------------------------------------------

    def test_absent_is_an_answer(self, store: Store) -> None:
        """Nothing there: None, False or nothing listed, never an exception."""
        assert store.get("a/b") is None
        assert store.head("a/b") is None
        assert store.delete("a/b") is False
        assert store.put("a/b", [b"x"], Replace(_other_version(store))) is None
        assert list(store.list("a")) == []

    def test_says_where_it_is(self, store: Store) -> None:
        """`uri` begins addresses in messages; `cheap_looks` is a plain bool."""
        assert "://" in store.uri
        assert isinstance(store.cheap_looks, bool)

    def test_a_created_blob_is_read_back(self, store: Store) -> None:
        """Bytes, size and version are the same through `put`, `get` and `head`."""
        version = store.put("a/b", [b"hello ", b"world"], CREATE)
        found, entry = store.get("a/b"), store.head("a/b")
        assert found is not None
        assert entry is not None
        assert (bytes(found.body), found.version) == (b"hello world", version)
        assert (entry.key, entry.size, entry.version) == ("a/b", 11, version)
        assert entry.modified > 0

    def test_a_second_create_loses(self, store: Store) -> None:
        """It is told so, and changes nothing."""
        version = store.put("a", [b"first"], CREATE)
        assert store.put("a", [b"second"], CREATE) is None
        assert _read(store, "a") == (b"first", version)

    def test_replace_needs_the_very_version(self, store: Store) -> None:
        """The current version is replaced once; the one before it is refused."""
        first = store.put("a", [b"1"], CREATE)
        second = store.put("a", [b"2"], Replace(first))
        assert second is not None
        assert store.put("a", [b"3"], Replace(first)) is None
        assert _read(store, "a") == (b"2", second)

    def test_equal_bytes_are_not_an_equal_version(self, store: Store) -> None:
        """Whoever saw a version before it was replaced, there and back, does not replace what is there now."""
        seen = [store.put("a", [b"same"], CREATE)]
        for _ in range(20):
            seen.append(store.put("a", [b"same"], Replace(seen[-1])))
        assert None not in seen
        assert all(store.put("a", [b"late"], Replace(version)) is None for version in seen[:-1])
        assert _read(store, "a") == (b"same", seen[-1])

    def test_a_blob_created_again_is_another(self, store: Store) -> None:
        """Versions from before a deletion open nothing."""
        seen: list[Version] = []
        for _ in range(20):
            seen.append(store.put("a", [b"same"], CREATE))
            assert store.delete("a")
        version = store.put("a", [b"same"], CREATE)
        assert None not in seen
        assert not any(store.delete("a", old) for old in seen)
        assert all(store.put("a", [b"late"], Replace(old)) is None for old in seen)
        assert _read(store, "a") == (b"same", version)

    def test_delete(self, store: Store) -> None:
        """With a version only that one; without, whatever is there."""
        first = store.put("a", [b"1"], CREATE)
        second = store.put("a", [b"2"], Replace(first))
        assert store.delete("a", first) is False
        assert store.delete("a", second) is True
        assert store.get("a") is None
        assert store.delete("a", second) is False
        store.put("a", [b"3"], CREATE)
        assert store.delete("a") is True
        assert store.head("a") is None

    @pytest.mark.parametrize(
        "parts",
        [
            [],
            [b""],
            [b"", b"x", b"", bytearray(b"yz"), memoryview(b"0123")[1:3], b""],
            [bytes([n % 251]) * (n % 7) for n in range(5_000)],
            [memoryview(bytearray(8)).cast("B", (2, 4)), memoryview(b"12345678").cast("Q")],
            [b"a" * 100_000, b"b", b"c" * 100_000],
        ],
        ids=["none", "one empty", "kinds", "many", "shaped", "mixed sizes"],
    )
    def test_parts_are_concatenated(self, store: Store, parts: Sequence[Buffer]) -> None:
        """Any number of parts, of any kind of buffer, empty ones too; by create and by replace."""
        expected = b"".join(bytes(part) for part in parts)
        version = store.put("a", parts, CREATE)
        assert _read(store, "a") == (expected, version)
        version = store.put("a", [b"-", *parts], Replace(version))
        assert _read(store, "a") == (b"-" + expected, version)

    def test_a_large_body_is_the_readers_own(self, store: Store) -> None:
        """What a reader writes into it, nobody else sees; it stays whole when the blob is replaced or deleted."""
        version = store.put("a", [b"x" * _LARGE], CREATE)
        one, other = store.get("a"), store.get("a")
        assert one is not None
        assert other is not None
        memoryview(one.body)[:3] = b"abc"
        assert bytes(one.body[:4]) == b"abcx"
        assert _read(store, "a") == (b"x" * _LARGE, version)
        version = store.put("a", [b"y" * _LARGE], Replace(version))
        assert store.delete("a", version)
        assert bytes(other.body) == b"x" * _LARGE

    @pytest.mark.parametrize("key", _GOOD_KEYS)
    def test_good_keys(self, store: Store, key: str) -> None:
        """Letters, digits and ._@=+- in segments."""
        version = store.put(key, [b"x"], CREATE)
        assert _read(store, key) == (b"x", version)
        assert [entry.key for entry in store.list("")] == [key]

    @pytest.mark.parametrize("key", _BAD_KEYS)
    def test_bad_keys_are_refused(self, store: Store, key: str) -> None:
        """By every operation; "" names a folder, the root, and nothing else."""
        operations: list[Callable[[], Any]] = [
            lambda: store.get(key),
            lambda: store.head(key),
            lambda: store.delete(key),
            lambda: store.put(key, [b"x"], CREATE),
            lambda: store.put(key, [b"x"], Replace(object())),
        ]
        if key:
            operations.append(lambda: list(store.list(key)))
        for operation in operations:
            with pytest.raises(ValueError):
                operation()

    def test_list_goes_by_whole_segments(self, store: Store) -> None:
        """`a/b` lists what lies below the folder: not `a/bc`, not `ab`."""
        keys = ["a/b/1", "a/b/c/2", "a/bc/3", "ab/4", "a/5", "a/b.c"]
        for key in keys:
            store.put(key, [key.encode()], CREATE)
        assert _keys(store, "a/b") == ["a/b/1", "a/b/c/2"]
        assert _keys(store, "a") == ["a/5", "a/b.c", "a/b/1", "a/b/c/2", "a/bc/3"]
        assert _keys(store, "") == sorted(keys)
        assert _keys(store, "a/5") == []
        assert {entry.key: entry.size for entry in store.list("a/bc")} == {"a/bc/3": 6}

    # -- many at a time --------------------------------------------------------------------------------------------

    def test_one_of_many_creators_wins(self, store: Store) -> None:
        """Exactly one is told that it won, and its bytes are there."""
        for turn in range(10):
            key = f"a/{turn}"
            versions = _together(8, lambda n, key=key: store.put(key, [b"%d" % n * 1000], CREATE))  # type: ignore[misc]
            winners = [n for n, version in enumerate(versions) if version is not None]
            assert len(winners) == 1
            assert _read(store, key) == (b"%d" % winners[0] * 1000, versions[winners[0]])

    def test_no_swap_is_lost(self, store: Store) -> None:
        """A counter that many raise by compare and swap counts every swap that was acknowledged."""
        store.put("counter", [b"0"], CREATE)

        def count(_: int) -> int:
            return sum(_swapped(store) for _ in range(20))

        acknowledged = sum(_together(6, count))
        assert _read(store, "counter")[0] == b"%d" % acknowledged
        assert acknowledged > 0

    def test_one_of_many_deleters_wins(self, store: Store) -> None:
        """With a version, and without."""
        for turn in range(10):
            version = store.put("a", [b"x"], CREATE)
            told = _together(6, lambda _, v=version, t=turn: store.delete("a", v if t % 2 else None))  # type: ignore[misc]
            assert sorted(told) == [False] * 5 + [True]

    def test_readers_see_all_or_nothing(self, store: Store) -> None:
        """While a blob is replaced again and again, every read is one whole body, and its version."""
        bodies = [bytes([65 + n]) * 50_000 for n in range(30)]
        version = store.put("a", [bodies[0]], CREATE)
        written = {version: bodies[0]}
        done = threading.Event()

        def read(_: int) -> list[tuple[Version, bytes]]:
            seen = []
            while not done.is_set():
                body, at = _read(store, "a")
                seen.append((at, body))
            return seen

        def write() -> None:
            nonlocal version
            try:
                for body in bodies[1:]:
                    version = store.put("a", [body[:20_000], body[20_000:]], Replace(version))
                    written[version] = body
            finally:
                done.set()

        writer = threading.Thread(target=write)
        writer.start()
        seen = [one for reader in _together(2, read) for one in reader]
        writer.join()
        assert len(written) == len(bodies)
        assert all(written[at] == body for at, body in seen)


class SharedStoreContract(StoreContract):
    def test_one_of_many_creating_processes_wins(self, store: Store) -> None:
        """Of eight processes that create ten blobs, one wins each."""
        script = (
            "for k in range(10): print(store.put(f'a/{k}', [str(n).encode() * 1000], CREATE) is not None)"
        )
        told = [out.split() for out in _processes(8, store.uri, script)]
        for turn in range(10):
            winners = [n for n, one in enumerate(told) if one[turn] == "True"]
            assert len(winners) == 1
            assert _read(store, f"a/{turn}")[0] == b"%d" % winners[0] * 1000

    def test_no_swap_among_processes_is_lost(self, store: Store) -> None:
        """The counter again, raised by four processes."""
        store.put("counter", [b"0"], CREATE)
        script = (
            "from thds.mops.testing.stores import _swapped; print(sum(_swapped(store) for _ in range(50)))"
        )
        acknowledged = sum(int(out) for out in _processes(4, store.uri, script))
        assert _read(store, "counter")[0] == b"%d" % acknowledged
        assert acknowledged > 0


_PROCESS = """
import sys
from thds.mops.stores.base import CREATE, Replace
from thds.mops.stores.registry import open_store
uri, n = sys.argv[1], int(sys.argv[2])
store = open_store(uri)
print("ready", flush=True)
sys.stdin.readline()
"""


def _processes(count: int, uri: str, script: str) -> list[str]:
    """What each of `count` processes printed; all start at once with `store` and `n` at hand."""
    # fmt: off
    started = [
        subprocess.Popen([sys.executable, "-c", _PROCESS + script, uri, str(n)],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(count)
    ]
    # fmt: on
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    out = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * count
    return out


def _together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(0)` ... `act(count - 1)` returned, in threads that start at once."""
    answers: list[Any] = [None] * count
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(n: int) -> None:
        try:
            barrier.wait()
            answers[n] = act(n)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answers


def _swapped(store: Store) -> bool:
    """One attempt to raise the counter; whether it was acknowledged."""
    body, version = _read(store, "counter")
    return store.put("counter", [b"%d" % (int(body) + 1)], Replace(version)) is not None


def _other_version(store: Store) -> Version:
    return store.put("another-key", [b"x"], CREATE)


def _read(store: Store, key: str) -> tuple[bytes, Version]:
    found = store.get(key)
    assert found is not None
    return bytes(found.body), found.version


def _keys(store: Store, prefix: str) -> list[str]:
    return sorted(entry.key for entry in store.list(prefix))
