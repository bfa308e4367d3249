"""The seed on pipeline ids: "for a given function, or for a leaf module or module tree"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

InForce = Callable[..., list[list[str]]]
BAZ = """
from thds.mops import pure
pure.magic.pipeline_id('doors/time')
# this applies to everything in this module...

@pure.magic()
def func1(x): return x

# ...except func2, which has a more specific configuration applied directly to it.
@pure.magic(pipeline_id='thousand/years')
def func2(x): return x
"""


def test_a_module_and_one_function_of_it(in_force: InForce) -> None:
    """The example of the seed."""
    got = in_force({"foo/bar/baz.py": BAZ}, "from foo.bar.baz import *\nshow(func1, func2)")
    assert [pipeline for _, _, pipeline in got] == ["doors/time", "thousand/years"]


def test_results_of_a_pipeline_lie_together(package: Any) -> None:
    """Pipeline ids are folders below the root; the same call in two pipelines is two results."""
    workspace = package({"foo/bar/baz.py": BAZ})
    done = workspace.run(
        "from foo.bar.baz import *\nfrom thds.mops import pure\npure.magic.blob_root('./root', 'foo')\n"
        "for f in func1, func2:\n    f(1)\n    print(f.memo_uri(1))\n"
        "with pure.magic.override(pipeline_id='other'):\n    assert not func1.peek(1)"
    )
    first, second = done.lines
    assert "/doors/time/foo.bar.baz.func1/" in first
    assert "/thousand/years/foo.bar.baz.func2/" in second


def test_a_tree_a_call_and_a_mask(in_force: InForce) -> None:
    """Package, function by call, and `mask=True`."""
    files = {
        "foo/__init__.py": "from thds.mops import pure\npure.magic.pipeline_id('app')\n",
        "foo/bar/baz.py": BAZ + "pure.magic.pipeline_id('by/call', func1)\n",
        "foo/quux/car.py": "from thds.mops import pure\n@pure.magic()\ndef drive(): ...\n",
    }
    code = "from foo.bar.baz import *\nfrom foo.quux.car import drive\nshow(func1, func2, drive)\n"
    code += "pure.magic.pipeline_id('over/all', 'foo', mask=True)\nshow(func1, func2, drive)"
    got = in_force(files, code)
    assert [pipeline for _, _, pipeline in got] == ["by/call", "thousand/years", "app"] + ["over/all"] * 3
