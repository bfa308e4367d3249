"""NumPy: dtype, shape and content count; strides, padding, maps and copies do not."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thds.mops.callkey.canonical import digest
from thds.mops.errors import UnkeyableError

BIG = np.random.default_rng(0).random((400, 300))


class Unit(np.ndarray):  # type: ignore[type-arg]
    """An array with something beside its content."""


def with_unit(unit: str) -> Any:
    made = np.arange(3.0).view(Unit)
    made.unit = unit  # type: ignore[attr-defined]
    return made


PACKED = np.dtype([("a", "i1"), ("b", "f8", (2,))])
ALIGNED = np.dtype([("a", "i1"), ("b", "f8", (2,))], align=True)
APART: list[Any] = [
    np.arange(4), np.arange(4, dtype="u8"), np.arange(4, dtype="i4"), np.arange(4, dtype=">i8"),
    np.arange(4).reshape(2, 2),
    np.arange(4).reshape(4, 1), np.arange(4).reshape(1, 4), np.arange(5), np.arange(4.0), [0, 1, 2, 3],
    np.array(1.0), 1.0,
    np.float64(1.0), np.float32(1.0), np.int64(1), 1, np.uint64(1), np.True_, True, np.float64("nan"),
    np.float32("nan"), float("nan"), np.complex128(complex(float("nan"), 1)), np.complex128(1), np.str_("a"), "a",
    np.bytes_(b"a"), b"a", np.array(["a"]), np.array(["a", "b"]), np.array(["a"], object),
    np.array(["a", None], object),
    np.array([b"a"]), np.array(["2020"], "M8[D]"), np.array(["2020"], "M8[s]"), np.datetime64("2020"),
    np.datetime64("NaT", "ns"),
    np.timedelta64(1, "s"), np.array([], float), np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3, PACKED),
    np.zeros(3, "V17"),
    np.zeros(2, PACKED), np.zeros(3, [("b", "i1"), ("a", "f8", (2,))]), np.zeros(3, PACKED)[0], np.longdouble(1) / 3,
    np.array([np.longdouble(1) / 3]), np.array([1, 2], "float16"), np.ma.array([1, 2], mask=[0, 1]), np.array([1, 2]),
    np.ma.array([1, 2], mask=[0, 0]), np.ma.array([1, 3], mask=[0, 1]), np.array([[1, 2]]),
    with_unit("m"), with_unit("km"), np.arange(3.0), np.dtype("f8"), np.dtype(">f8"), np.float64, np.add, np.multiply,
    np.sum, np.random.default_rng(0), np.random.default_rng(1), np.random.RandomState(0),
    BIG, BIG[:, :-1], BIG.T, BIG[::-1],
    np.array(["a"], np.dtypes.StringDType()) if hasattr(np.dtypes, "StringDType") else None,
    np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
]  # fmt: skip


def key(value: object) -> bytes:
    return digest(value, "x")


def test_all_apart() -> None:
    """Types, byte order, shape, content, kind of array."""
    digests = {key(value): value for value in APART}
    assert len(digests) == len(APART)


def survives_copying(value: Any) -> bool:
    """NumPy makes copies native, and forgets the attributes of subclasses."""
    return not isinstance(value, Unit) and getattr(getattr(value, "dtype", None), "isnative", True)


@pytest.mark.parametrize(
    "value", [v for v in APART if survives_copying(v)], ids=lambda value: repr(value)[:40]
)
def test_copies_are_equal(value: Any) -> None:
    """A deep copy and a pickle have the same digest, alone and twice in a list."""
    assert key(copy.deepcopy(value)) == key(value)
    assert key(pickle.loads(pickle.dumps(value))) == key(value)
    assert key([value, value]) == key([value, copy.deepcopy(value)])


@given(hnp.arrays(st.sampled_from(["i1", "<i4", ">f8", "bool", "c16", "f2"]), hnp.array_shapes(max_side=5)))
@settings(max_examples=60, deadline=None)
def test_layout_does_not_show(value: Any) -> None:
    """C order, Fortran order, strided views, reversed views of reversed copies, broadcasts, read-only ones."""
    expected = key(np.ascontiguousarray(value))
    assert key(np.asfortranarray(value)) == expected
    assert key(value[::-1].copy()[::-1]) == expected
    assert key(np.repeat(value, 2, axis=-1)[..., ::2]) == expected
    frozen = value.copy()
    frozen.flags.writeable = False
    assert key(frozen) == expected
    assert key(value.T) == key(np.ascontiguousarray(value.T))


@pytest.mark.parametrize(
    "view", [lambda a: a[:, 7:-5], lambda a: a.T, lambda a: a[::-3, ::2], lambda a: a[:, None, :].T]
)
def test_large_strided_arrays(view: Any) -> None:
    """What is not contiguous is read in blocks, and has the digest of its contiguous copy."""
    large = np.random.default_rng(1).random((1500, 300))
    assert key(view(large)) == key(np.ascontiguousarray(view(large)))
    changed = large.copy()
    changed[700, 150] += 1
    assert key(large) != key(changed)


def test_broadcast_is_its_content() -> None:
    """Zero strides."""
    row = np.arange(300.0)
    assert key(np.broadcast_to(row, (500, 300))) == key(np.tile(row, (500, 1)))


def test_one_element_of_a_large_array() -> None:
    """In the middle of what stands as a BLAKE3 digest."""
    large = np.zeros(1_000_000)
    before = key(large)
    large[500_000] = 1
    assert key(large) != before
    large[500_000] = 0
    assert key(large) == before
    large[500_000] = -0.0
    assert key(large) != before


def test_structs_without_padding() -> None:
    """How fields lie, and what lies between them, does not show; their names and order do."""
    packed = np.zeros(100, PACKED)
    packed["a"], packed["b"] = np.arange(100), 1.5
    dirty = np.frombuffer(bytes(range(1, 1 + ALIGNED.itemsize)) * 100, ALIGNED).copy()
    dirty["a"], dirty["b"] = packed["a"], packed["b"]
    assert key(dirty) == key(packed)
    assert key(dirty[3]) == key(packed[3])
    renamed = packed.astype([("a", "i1"), ("c", "f8", (2,))])
    assert key(renamed) != key(packed)


def test_padding_of_extended_floats() -> None:
    """Six of the sixteen bytes of a long double mean nothing."""
    values = np.arange(10, dtype=np.longdouble) / 3
    dirty = np.frombuffer(b"\xaa" * values.nbytes, np.longdouble).copy()
    for place, value in enumerate(values):
        dirty[place] = value
    assert key(dirty) == key(values) != key(values + 1)
    assert key(dirty.astype(np.clongdouble)) == key(values.astype(np.clongdouble))
    assert key(values.astype(values.dtype.newbyteorder())) != key(values)


def test_memory_maps(tmp_path: Path) -> None:
    """A mapped file is its content."""
    np.save(tmp_path / "a.npy", BIG)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert key(mapped) == key(BIG)
    assert key(mapped[3:5]) == key(BIG[3:5])


def test_object_arrays_element_by_element() -> None:
    """Strings in an object array, whichever objects they are; sets in it."""
    one = np.array(["ab", "c" * 50, {"x", "y"}], object)
    other = np.array(["a" + "b", "".join(["c"] * 50), {"y", "x"}], object)
    assert key(one) == key(other)
    assert key(np.array([["a", "b"], ["c", "d"]], object).T) == key(
        np.array([["a", "c"], ["b", "d"]], object)
    )
    loop = np.array([None], object)
    loop[0] = loop
    twin = np.array([None], object)
    twin[0] = twin
    assert key(loop) == key(twin)


def test_nan_scalars_are_one_per_type() -> None:
    """Whatever their bits; in arrays bits are content."""
    odd = np.array([0xFFF8000000000123], "u8").view("f8")
    assert key(odd[0]) == key(np.float64("nan"))
    assert key(odd) != key(np.array([np.nan]))
    assert key(np.datetime64("NaT", "s")) != key(np.datetime64("NaT", "D"))


def test_masked_arrays() -> None:
    """Mask, data, fill value and class; not whether a mask without effect is there."""
    assert key(np.ma.array([1, 2])) == key(np.ma.array([1, 2], mask=[False, False]))
    assert key(np.ma.array([1, 2], fill_value=7)) != key(np.ma.array([1, 2]))
    shared = np.ma.array([1, 2], mask=[0, 1])
    view = shared[:]
    assert key(view) == key(shared)


def test_functions_hidden_in_ufuncs_are_refused() -> None:
    """`frompyfunc` does not tell what it wraps."""
    with pytest.raises(UnkeyableError, match="hides"):
        key(np.frompyfunc(lambda a: a, 1, 1))


MEMORY = """
import resource, sys
import numpy as np
from thds.mops.callkey.canonical import digest
a = np.ones(100_000_000 // 8)
b = np.ones((1000, 2500)).T
digest(np.ones(2_000_000), "x")
digest(np.ones((600, 600)).T, "x")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
digest(a, "x")
digest(b, "x")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * (1 if sys.platform == "darwin" else 1024))
"""


def test_hashing_takes_no_memory() -> None:
    """100 MB in place, and a strided array in blocks: less than 5 MB more at the peak."""
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 5_000_000


def test_large_content_is_blake3() -> None:
    """The contents' digest is the one their blobs would be named by; nothing of NumPy's own is in it."""
    import blake3

    from thds.mops.callkey.adapters.numpy import content

    large = np.arange(100_000)
    assert content(large) == b"#" + blake3.blake3(large.tobytes()).digest()
    assert content(large[:5]) == b"=" + large[:5].tobytes()
