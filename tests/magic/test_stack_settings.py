"""`with f.shim(x):`, `with f.off():`, `with pure.magic.override(...)`: for one stack only, thread and async safe."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from pathlib import Path
from typing import Any

import pytest

from thds.mops import pure

RAN: list[object] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()


@pure.magic()
def one(x: int) -> int:
    RAN.append(("one", x))
    return x


@pure.magic()
def other(x: int) -> int:
    RAN.append(("other", x))
    return x


@pure.magic()
def outer(x: int) -> tuple[str, int]:
    RAN.append(("outer", x))
    return repr(one), one(x)


def remote(arguments: list[str]) -> None:
    """A shim that can be seen in `repr`; it runs nothing."""


def test_off_is_for_this_function_and_this_block() -> None:
    """And what was there before is there again, also after an exception."""
    with contextlib.suppress(KeyError), one.off():
        one(1)
        one(1)
        other(1)
        other(1)
        raise KeyError
    one(1)
    one(1)
    assert RAN == [("one", 1), ("one", 1), ("other", 1), ("one", 1)]


def test_shim_is_for_this_function_and_this_block() -> None:
    """`repr` shows it."""
    with one.shim(remote):
        assert "remote" in repr(one)
        assert "samethread" in repr(other)
    assert "samethread" in repr(one)


def test_override_all_three(tmp_path: Path) -> None:
    """For everything, or for what lies under a path."""
    with pure.magic.override(shim="off", blob_root=tmp_path / "here", pipeline_id="p/q"):
        for function in (one, other):
            for said in ("'off'", f"{tmp_path}/here", "'p/q'"):
                assert said in repr(function)
    with pure.magic.override(pipeline_id="p/q", under=one):
        assert "'p/q'" in repr(one)
        assert "'p/q'" not in repr(other)


@pytest.mark.parametrize("under", [one, f"{__name__}.one", __name__, one.__wrapped__, None])
def test_every_kind_of_under(under: object) -> None:
    """A decorated function, a plain one, a dotted string, a module's name, nothing."""
    with pure.magic.override(pipeline_id="here", under=under):
        assert "'here'" in repr(one)


def test_under_a_module_object(run_python: Any) -> None:
    """A module, as an object."""
    run_python(
        "import sys, types\nfrom thds.mops import pure\nmod = types.ModuleType('mod'); sys.modules['mod'] = mod\n"
        "exec('from thds.mops import pure\\n@pure.magic()\\ndef f(): ...', vars(mod))\n"
        "with pure.magic.override(shim='off', under=mod): assert \"'off'\" in repr(mod.f)\n"
        "assert \"'off'\" not in repr(mod.f)"
    )


def test_overrides_nest() -> None:
    """The inner one wins, setting by setting; each block ends by itself."""
    with pure.magic.override(pipeline_id="a", shim="off"):
        with pure.magic.override(pipeline_id="b"):
            assert "'b'" in repr(one)
            assert "'off'" in repr(one)
            with one.shim("samethread"):
                assert "'samethread'" in repr(one)
        assert "'a'" in repr(one)


def test_an_override_comes_before_masks() -> None:
    """It is the innermost wish of all."""
    pure.magic.shim("off", "", mask=True)
    with one.shim("samethread"):
        one(1)
        one(1)
    assert RAN == [("one", 1)]


def test_nested_calls_see_it() -> None:
    """What runs inside the block, at any depth."""
    with one.off():
        shown, _ = outer(1)
    assert "'off'" in shown


def test_other_threads_do_not_see_it() -> None:
    """A plain thread has a stack of its own; one that is given this stack's context sees it."""
    seen: list[str] = []
    with pure.magic.override(pipeline_id="mine"):
        thread = threading.Thread(target=lambda: seen.append(repr(one)))
        thread.start()
        thread.join(30)
        carried = threading.Thread(
            target=contextvars.copy_context().run, args=(lambda: seen.append(repr(one)),)
        )
        carried.start()
        carried.join(30)
    assert "'mine'" not in seen[0]
    assert "'mine'" in seen[1]


def test_threads_with_different_overrides_at_once() -> None:
    """Both are inside their blocks at the same moment."""
    both = threading.Barrier(2, timeout=30)
    seen: dict[str, str] = {}

    def ask(name: str) -> None:
        with pure.magic.override(pipeline_id=name):
            both.wait()
            seen[name] = repr(one)
            one(1)
            both.wait()

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert all(f"'{name}'" in text for name, text in seen.items())
    assert RAN == [("one", 1), ("one", 1)]


def test_tasks_with_different_overrides_at_once() -> None:
    """asyncio tasks interleave; each sees its own."""

    async def ask(name: str, meet: asyncio.Barrier) -> str:
        with pure.magic.override(pipeline_id=name):
            await meet.wait()
            text = repr(one)
            await meet.wait()
        return text

    async def all_of_them() -> list[str]:
        meet = asyncio.Barrier(3)
        return await asyncio.gather(*(ask(name, meet) for name in "abc"))

    texts = asyncio.run(all_of_them())
    assert all(f"'{name}'" in text for name, text in zip("abc", texts, strict=True))


def test_one_block_object_used_again() -> None:
    """In a loop, inside itself, and by two threads."""
    block = one.off()
    with block, block:
        one(1)
    with block:
        one(1)
    assert RAN == [("one", 1)] * 2
    one(1)
    one(1)
    assert RAN == [("one", 1)] * 3


def test_what_it_says_is_checked_where_it_is_made() -> None:
    """Not at the first call."""
    from thds.mops.errors import SettingsError

    for bad in ({"shim": "nope"}, {"blob_root": ""}, {"pipeline_id": ".."}, {"shim": None}):
        with pytest.raises(SettingsError, match="test_stack_settings"):
            pure.magic.override(**bad)  # type: ignore[arg-type]


def test_settings_made_inside_a_block_stay() -> None:
    """A block ends what it said, nothing else."""
    with one.off():
        pure.magic.pipeline_id("set/inside", one)
    assert "'set/inside'" in repr(one)
