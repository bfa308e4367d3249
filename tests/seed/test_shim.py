"""The seed on shims: "applied to a single function, all functions in a leaf module, or all in a module tree"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

InForce = Callable[..., list[list[str]]]
FUNCTION = "from thds.mops import pure\nfrom .k8s_conf import k8s_shim\n\n"


def shims(settings: list[list[str]]) -> list[str]:
    return [shim for shim, _, _ in settings]


@pytest.mark.parametrize(
    ("said", "shim"),
    [
        ("'subprocess'", "subprocess"),
        ("k8s_shim(cpus=4)", "k8s(cpus=4)"),
        ("'off'", "off"),
        ("'sameprocess'", "samethread"),
    ],
)
def test_one_function(in_force: InForce, said: str, shim: str) -> None:
    """`pure.magic.shim(x, your_func)`: "these only apply to your_func"."""
    source = FUNCTION + (
        "@pure.magic()\ndef your_func(): ...\n\n@pure.magic()\ndef other(): ...\n\n"
        f"pure.magic.shim({said}, your_func)\n"
    )
    got = in_force({"foo/bar/baz.py": source}, "from foo.bar.baz import *\nshow(your_func, other)")
    assert shims(got) == [shim, "samethread"]


BAZ = (
    FUNCTION
    + """
pure.magic.shim('subprocess')
# this applies to everything in this module...

@pure.magic()
def func1(): ...

@pure.magic()
def func2(): ...
"""
)
FUNC3_DECORATOR = """
@pure.magic('samethread')
def func3(): ...
"""
FUNC3_CALL = """
@pure.magic()
def func3(): ...
pure.magic.shim('samethread', func3)
"""


@pytest.mark.parametrize("func3", [FUNC3_DECORATOR, FUNC3_CALL])
def test_a_module_and_one_function_of_it(in_force: InForce, func3: str) -> None:
    """ "...except func3, which has a more specific configuration applied directly to it", in either form."""
    got = in_force({"foo/bar/baz.py": BAZ + func3}, "from foo.bar.baz import *\nshow(func1, func2, func3)")
    assert shims(got) == ["subprocess", "subprocess", "samethread"]


@pytest.mark.parametrize("first", ["call", "decorator"])
def test_a_setting_of_the_module_may_come_after_its_functions(in_force: InForce, first: str) -> None:
    """What is more specific wins, in whatever order it was said."""
    call, functions = (
        "pure.magic.shim('subprocess')\n",
        "@pure.magic('samethread')\ndef func3(): ...\n@pure.magic()\ndef func1(): ...\n",
    )
    source = FUNCTION + (call + functions if first == "call" else functions + call)
    got = in_force({"foo/bar/baz.py": source}, "from foo.bar.baz import *\nshow(func1, func3)")
    assert shims(got) == ["subprocess", "samethread"]


PACKAGE = "from thds.mops import pure\nfrom .k8s_conf import k8s_shim\n"


def test_a_package_and_what_is_more_specific(in_force: InForce) -> None:
    """ "applies to everything under foo.bar. However, it would _not_ override anything in foo.bar.baz above"."""
    files = {
        "foo/bar/__init__.py": PACKAGE + "pure.magic.shim(k8s_shim(cpus=8))\n",
        "foo/bar/baz.py": BAZ + FUNC3_DECORATOR,
        "foo/bar/deep/er.py": "from thds.mops import pure\n@pure.magic()\ndef below(): ...\n",
        "foo/barn.py": "from thds.mops import pure\n@pure.magic()\ndef beside(): ...\n",
    }
    got = in_force(
        files,
        "from foo.bar.baz import *\nfrom foo.bar.deep.er import below\nfrom foo.barn import beside\n"
        "show(func1, func2, func3, below, beside)",
    )
    assert shims(got) == ["subprocess", "subprocess", "samethread", "k8s(cpus=8)", "samethread"]


@pytest.mark.parametrize("said", ["pure.magic.shim('off', mask=True)", "pure.magic.off(mask=True)"])
def test_a_mask_overrides_an_entire_branch(in_force: InForce, said: str) -> None:
    """`pure.magic.shim('off', mask=True)` in `foo/bar/__init__.py`."""
    files = {
        "foo/bar/__init__.py": f"{PACKAGE}{said}\n",
        "foo/bar/baz.py": BAZ + FUNC3_DECORATOR,
        "foo/barn.py": "from thds.mops import pure\n@pure.magic('subprocess')\ndef beside(): ...\n",
    }
    got = in_force(
        files, "from foo.bar.baz import *\nfrom foo.barn import beside\nshow(func1, func2, func3, beside)"
    )
    assert shims(got) == ["off", "off", "off", "subprocess"]


def test_masked_off_is_plain_python(package: Any) -> None:
    """Nothing is written, and each call runs."""
    source = BAZ.replace("def func1(): ...", "def func1():\n    print('ran')\n    return 5")
    package(
        {
            "foo/bar/__init__.py": "from thds.mops import pure\npure.magic.shim('off', mask=True)\n",
            "foo/bar/baz.py": source,
        }
    )
    workspace = package({})
    done = workspace.run("from foo.bar.baz import func1\nassert func1() == func1() == 5")
    assert done.lines == ["ran", "ran"]
    assert not (workspace.folder / "home").exists()


def test_the_outermost_mask_wins(in_force: InForce) -> None:
    """A mask is there to override all below it, other masks too."""
    files = {
        "foo/__init__.py": "from thds.mops import pure\npure.magic.shim('off', mask=True)\n",
        "foo/bar/__init__.py": "from thds.mops import pure\npure.magic.shim('subprocess', mask=True)\n",
        "foo/bar/baz.py": BAZ,
    }
    assert shims(in_force(files, "from foo.bar.baz import *\nshow(func1)")) == ["off"]


BODY = """
@pure.magic(k8s_shim(cpus=8))
def your_func(x):
    import os
    return os.getpid(), x * 2
