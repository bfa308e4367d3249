"""The seed on blob roots: "either as a parameter to the decorator, or as a module-level call"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

InForce = Callable[..., list[list[str]]]
IMPORT = "from thds.mops import pure\n"
BY_DECORATOR = IMPORT + "@pure.magic(blob_root='adls://bell/rings')\ndef your_func(x): return x\n"
BY_CALL = (
    IMPORT
    + "@pure.magic()\ndef your_func(x): return x\npure.magic.blob_root('adls://bell/rings', your_func)\n"
)


@pytest.mark.parametrize("source", [BY_DECORATOR, BY_CALL, BY_CALL.replace("blob_root", "blob_store")])
def test_for_one_function(in_force: InForce, source: str) -> None:
    """`@pure.magic(blob_root=...)` "is equivalent to" the call with the function, also by its other name."""
    source += "@pure.magic()\ndef other(): ...\n"
    got = in_force({"foo/bar/baz.py": source}, "from foo.bar.baz import *\nshow(your_func, other)")
    assert got == [["samethread", "adls://bell/rings", "magic"], ["samethread", None, "magic"]]


@pytest.mark.parametrize("name", ["blob_root", "blob_store"])
def test_once_near_the_root_of_the_tree(in_force: InForce, name: str) -> None:
    """ "Just set that once, near the root of your application module tree ..., and leave it"."""
    files = {
        "foo/__init__.py": f"{IMPORT}pure.magic.{name}('adls://lazing/sunday')\n",
        "foo/bar/baz.py": BY_DECORATOR + "@pure.magic()\ndef other(): ...\n",
        "food.py": IMPORT + "@pure.magic()\ndef elsewhere(): ...\n",
    }
    got = in_force(
        files, "from foo.bar.baz import *\nfrom food import elsewhere\nshow(your_func, other, elsewhere)"
    )
    assert [root for _, root, _ in got] == ["adls://bell/rings", "adls://lazing/sunday", None]


def test_a_mask(in_force: InForce) -> None:
    """ "mask=True is supported for blob_root and pipeline_id as well"."""
    files = {
        "foo/__init__.py": f"{IMPORT}pure.magic.blob_store('adls://lazing/sunday', mask=True)\n",
        "foo/bar/baz.py": BY_DECORATOR,
    }
    got = in_force(files, "from foo.bar.baz import *\nshow(your_func)")
    assert [root for _, root, _ in got] == ["adls://lazing/sunday"]


def test_a_scheme_that_nobody_registered(package: Any) -> None:
    """Is an error at the call that needs it, which lists the known ones; never a local directory of that name."""
    workspace = package({"foo/bar/baz.py": BY_DECORATOR.replace("adls:", "weird:")})
    workspace.run(
        "from foo.bar.baz import your_func\n"
        "from thds.mops.errors import UnknownSchemeError\n"
        "for ask in your_func, your_func.memo_uri, your_func.submit, your_func.peek:\n"
        "    try:\n        ask(1)\n"
        "    except UnknownSchemeError as error:\n"
        "        assert error.scheme == 'weird' and 'file' in error.known and 'file' in str(error), error\n"
        "    else:\n        raise AssertionError(ask)\n"
        "with your_func.off():\n    assert your_func(1) == 1"
    )
    assert not list(workspace.folder.rglob("*weird*"))
    assert not list(workspace.folder.rglob("*rings*"))


def test_roots_are_lazy(package: Any) -> None:
    """A callable is asked at the first call that needs it, once; decorating, configuring and `off` ask nothing."""
    source = (
        IMPORT
        + """
asked = []
def where():
    asked.append(1)
    return '~/mine'

@pure.magic(blob_root=where)
def your_func(x): return x
"""
    )
    workspace = package({"foo/bar/baz.py": source})
    workspace.run(
        "from foo.bar import baz\nrepr(baz.your_func)\n"
        "with baz.your_func.off():\n    baz.your_func(1)\n"
        "    baz.your_func.submit(1).result()\n    list(baz.your_func.map([1]))\n"
        "assert not baz.asked\n"
        "assert baz.your_func(1) == baz.your_func(1) == 1\nassert len(baz.asked) == 1"
    )
    assert (workspace.folder / "home" / "mine").is_dir()


@pytest.mark.parametrize("said", ["Path('store')", "'./store'", "lambda: Path('store')", "lambda: './store'"])
def test_paths(package: Any, said: str) -> None:
    """A `Path`, a local path, or a callable that returns one; a relative one is the working directory's."""
    source = f"from pathlib import Path\n{IMPORT}@pure.magic(blob_root={said})\ndef your_func(x): return x\n"
    workspace = package({"foo/bar/baz.py": source})
    done = workspace.run("from foo.bar.baz import your_func\nyour_func(1)\nprint(your_func.memo_uri(1))")
    assert done.out.startswith(f"file://{workspace.folder}/store/")
    assert list((workspace.folder / "store").rglob("*.result"))
