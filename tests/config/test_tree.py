"""The tree against a naive model, and under threads."""

from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from thds.mops.config.tree import Entry, Tree, Where

SETTINGS = ("shim", "root")
HERE = Where("here.py", 1)

names = st.sampled_from(["a", "b", "ab"])
paths = st.lists(names, max_size=4).map(".".join)
writes = st.tuples(st.sampled_from(SETTINGS), paths, st.booleans(), st.integers())
operations = st.one_of(
    writes.map(lambda write: ("write", *write)),
    st.tuples(st.just("install"), st.lists(st.tuples(writes, st.booleans()), max_size=3)),
)


def entry(path: str, value: Any, *, mask: bool = False) -> Entry:
    return Entry(path, value, HERE, mask)


class Model:
    """What design says, done the slowest way: a dict, and a sorted list of all that begins with the right names."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, tuple[str, ...], bool], int] = {}
        self.pinned: set[tuple[str, tuple[str, ...], bool]] = set()

    def write(self, setting: str, path: str, mask: bool, value: int) -> None:
        place = (setting, tuple(path.split(".")) if path else (), mask)
        if place not in self.pinned:
            self.said[place] = value

    def install(self, writes: list[tuple[tuple[str, str, bool, int], bool]]) -> None:
        for (setting, path, mask, value), pinned in writes:
            place = (setting, tuple(path.split(".")) if path else (), mask)
            if pinned or place not in self.said:
                self.said[place] = value
            if pinned:
                self.pinned.add(place)

    def candidates(self, path: str, setting: str) -> list[int]:
        wanted = path.split(".") if path else []
        holding = [
            (place, mask, value)
            for (name, place, mask), value in self.said.items()
            if name == setting and wanted[: len(place)] == list(place)
        ]
        masks = sorted((len(place), value) for place, mask, value in holding if mask)
        values = sorted(((-len(place), value) for place, mask, value in holding if not mask))
        return [value for _, value in masks + values]


@settings(max_examples=300, deadline=None)
@given(st.lists(operations, max_size=12), paths, st.sampled_from(SETTINGS))
def test_the_tree_answers_like_the_model(done: list[Any], path: str, setting: str) -> None:
    """Writes, pinned and unpinned installs in any order; masks from the outside, values from the inside."""
    tree, model = Tree(), Model()
    for kind, *arguments in done:
        if kind == "write":
            name, at, mask, value = arguments
            tree.write([(name, entry(at, value, mask=mask))])
            model.write(name, at, mask, value)
        else:
            (installed,) = arguments
            tree.install(
                [
                    (name, entry(at, value, mask=mask), pinned)
                    for (name, at, mask, value), pinned in installed
                ],
                {},
            )
            model.install(installed)
    expected = model.candidates(path, setting)
    assert [found.value for found in tree.candidates(path, setting)] == expected
    winner = tree.winners(path, SETTINGS).get(setting)
    assert (winner.value if winner else None) == (expected[0] if expected else None)


def test_each_write_moves_the_generation_on() -> None:
    """Whoever caches compares one integer; it never comes back."""
    tree = Tree()
    seen = [tree.generation]
    tree.write([("shim", entry("a", 1))])
    seen.append(tree.generation)
    with tree.isolated():
        seen.append(tree.generation)
        tree.write([("shim", entry("a", 2))])
        seen.append(tree.generation)
    seen.append(tree.generation)
    tree.install([], {})
    seen.append(tree.generation)
    assert seen == sorted(set(seen))


def test_isolation_gives_back_what_was_there() -> None:
    """Values, pins and defaults alike."""
    tree = Tree()
    tree.install([("shim", entry("a", 1), True)], {"root": entry("", "there")})
    with tree.isolated():
        assert tree.entries() == []
        assert tree.installed_default("root") is None
        assert tree.write([("shim", entry("a", 2))]) == []
    assert tree.entries() == [("shim", entry("a", 1), True)]
    assert tree.installed_default("root") == entry("", "there")


def test_a_pinned_place_refuses_writes_and_says_so() -> None:
    """Its mask is another place."""
    tree = Tree()
    tree.install([("shim", entry("a", 1), True)], {})
    refused = tree.write([("shim", entry("a", 2)), ("shim", entry("a", 3, mask=True))])
    assert refused == [("shim", entry("a", 2))]
    assert [found.value for found in tree.candidates("a", "shim")] == [3, 1]


def in_thread(function: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_a_batch_is_seen_whole_or_not_at_all() -> None:
    """A reader that comes in the middle of a batch waits for its end."""
    tree = Tree()
    halfway, answered = threading.Event(), threading.Event()
    answers: list[dict[str, Entry]] = []

    def batch() -> Iterator[tuple[str, Entry]]:
        yield "shim", entry("a", 1)
        halfway.set()
        assert not answered.wait(0.1)
        yield "root", entry("a", 2)

    def read() -> None:
        halfway.wait()
        answers.append(tree.winners("a", SETTINGS))
        answered.set()

    reader = in_thread(read)
    tree.write(batch())
    reader.join(30)
    assert answers == [{"shim": entry("a", 1), "root": entry("a", 2)}]


def test_a_forked_child_can_read_although_another_thread_was_writing(printed_by: Callable[..., str]) -> None:
    """The lock of a thread that does not exist in the child is not waited for."""
    assert "child exit 0" in printed_by(
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        """
import os, signal, threading
from thds.mops.config.tree import TREE, Entry, Where
inside, leave = threading.Event(), threading.Event()
def batch():
    inside.set()
    leave.wait()
    yield "shim", Entry("a", 1, Where("x"))
writer = threading.Thread(target=lambda: TREE.write(batch()))
writer.start()
inside.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    TREE.winners("a", ["shim"])
    os._exit(0)
print("child exit", os.waitpid(child, 0)[1])
leave.set()
writer.join()
""",
    )


def test_where_names_file_and_line_of_a_frame() -> None:
    """As an editor takes it."""
    frame = inspect.currentframe()
    assert frame is not None
    where = Where.of_frame(frame)
    assert where.file == __file__
    assert str(where) == f"{__file__}:{where.line}"
    assert "Where.of_frame(frame)" in inspect.getsourcelines(inspect.getmodule(frame))[0][where.line - 1]


def test_where_of_the_caller_is_the_first_line_that_is_not_ours() -> None:
    """A frame of `thds.mops` is passed over, one of a module that only begins like it is not."""
    ours: dict[str, Any] = {"__name__": "thds.mops.pretended", "Where": Where}
    exec(compile("def ask():\n    return Where.of_caller()", "ours.py", "exec"), ours)
    near: dict[str, Any] = {"__name__": "thds.mopsy", "ask": ours["ask"]}
    exec(compile("\n\nanswer = ask()", "near.py", "exec"), near)
    assert near["answer"] == Where("near.py", 3)


def test_where_shows_the_key_and_survives_pickling() -> None:
    """It travels to workers."""
    where = Where("/x/.mops.toml", 3, "foo.mops.pure.magic.shim")
    assert str(where) == "/x/.mops.toml:3: foo.mops.pure.magic.shim"
    assert pickle.loads(pickle.dumps(where)) == where
