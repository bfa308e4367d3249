"""What holds for one stack only."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config.context import CallContext, current, entered, override, require_all, running
from thds.mops.config.settings import resolve, set_value
from thds.mops.config.tree import Where
from thds.mops.errors import SettingsError, UnknownShimError


def example() -> None: ...


def shim_of(path: str) -> Any:
    return resolve(path, current().overrides).shim.value


def pipeline_of(path: str) -> str:
    return resolve(path, current().overrides).pipeline_id


def test_nothing_is_said_where_nobody_said_anything() -> None:
    """An empty context, not None."""
    assert current() == CallContext(overrides=(), ancestors=(), require_all=False)


def test_an_override_comes_before_masks() -> None:
    """And is gone afterwards, also after an exception."""
    set_value("shim", "off", "", mask=True, where=Where("x"))
    seen = []
    with contextlib.suppress(ZeroDivisionError), override(shim="subprocess"):
        seen.append(shim_of("foo"))
        raise ZeroDivisionError
    assert seen == ["subprocess"]
    assert shim_of("foo") == "off"
    assert current() == CallContext()


def test_the_inner_override_wins_setting_by_setting() -> None:
    """What it does not say, the outer one says; how specific `under` is does not matter."""
    with override(shim="subprocess", pipeline_id="outer", under="foo.bar"), override(shim="off", under="foo"):
        assert shim_of("foo.bar") == "off"
        assert pipeline_of("foo.bar") == "outer"
        assert pipeline_of("foo.barn") == "magic"


@pytest.mark.parametrize("under", [example, f"{__name__}.example", __name__, None, ""])
def test_under_says_for_what(under: object) -> None:
    """Any form of target."""
    with override(shim="off", under=under):
        assert shim_of(f"{__name__}.example") == "off"
        assert shim_of(f"{__name__}.example.<locals>.inner") == "off"
        assert shim_of("elsewhere") == ("samethread" if under else "off")


def test_an_override_names_a_root_of_its_own() -> None:
    """Which is then not the default."""
    with override(blob_root=Path("/data"), pipeline_id="a/b"):
        settings = resolve("foo", current().overrides)
    assert settings.blob_root.uri() == "file:///data"
    assert not settings.root_is_default
    assert not settings.pipeline_is_default


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"shim": "subproces"}, UnknownShimError),
        ({"shim": None}, SettingsError),
        ({"blob_root": "foo"}, SettingsError),
        ({"blob_root": None}, SettingsError),
        ({"pipeline_id": ".."}, SettingsError),
        ({"pipeline_id": None}, SettingsError),
        ({"shim": "off", "under": 5}, SettingsError),
        ({"shim": "off", "under": "foo..bar"}, SettingsError),
    ],
)
def test_a_bad_override_is_refused_where_it_is_made(arguments: Any, error: type[Exception]) -> None:
    """None is an answer, and a wrong one."""
    with pytest.raises(error):
        override(**arguments)


def test_an_error_in_an_override_names_its_line() -> None:
    """The first that is not ours."""
    with pytest.raises(SettingsError, match=r"test_context.py:\d+: there is no shim"):
        override(shim="subproces")


def test_an_override_can_be_used_again_and_inside_itself() -> None:
    """Each exit takes back one entry."""
    off = override(shim="off")
    for _ in range(2):
        with off:
            with override(shim="subprocess"):
                with off:
                    assert shim_of("foo") == "off"
                assert shim_of("foo") == "subprocess"
            assert shim_of("foo") == "off"
        assert current() == CallContext()


def test_one_override_serves_several_threads() -> None:
    """One thread's exit does not take it from the other."""
    off = override(shim="off")
    inside, leave = threading.Event(), threading.Event()
    seen: list[Any] = []

    def stay() -> None:
        seen.append(shim_of("foo"))  # a new thread has a context of its own
        with off:
            inside.set()
            leave.wait(30)
            seen.append(shim_of("foo"))
        seen.append(shim_of("foo"))

    thread = threading.Thread(target=stay, daemon=True)
    with off:
        thread.start()
        assert inside.wait(30)
    assert shim_of("foo") == "samethread"
    leave.set()
    thread.join(30)
    assert seen == ["samethread", "off", "samethread"]


def test_tasks_do_not_see_each_other() -> None:
    """Interleaved at each await."""

    async def task(name: str, mine: asyncio.Event, other: asyncio.Event) -> list[str]:
        with override(pipeline_id=name), running(f"memory://{name}"):
            mine.set()
            await other.wait()
            return [pipeline_of("foo"), *current().ancestors]

    async def main() -> list[list[str]]:
        first, second = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(task("one", first, second), task("two", second, first))

    assert asyncio.run(main()) == [["one", "memory://one"], ["two", "memory://two"]]
    assert current() == CallContext()


def test_require_all_holds_until_the_outermost_block_ends() -> None:
    """An inner block of the same object ends nothing."""
    required = require_all()
    with required:
        with required:
            with require_all():
                assert current().require_all
            assert current().require_all
        assert current().require_all
    assert current() == CallContext()


def test_require_all_that_came_with_the_context_stays() -> None:
    """A worker of a call under `require_all` is under it for good."""
    with entered(CallContext(require_all=True)):
        with require_all():
            pass
        assert current().require_all


def test_running_adds_an_ancestor_and_keeps_the_rest() -> None:
    """Innermost last."""
    with override(shim="off"), require_all(), running("memory://a"):
        with running("memory://b"):
            assert current().ancestors == ("memory://a", "memory://b")
            assert current().require_all
            assert shim_of("foo") == "off"
        assert current().ancestors == ("memory://a",)
    assert current() == CallContext()


def test_a_block_that_is_left_in_another_context_changes_nothing_there() -> None:
    """A coroutine that is thrown away is closed wherever the collector runs."""
    inside = contextvars.copy_context()
    block = running("memory://a")
    inside.run(block.__enter__)
    with running("memory://b"):
        block.__exit__(None, None, None)
        assert current().ancestors == ("memory://b",)


def test_entered_replaces_the_whole_context() -> None:
    """And gives the old one back."""
    with running("memory://a"):
        with entered(CallContext(ancestors=("memory://b",))):
            assert current().ancestors == ("memory://b",)
        assert current().ancestors == ("memory://a",)


def test_a_context_pickles() -> None:
    """With what its overrides say."""
    with override(shim="subprocess", blob_root="/data", under="foo"), running("memory://a"), require_all():
        there = pickle.loads(pickle.dumps(current()))
    assert (there.ancestors, there.require_all) == (("memory://a",), True)
    with entered(there):
        settings = resolve("foo.f", current().overrides)
        assert (settings.shim.value, settings.blob_root.uri()) == ("subprocess", "file:///data")
        assert shim_of("quux") == "samethread"


def test_the_call_path_uses_no_generator() -> None:
    """`running` surrounds each body; a generator-based block would cost several times as much."""
    enter: Callable[..., Any] = running.__enter__
    assert not hasattr(enter, "__wrapped__")
    assert not hasattr(running("memory://a"), "__dict__")
