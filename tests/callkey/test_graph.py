"""Values that contain themselves, and values that lie deep."""

from __future__ import annotations

import copy
import itertools
import pickle
import random
from typing import Any

import pytest

from thds.mops.callkey.canonical import digest
from thds.mops.errors import UnkeyableError


class Knot:
    """Refers to others, and hashes by identity."""

    def __init__(self, name: str, *others: object) -> None:
        self.name = name
        self.others: Any = list(others)


def ring(*names: str) -> Knot:
    """Knots in a circle; the first."""
    knots = [Knot(name) for name in names]
    for knot, following in zip(knots, [*knots[1:], knots[0]], strict=True):
        knot.others = [following]
    return knots[0]


def self_containing() -> dict[str, Any]:
    """One of each kind that contains itself, each made anew."""
    in_list: list[Any] = [1]
    in_list.append(in_list)
    in_dict: dict[str, Any] = {"a": 1}
    in_dict["me"] = in_dict
    tuple_list: list[Any] = []
    in_tuple = (1, tuple_list)
    tuple_list.append(in_tuple)
    in_instance = Knot("a")
    in_instance.others = {"me": in_instance}
    in_set = Knot("a")
    in_set.others = {in_set, Knot("b", in_set)}
    two_lists: list[Any] = [[2]]
    two_lists[0].append(two_lists)
    return {
        "list": in_list, "dict": in_dict, "tuple": in_tuple, "instance": in_instance, "set": in_set,
        "two lists": two_lists, "ring": ring("a", "b", "c"), "list in list": [in_list, in_list],
    }  # fmt: skip


@pytest.mark.parametrize("name", self_containing())
def test_equal_shapes_have_equal_digests(name: str) -> None:
    """Made twice, copied, or pickled, a value that contains itself has one digest."""
    value = self_containing()[name]
    expected = digest(value, "x")
    assert digest(self_containing()[name], "x") == expected
    assert digest(copy.deepcopy(value), "x") == expected
    assert digest(pickle.loads(pickle.dumps(value)), "x") == expected


def test_different_shapes_have_different_digests() -> None:
    """Labels, kinds, lengths and where a cycle leads back to all count."""
    values = [*self_containing().values()]
    values += [
        ring("a"),
        ring("b"),
        ring("a", "b"),
        ring("b", "a"),
        ring("a", "b", "b"),
        ring("a", "b", "a", "c"),
    ]
    values += [
        Knot("a", ring("a")),
        Knot("z", ring("a")),
        [ring("a", "b")],
        (ring("a", "b"),),
        Knot("a"),
        [1],
        [1, [1]],
    ]
    to_second, to_first = Knot("d", Knot("e", Knot("f"))), Knot("d", Knot("e", Knot("f")))
    to_second.others[0].others[0].others = [to_second.others[0]]
    to_first.others[0].others[0].others = [to_first]
    values += [to_second, to_first]
    digests = [digest(value, "x") for value in values]
    assert len(set(digests)) == len(digests)


def test_unfolding_is_what_counts() -> None:
    """A ring of two equal knots is a ring of one: the same endless value, held by more objects."""
    assert digest(ring("a"), "x") == digest(ring("a", "a"), "x") == digest(ring("a", "a", "a"), "x")
    assert digest(ring("a", "b"), "x") == digest(ring("a", "b", "a", "b"), "x")
    assert digest(ring("a", "b"), "x") != digest(ring("a", "b", "b"), "x")


def test_order_of_sets_does_not_show_in_cycles() -> None:
    """Members of a set that refer to each other, in every order of their identities."""

    def friends(order: tuple[int, ...]) -> Any:
        made: dict[int, Knot] = {}
        for number in order:
            made[number] = Knot(f"friend {number}")
        for number in range(4):
            made[number].others = {made[(number + 1) % 4], made[(number + 2) % 4]}
        return [{made[number] for number in order}, made[0]]

    kept, digests = [], set()
    for order in itertools.permutations(range(4)):
        kept.append(friends(order))  # identities must differ
        digests.add(digest(kept[-1], "x"))
    assert len(digests) == 1


def test_a_mesh_takes_no_time() -> None:
    """Where every node knows its neighbours there are more paths than could ever be walked."""

    def mesh(size: int, odd_one: object = None) -> Knot:
        rows = [[Knot(f"{row},{column}") for column in range(size)] for row in range(size)]
        for row, column in itertools.product(range(size), repeat=2):
            near = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
            rows[row][column].others = [rows[r][c] for r, c in near if 0 <= r < size and 0 <= c < size]
        rows[-1][-1].name = str(odd_one)
        return rows[0][0]

    assert digest(mesh(12), "x") == digest(mesh(12), "x")
    assert digest(mesh(12), "x") != digest(mesh(12, "odd"), "x")


def test_random_graphs_against_their_copies() -> None:
    """Any graph has its copy's digest, and another one's after a change to any label."""
    dice = random.Random(5)
    for _ in range(40):
        knots = [Knot(dice.choice("ab")) for _ in range(dice.randint(2, 7))]
        for knot in knots:
            container = dice.choice([list, tuple, set])
            knot.others = container(dice.choices(knots, k=dice.randint(1, 3)))
        root = Knot("root", *knots)
        twin = copy.deepcopy(root)
        assert digest(root, "x") == digest(twin, "x")
        dice.choice(twin.others).name = "changed"
        assert digest(root, "x") != digest(twin, "x")


def test_long_chains_of_instances() -> None:
    """Instances may be chained far deeper than Python can recurse, with and without a way back."""

    def chain(length: int, *, closed: bool, last: str = "end") -> Knot:
        first = knot = Knot("first")
        for number in range(length):
            knot.others = [Knot(str(number))]
            knot = knot.others[0]
        knot.name = last
        if closed:
            knot.others = [first]
        return first

    for closed in (False, True):
        expected = digest(chain(800, closed=closed), "x")
        assert digest(chain(800, closed=closed), "x") == expected
        assert digest(chain(800, closed=closed, last="other"), "x") != expected
    assert digest(chain(100, closed=False), "x") == digest(copy.deepcopy(chain(100, closed=False)), "x")


def test_depth_does_not_change_the_digest() -> None:
    """What is within reach of recursion here and beyond it there has one digest."""

    def nested(value: object, times: int) -> object:
        for _ in range(times):
            value = Knot("k", value)
        return value

    def deep_in_the_stack(value: object, frames: int) -> bytes:
        return digest(value, "x") if frames == 0 else deep_in_the_stack(value, frames - 1)

    value = nested([1, {2}], 60)
    assert digest(value, "x") == deep_in_the_stack(value, 700)


def test_too_deep_builtins_are_an_error_that_says_where() -> None:
    """Lists in lists beyond the pickler's depth: an error with the path, shortened."""
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]
    with pytest.raises(UnkeyableError, match=r"lies too deep") as caught:
        digest({"a": value}, "x")
    path = caught.value.argument_path  # type: ignore[attr-defined]
    assert path.startswith("x['a'][0][0]")
    assert "more)" in path
    assert len(path) < 200
    while value:  # taken down by hand: older interpreters recurse
        value = value[0]
