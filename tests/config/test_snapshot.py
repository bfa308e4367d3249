"""A worker that installed the caller's snapshot resolves as the caller does, whatever it imports."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thds.mops.config.context import CallContext, current, entered, override, require_all, running
from thds.mops.config.settings import resolve, set_value
from thds.mops.config.shim import ShimSetting
from thds.mops.config.snapshot import Snapshot, UnavailableShim, install, take
from thds.mops.config.tree import TREE, Where
from thds.mops.errors import SettingsError, UnpicklableArgumentError

HERE = Where("here.py", 7)
Write = Callable[[dict[str, str]], Path]
Run = Callable[..., str]


def shim(arguments: list[str]) -> None: ...


def builder(func: Any, args: Any, kwargs: Any) -> Any: ...


def say(setting: str, value: object, path: str, *, mask: bool = False) -> None:
    set_value(setting, value, path, mask, HERE)


def sent(snapshot: Snapshot) -> Snapshot:
    again: Snapshot = pickle.loads(pickle.dumps(snapshot))
    return again


def test_masks_values_and_where_they_were_set_arrive() -> None:
    """In an empty tree."""
    say("shim", "off", "foo", mask=True)
    say("pipeline_id", "a/b", "foo.bar")
    say("lease_period_s", 5, "")
    here = [(setting, entry) for setting, entry, _ in TREE.entries()]
    snapshot = sent(take())
    with TREE.isolated(), entered(CallContext()):
        install(snapshot)
        assert [(setting, entry) for setting, entry, _ in TREE.entries()] == here
        settings = resolve("foo.bar.f")
        assert (settings.off, settings.pipeline_id, settings.lease_period_s) == (True, "a/b", 5.0)


def test_installing_moves_the_generation_on() -> None:
    """What was resolved before is looked up again."""
    snapshot = take()
    before = TREE.generation
    install(snapshot)
    assert TREE.generation > before


def test_the_context_arrives() -> None:
    """Overrides with their places, ancestors, `require_all`."""
    with override(shim="subprocess", blob_root="./x", under="foo"), running("memory://a"), require_all():
        root = resolve("foo", current().overrides).blob_root.uri()
        snapshot = sent(take())
    with entered(CallContext()):
        install(snapshot)
        assert (current().ancestors, current().require_all) == (("memory://a",), True)
        settings = resolve("foo.f", current().overrides)
        assert (settings.shim.value, settings.blob_root.uri()) == ("subprocess", root)
        assert resolve("quux", current().overrides).shim.value == "samethread"


def test_roots_are_resolved_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callables, relative paths, and the default's home; it stays a default."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)
    say("blob_root", lambda: "adls://bell/rings", "a")
    say("blob_root", Path("x"), "b")
    snapshot = sent(take())
    monkeypatch.setenv("HOME", "/home/other")
    monkeypatch.chdir("/")
    here = Path(tmp_path).resolve()
    with TREE.isolated(), entered(CallContext()):
        install(snapshot)
        assert [resolve(path).blob_root.uri() for path in "abc"] == [
            "adls://bell/rings",
            f"file://{here}/x",
            "file:///home/me/.mops",
        ]
        assert [resolve(path).root_is_default for path in "abc"] == [False, False, True]


def test_a_root_that_cannot_be_resolved_fails_where_it_is_used() -> None:
    """Taking and installing the snapshot does not."""

    def vault() -> str:
        raise KeyError("sealed")

    say("blob_root", vault, "a")
    snapshot = sent(take())
    with TREE.isolated(), entered(CallContext()):
        install(snapshot)
        root = resolve("a").blob_root
        with pytest.raises(SettingsError, match=r"here.py:7: .*KeyError: 'sealed'"):
            root.uri()
        assert resolve("b").blob_root.uri()


def test_the_environment_of_the_caller_is_the_default_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose own environment may lack the variable."""
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "2")
    snapshot = sent(take())
    monkeypatch.delenv("MOPS_LEASE_PERIOD_S")
    with TREE.isolated(), entered(CallContext()):
        install(snapshot)
        assert resolve("foo").lease_period_s == 2.0


