"""The seed's "putting it all together": the tree `foo/...`, as files on disk, in fresh processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

TREE = {
    "foo/__init__.py": "from thds.mops import pure\npure.magic.blob_store('adls://lazing/sunday')\n",
    "foo/bar/__init__.py": "from thds.mops import pure\npure.magic.pipeline_id('app/bar')\n",
    "foo/quux/__init__.py": "from thds.mops import pure\npure.magic.pipeline_id('app/quux')\n",
    "foo/bar/forty_nine.py": """
from thds.mops import pure
@pure.magic('subprocess')
def explore(x):
    import os
    return os.getpid(), x
""",
    "foo/quux/car.py": """
from thds.mops import pure, k8s
@pure.magic(
    k8s.shim(
        'docker.io/royal-image:latest',
        node_narrowing=dict(cpus=8)
    ),
    pipeline_id='scaramouche',
    blob_root='adls://thunderbolt/lightning',
)
def fandango(x):
    return x
""",
}
BOTH = "from foo.bar.forty_nine import explore\nfrom foo.quux.car import fandango\n"
#: Whoever opens a connection while this is in force, fails.
NO_NETWORK = """
import socket
def refuse(*_): raise AssertionError("somebody was contacted")
socket.socket.connect = socket.getaddrinfo = refuse
"""


def test_each_function_has_its_settings(package: Any) -> None:
    """Decorating and configuring contact nothing, and `repr` shows the settings in force."""
    workspace = package(TREE)
    done = workspace.run(
        f"{NO_NETWORK}{BOTH}from show import show\nshow(explore)\nprint(explore)\nprint(fandango)"
    )
    settings, explore, fandango = done.lines
    assert json.loads(settings) == ["subprocess", "adls://lazing/sunday", "app/bar"]
    for said in ("foo.bar.forty_nine.explore", "subprocess", "adls://lazing/sunday", "app/bar"):
        assert said in explore
    for said in ("fandango", "royal-image", "adls://thunderbolt/lightning", "scaramouche"):
        assert said in fandango
    assert "k8s" in fandango.replace("docker.io", "") or "cpus" in fandango
    assert not (workspace.folder / "home").exists()


@pytest.mark.parametrize("how", ["override", "mask", "override under foo"])
def test_explore_runs_for_real_on_a_local_root(package: Any, how: str) -> None:
    """With the blob root turned to a directory it runs in its `subprocess`, and the second process has a hit."""
    workspace = package(TREE)
    local = {
        "override": "with pure.magic.override(blob_root='./local'):",
        "override under foo": "with pure.magic.override(blob_root='./local', under='foo'):",
        "mask": "pure.magic.blob_root('./local', 'foo', mask=True)\nif True:",
    }[how]
    code = f"from thds.mops import pure\n{BOTH}import os\n{local}\n    pid, x = explore(7)\n"
    first = workspace.run(
        code + "    print(explore.memo_uri(7))\nassert x == 7 and pid != os.getpid()\nprint(pid)"
    )
    uri, pid = first.lines
    assert uri.startswith(f"file://{workspace.folder}/local/mops/")
    assert "/app/bar/foo.bar.forty_nine.explore/" in uri
    assert workspace.run(code + "print(pid)").out == pid


def test_a_remote_root_is_asked_for_at_the_first_call_only(package: Any) -> None:
    """No store for `adls://` yet: the call says so and lists what there is; the function did not run."""
    workspace = package(TREE)
    workspace.run(
        f"{BOTH}from thds.mops.errors import MopsError, UnknownSchemeError\n"
        "for function in explore, fandango:\n"
        "    try:\n        function(1)\n"
        "    except MopsError as error:\n"
        "        assert 'adls' in str(error) or 'install' in str(error), error\n"
        "    else:\n        raise AssertionError\n"
        "try:\n    explore(1)\nexcept UnknownSchemeError as error:\n    assert 'file' in error.known"
    )
    assert not (workspace.folder / "home").exists()
    assert not (workspace.folder / "adls:").exists()


def test_off_runs_both_without_anything(package: Any) -> None:
    """Plain Python, also for a function that belongs on Kubernetes."""
    package(TREE).run(
        f"{NO_NETWORK}from thds.mops import pure\n{BOTH}import os\npure.magic.off('foo', mask=True)\n"
        "assert explore(1) == (os.getpid(), 1)\nassert fandango(2) == 2"
    )


def test_calling_without_the_extra_says_what_to_install(package: Any) -> None:
    """`k8s.shim` can be made on a bare install; calling it cannot run."""
    package(TREE).run(
        "import sys\nsys.modules['kubernetes'] = None  # as where it is not installed\n"
        f"from thds.mops import pure\n{BOTH}from thds.mops.errors import MissingExtraError\n"
        "with pure.magic.override(blob_root='./local'):\n"
        "    try:\n        fandango(1)\n"
        "    except MissingExtraError as error:\n"
        "        assert 'mops-magic[k8s]' in str(error) and error.extra == 'k8s', error\n"
        "    else:\n        raise AssertionError"
    )


def test_an_unknown_key_of_node_narrowing_is_refused_by_name(workspace: Any) -> None:
    """Where it is made, naming the key and what is allowed."""
    workspace.run(
        "from thds.mops import k8s\nfrom thds.mops.errors import MopsError\n"
        "k8s.shim('docker.io/royal-image:latest', node_narrowing=dict(cpus=8))\n"
        "try:\n    k8s.shim('docker.io/royal-image:latest', node_narrowing=dict(cpu=8))\n"
        "except (MopsError, TypeError, ValueError) as error:\n"
        "    assert \"'cpu'\" in str(error) and 'cpus' in str(error), error\n"
        "else:\n    raise AssertionError"
    )


def test_settings_set_from_the_outside_by_every_kind_of_target(
    in_force: Callable[..., list[list[str]]],
) -> None:
    """A decorated function, a plain function, a module object, a dotted string; each with a mask too."""
    files = {
        **TREE,
        "foo/bar/plain.py": """
from thds.mops import pure
def twice(x): return 2 * x
pure.magic.pipeline_id('plain/function', twice)
decorated = pure.magic()(twice)
""",
    }
    code = """
import foo.bar.plain, foo.bar.forty_nine
from foo.bar.forty_nine import explore
twice = foo.bar.plain.decorated
show(twice)
SHIMS = ["samethread", "subprocess", "off", "samethread"]
ROOTS = ["/a", "/b", "/c", "/d"]
for name, values in dict(shim=SHIMS, blob_root=ROOTS, pipeline_id=list("abcd")).items():
    setter = getattr(pure.magic, name)
    setter(values[0], "foo.bar")
    show(twice)
    setter(values[1], foo.bar.plain)
    show(twice)
    setter(values[2], foo.bar.plain.twice)
    show(twice)
    setter(values[3], twice, mask=True)
    show(twice)
    setter(values[2], foo.bar.plain, mask=True)
    show(twice)
    setter(values[1], "foo", mask=True)
    show(twice)
"""
    got = in_force(files, code)
    assert got[0] == ["samethread", "adls://lazing/sunday", "plain/function"]
    assert [shim for shim, _, _ in got[1:7]] == [
        "samethread",
        "subprocess",
        "off",
        "samethread",
        "off",
        "subprocess",
    ]
    roots = ["/a", "/b", "/c", "/d", "/c", "/b"]
    assert [root for _, root, _ in got[7:13]] == [f"file://{root}" for root in roots]
    # The plain function's own id, set before, is more specific than a module's.
    own = "plain/function"
    assert [pipeline for _, _, pipeline in got[13:19]] == [own, own, "c", "d", "c", "b"]
