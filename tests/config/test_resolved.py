"""The cache answers what `resolve` would, without asking it again."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thds.mops.config.context import current, override
from thds.mops.config.resolved import ResolvedCache
from thds.mops.config.settings import resolve, set_value
from thds.mops.config.tree import TREE, Entry, Where
from thds.mops.errors import SettingsError

HERE = Where("here.py", 7)


def test_the_same_object_comes_back_until_something_is_set() -> None:
    """Even a write elsewhere is a reason to look again."""
    cache = ResolvedCache("foo.f")
    first = cache.get()
    assert cache.get() is first
    set_value("shim", "off", "foo", mask=False, where=HERE)
    assert cache.get().off
    assert cache.get() is cache.get()


def test_inside_an_override_it_is_remembered_too_and_apart() -> None:
    """Each time the same override is entered."""
    cache = ResolvedCache("foo.f")
    plain = cache.get()
    off, pipeline = override(shim="off"), override(pipeline_id="a/b")
    with off:
        under = cache.get()
        assert under.off
    with off:
        assert cache.get() is under
        with pipeline:
            assert (cache.get().off, cache.get().pipeline_id) == (True, "a/b")
            assert cache.get() is cache.get()
        assert cache.get() is under
        set_value("pipeline_id", "c/d", "foo", mask=False, where=HERE)
        assert cache.get().pipeline_id == "c/d"
    assert cache.get() is not plain
    assert not cache.get().off


def test_many_overrides_do_not_pile_up() -> None:
    """A function lives longer than the settings of its callers."""
    cache = ResolvedCache("foo.f")
    for number in range(100):
        with override(pipeline_id=str(number)):
            assert cache.get().pipeline_id == str(number)
    assert len(cache._overridden) <= 8


def test_an_error_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was wrong may be right next time."""
    cache = ResolvedCache("foo.f")
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "soon")
    with pytest.raises(SettingsError):
        cache.get()
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "5")
    assert cache.get().lease_period_s == 5.0


def test_a_write_during_the_look_up_is_not_missed() -> None:
    """The answer that was under way is old by then."""
    started, written = threading.Event(), threading.Event()

    class Held:
        """A value that is looked at between the tree's answer and its being remembered."""

        @property
        def off(self) -> bool:
            started.set()
            assert written.wait(30)
            return False

    TREE.write([("shim", Entry("foo", Held(), HERE))])
    cache = ResolvedCache("foo.f")
    thread = threading.Thread(target=cache.get, daemon=True)
    thread.start()
    assert started.wait(30)
    set_value("shim", "off", "foo", mask=False, where=HERE)
    written.set()
    thread.join(30)
    assert cache.get().off


operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"), st.sampled_from(["", "a", "a.b", "ab"]), st.booleans(), st.sampled_from("xyz")
        ),
        st.tuples(
            st.just("enter"),
            st.sampled_from(["", "a", "a.b", "ab"]),
            st.integers(0, 3),
            st.sampled_from("xyz"),
        ),
        st.tuples(st.just("leave"), st.just(""), st.just(0), st.just("")),
    ),
    max_size=15,
)


@settings(max_examples=100, deadline=None)
@given(operations)
def test_the_cache_never_says_anything_else_than_resolve(done: list[tuple[str, str, int, str]]) -> None:
    """Writes, and overrides entered, left and entered again, in any order."""
    cache = ResolvedCache("a.b")
    known: dict[int, override] = {}
    entered: list[override] = []
    with TREE.isolated():
        for kind, path, number, value in done:
            if kind == "write":
                set_value("pipeline_id", value, path, mask=bool(number), where=HERE)
            elif kind == "enter":
                entered.append(known.setdefault(number, override(pipeline_id=value, under=path)))
                entered[-1].__enter__()
            elif entered:
                entered.pop().__exit__(None, None, None)
            assert cache.get().pipeline_id == resolve("a.b", current().overrides).pipeline_id
        while entered:
            entered.pop().__exit__(None, None, None)
    assert current().overrides == ()