def test_callables_are_shown_and_can_be_replaced() -> None:
    """One that cannot be sent must not stop a call that does not need it."""

    def unpicklable(arguments: list[str]) -> None: ...

    say("shim", shim, "a")
    say("shim", shim, "a.b")
    say("shim", unpicklable, "b")
    error = UnpicklableArgumentError("the shim of b cannot be sent", path="shim")
    with override(shim=builder, under="c"):
        snapshot = take()
        assert snapshot.callables() == [shim, unpicklable, builder]
    changed = sent(snapshot.replace_callables(lambda c: UnavailableShim(error) if c is unpicklable else c))
    with TREE.isolated(), entered(CallContext()):
        install(changed)
        assert resolve("a.b").shim == ShimSetting(shim, "shim")
        assert resolve("c", current().overrides).shim == ShimSetting(builder, "builder")
        lost: Any = resolve("b").shim.value
        with pytest.raises(UnpicklableArgumentError, match="the shim of b cannot be sent"):
            lost([])


class Klass:
    def method(self) -> None: ...


@pytest.mark.parametrize(
    ("path", "pinned"),
    [
        ("", True),
        ("thds.mops.config", True),
        ("thds.mops.config.tree", True),
        ("thds.mops.config.tree.Tree.write", True),
        ("thds.mops.config.tree.no_longer_there", True),  # a plain module has said all when it is imported
        ("thds.mops.config.not_imported", False),
        ("thds.mops.config.not_imported.f", False),
        ("thds.mops.not_imported.tree", False),
        ("json.JSONDecoder.decode", True),  # defined elsewhere, reached through a package
        ("json.dumps.<locals>.inner", True),
        ("json.tool_that_is_not.f", False),
        ("nowhere", False),
        ("nowhere.f", False),
        ("__main__.f", True),
    ],
)
def test_pinned_is_what_was_imported_here(path: str, pinned: bool) -> None:
    """A parent package alone is not enough."""
    say("shim", "off", path)
    ((*_, was_pinned),) = take().entries
    assert was_pinned is pinned