"""


def test_a_shim_straight_in_the_decorator_runs_there(package: Any) -> None:
    """`@pure.magic(k8s_shim(cpus=8))` runs where the shim runs it: in another process."""
    workspace = package({"foo/bar/baz.py": FUNCTION + BODY})
    done = workspace.run(
        "import os\nfrom foo.bar.baz import your_func\npid, value = your_func(21)\n"
        "assert value == 42\nassert pid != os.getpid()\nassert your_func(21) == (pid, 42)"
    )
    assert done.code == 0


def test_later_settings_drop_what_the_decorator_said(package: Any) -> None:
    """ "it doesn't lock you out": `pure.magic.shim('off', your_func)` later on, or another shim as desired."""
    workspace = package({"foo/bar/baz.py": FUNCTION + BODY})
    workspace.run(
        "import os\nfrom thds.mops import pure\nfrom foo.bar.baz import your_func\n"
        "pure.magic.shim('off', your_func)\nassert your_func(21) == (os.getpid(), 42)\n"
        "pure.magic.shim('samethread', your_func)\nassert your_func(21) == (os.getpid(), 42)\n"
        "pure.magic.shim('subprocess', your_func)\npid, value = your_func(22)\n"
        "assert value == 44\nassert pid != os.getpid()"
    )


def test_a_shim_builder(package: Any) -> None:
    """ "Valid arguments in addition to actual Shim objects are ShimBuilder callables": (func, args, kwargs) -> shim."""
    source = """
from thds.mops import pure
from thds.mops.worker.run import main
seen = []
def builder(func, args, kwargs):
    seen.append((func.__name__, args, kwargs))
    def shim(arguments):
        import subprocess, sys
        subprocess.run([sys.executable, '-m', 'thds.mops.worker', *arguments], check=True)
    return shim
@pure.magic(builder)
def add(x, y): return x + y
"""
    workspace = package({"foo/bar/baz.py": source})
    workspace.run(
        "from foo.bar.baz import add, seen\nassert add(1, y=2) == 3\nassert add(1, y=2) == 3\n"
        "(name, args, kwargs), = seen\nassert (name, tuple(args), dict(kwargs)) == ('add', (1,), {'y': 2}), seen"
    )


@pytest.mark.parametrize("name", ["samethread", "sameprocess", "subprocess", "off"])
def test_every_name_runs_the_function(package: Any, name: str) -> None:
    """The special-cased string names; `off` disables mops entirely."""
    workspace = package(
        {
            "foo/bar/baz.py": f"from thds.mops import pure\n@pure.magic({name!r})\ndef double(x): return x * 2\n"
        }
    )
    workspace.run("from foo.bar.baz import double\nassert double(4) == 8\nassert double(4) == 8")
    assert (workspace.folder / "home" / ".mops").exists() == (name != "off")