def test_asking_imports_nothing(write_files: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even from a package that imports on attribute access."""
    lazy = "def __getattr__(name):\n    raise RuntimeError(f'asked for {name}')\n"
    monkeypatch.syspath_prepend(str(write_files({"lazy_pkg/__init__.py": lazy, "lazy_mod.py": lazy})))
    import lazy_mod  # type: ignore[import-not-found]  # noqa: F401
    import lazy_pkg  # type: ignore[import-not-found]  # noqa: F401

    try:
        say("shim", "off", "lazy_pkg.sub.f")
        say("shim", "off", "lazy_mod.f")
        assert {kept.entry.path: kept.pinned for kept in take().entries} == {
            "lazy_pkg.sub.f": False,
            "lazy_mod.f": True,
        }
    finally:
        del sys.modules["lazy_pkg"], sys.modules["lazy_mod"]


# What stands in for `pure.magic...` in packages on disk.
SAY = """
import sys
from thds.mops.config.settings import set_value
from thds.mops.config.targets import path_of
from thds.mops.config.tree import Where

def say(setting, value, target=None, mask=False):
    frame = sys._getframe(1)
    set_value(setting, value, path_of(target, frame.f_globals), mask, Where.of_frame(frame))
"""
TREE_ON_DISK = {
    "say.py": SAY,
    "foo/__init__.py": "from say import say\nsay('pipeline_id', 'code/foo')\nsay('shim', 'subprocess')\n",
    "foo/early.py": "from say import say\nsay('pipeline_id', 'code/early')\ndef f(): ...\nsay('shim', 'off', f)\n",
    "foo/late.py": "from say import say\nsay('pipeline_id', 'code/late')\ndef g(): ...\nsay('shim', 'off', g)\n",
    ".mops.toml": """
        [foo.early.f]
        mops.pure.magic.shim = "samethread"
        [foo.early]
        mops.pure.magic.pipeline_id = "file/early"
        [foo.late]
        mops.pure.magic.pipeline_id = "file/late"
        mops.pure.magic.blob_root = "adls://file/late"
        [foo.late.g]
        mops.pure.magic.shim = "samethread"
    """,
    "show.py": """
from thds.mops.config.context import current
from thds.mops.config.settings import resolve
def show():
    print([(path, s.shim.value, s.blob_root.uri(), s.pipeline_id)
           for path in ("foo", "foo.early.f", "foo.late", "foo.late.g")
           for s in [resolve(path, current().overrides)]])
""",
    "caller.py": """
import pickle, sys
from thds.mops.config import context, snapshot, toml
import foo.early
toml.load_config_file()
with context.override(blob_root="./over", under="foo.early"):
    with open("snapshot", "wb") as file:
        file.write(pickle.dumps(snapshot.take()))
    import foo.late
    from show import show
    show()
""",
    "worker.py": """
import pickle, sys
from thds.mops.config import snapshot
before, after = sys.argv[1].split(","), sys.argv[2].split(",")
for name in filter(None, before):
    __import__(name)
with open("snapshot", "rb") as file:
    snapshot.install(pickle.loads(file.read()))
if len(sys.argv) > 3:  # a worker of a worker
    with open("snapshot", "wb") as file:
        file.write(pickle.dumps(snapshot.take()))
for name in filter(None, after):
    __import__(name)
from show import show
show()
""",
}


@pytest.mark.parametrize("before", ["", "foo", "foo.early", "foo.early,foo.late"])
def test_a_worker_resolves_like_its_caller(before: str, write_files: Write, printed_by: Run) -> None:
    """What a file overrode here stays overridden there; what code overrode here after the file, it overrides there.
    Whether the worker imports before (a fork server has) or after the installation makes no difference."""
    write_files(TREE_ON_DISK)
    here = printed_by("caller.py")
    assert "'foo.early.f', 'samethread', 'file://" in here
    assert "over', 'file/early'" in here
    assert "('foo.late.g', 'off', 'adls://file/late', 'code/late')" in here
    assert printed_by("worker.py", before, "foo.early,foo.late") == here


def test_a_worker_of_a_worker_resolves_like_the_first_caller(write_files: Write, printed_by: Run) -> None:
    """The worker between has imported nothing of it: what was pinned for it is pinned for its worker."""
    write_files(TREE_ON_DISK)
    here = printed_by("caller.py")
    printed_by("worker.py", "", "foo.early,foo.late", "and take")
    assert printed_by("worker.py", "", "foo.early,foo.late") == here


def test_what_a_main_module_says_is_pinned(write_files: Write, printed_by: Run) -> None:
    """Run by `-m` it is here under another name than the one it has in the worker."""
    write_files(
        {
            "say.py": SAY,
            "pkg/__init__.py": "",
            "pkg/mod.py": """
import sys
from say import say
from thds.mops.config.settings import resolve
def f(): ...
say("pipeline_id", "at import", f)
if __name__ == "__main__":
    import pickle
    from thds.mops.config import snapshot
    say("pipeline_id", "by main", f)
    with open("snapshot", "wb") as file:
        file.write(pickle.dumps(snapshot.take()))
""",
            "worker.py": """
import pickle
from thds.mops.config import snapshot
with open("snapshot", "rb") as file:
    snapshot.install(pickle.loads(file.read()))
from thds.mops.config.settings import resolve
import pkg.mod
print(resolve("pkg.mod.f").pipeline_id)
""",
        }
    )
    printed_by("-m", "pkg.mod")
    assert printed_by("worker.py") == "by main"
