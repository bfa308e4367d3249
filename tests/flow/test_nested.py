"""Nested decorated calls inside a `subprocess` see the same file settings and overrides as here."""

from __future__ import annotations

from typing import Any

import pytest

MODULE = """
import os
from lab import *
import settings

@pure.magic()
def inner(x):
    tick('inner')
    return os.getpid()

@pure.magic('subprocess')
def outer(x):
    tick('outer')
    return os.getpid(), inner(x), repr(inner), inner.memo_uri(x)
"""


@pytest.fixture
def packages(workspace: Any) -> Any:
    workspace.write({"mine.py": MODULE, "settings.py": ""})
    return workspace


SAME = """
there, nested, shown, uri = outer(1)
assert there != os.getpid(), "the body ran here"
assert shown == repr(inner), (shown, repr(inner))
assert uri == inner.memo_uri(1), (uri, inner.memo_uri(1))
"""


def test_as_in_the_caller(packages: Any) -> None:
    """What modules say where they are imported; the memos are shared."""
    packages.run(
        f"from mine import *\n{SAME}\nassert nested == there and inner(1) == there and ticks('inner') == 1"
    )


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_file_loaded_here(packages: Any, order: str) -> None:
    """Before or after the import of the module: the worker resolves as the caller does, though it loads no file."""
    packages.write(
        {
            "conf.toml": "[mine]\nmops.pure.magic.pipeline_id = 'of/file'\n[mine.inner]\n"
            "mops.pure.magic.blob_root = './other'\n",
            "settings.py": "from thds.mops import pure\npure.magic.pipeline_id('of/code', 'mine')\n",
        }
    )
    load = "from thds.mops import pure\npure.magic.load_config_file('conf.toml')\n"
    code = f"{load}from mine import *\n" if order == "before" else f"from mine import *\n{load}"
    wanted = "of/code" if order == "before" else "of/file"
    packages.run(f"{code}{SAME}\nassert '/{wanted}/' in uri and '/other/' in uri, uri")


def test_a_module_imported_only_in_the_worker(packages: Any) -> None:
    """A module that the caller never imported says what it says when it is imported there, after the file: as it would
    have here."""
    packages.write(
        {
            "late.py": "from thds.mops import pure\npure.magic.pipeline_id('late/code')\n@pure.magic()\n"
            "def leaf():\n    return leaf.memo_uri()\n",
            "early.py": "from lab import *\n@pure.magic('subprocess')\ndef call():\n"
            "    from late import leaf\n    return leaf()\n",
            "conf.toml": "[late]\nmops.pure.magic.pipeline_id = 'late/file'\n",
        }
    )
    packages.run(
        "from early import *\npure.magic.load_config_file('conf.toml')\nuri = call()\n"
        "assert '/late/code/' in uri, uri\n"
        "from late import leaf\nassert leaf.memo_uri() == uri"
    )


@pytest.mark.parametrize(
    "block",
    [
        "pure.magic.override(blob_root='./elsewhere', pipeline_id='over/ride')",
        "pure.magic.override(pipeline_id='only/inner', under=inner)",
        "inner.off()",
        "pure.magic.override(blob_root=lambda: './by/callable')",
        "pure.magic.override(blob_root=Path('by/path'))",
    ],
)
def test_an_override_of_this_stack(packages: Any, block: str) -> None:
    """Its settings come along, callables and paths resolved here."""
    packages.run(f"from mine import *\nwith {block}:\n" + SAME.replace("\n", "\n    ").rstrip())


def test_masks_come_along(packages: Any) -> None:
    """Set here, after the imports."""
    packages.run(
        f"from mine import *\npure.magic.off(inner, mask=True)\n{SAME}\nassert nested == there\ninner(1)\n"
        "assert ticks('inner') == 2"
    )


def test_a_nested_subprocess(packages: Any) -> None:
    """A worker starts a worker, three deep."""
    packages.write(
        {
            "deep.py": "import os\nfrom lab import *\n@pure.magic('subprocess')\ndef down(n):\n    tick()\n"
            "    return [os.getpid()] + (down(n - 1) if n else [])\n"
        }
    )
    packages.run(
        "from deep import *\npids = down(3)\n"
        "assert len(set(pids) | {os.getpid()}) == 5 and ticks() == 4\n"
        "assert down(2) == pids[1:]"
    )


def test_a_custom_shim_for_the_nested_call(packages: Any) -> None:
    """Shims are objects: they travel with the settings, those of `__main__` too."""
    packages.write(
        {
            "main.py": """
import subprocess, sys
from mine import *

class Shim:
    def __init__(self, name): self.name = name
    def __call__(self, args):
        tick(self.name)
        subprocess.run([sys.executable, '-m', 'thds.mops.worker', *args], check=True)

if __name__ == "__main__":
    pure.magic.shim(Shim('special'), inner)
    there, nested, shown, uri = outer(1)
    assert nested != there and ticks('special') == 1
"""
        }
    )
    packages.run("main.py")


def test_a_shim_that_cannot_travel(packages: Any) -> None:
    """Is an error only where a nested call needs it."""
    packages.write(
        {
            "main.py": """
import threading
from mine import *
from thds.mops.errors import ShimError

class Shim:
    def __init__(self): self.lock = threading.Lock()
    def __call__(self, args): raise AssertionError

@pure.magic('subprocess')
def alone(x): return x

pure.magic.shim(Shim(), inner)
assert alone(1) == 1
try:
    outer(1)
except ShimError as error:
    assert 'Shim' in str(error), error
else:
    raise AssertionError
"""
        }
    )
    packages.run("main.py")


def test_a_root_that_cannot_be_asked_for_here(packages: Any) -> None:
    """A callable that fails is an error only where a nested call needs it."""
    packages.run(
        "from mine import *\nfrom thds.mops.errors import SettingsError\n"
        "def broken(): raise OSError('no credentials')\n"
        "@pure.magic(blob_root=broken)\ndef unused(): ...\n"
        f"{SAME}pure.magic.blob_root(broken, inner)\n"
        "try:\n    outer(2)\nexcept SettingsError as error:\n    assert 'no credentials' in str(error), error\n"
        "else:\n    raise AssertionError"
    )


def test_require_all_holds_in_workers(packages: Any) -> None:
    """A worker that was started outside of it is not concerned; nothing is started below it."""
    packages.run(
        "from mine import *\nfrom thds.mops.errors import ResultRequiredError\nouter(1)\n"
        "with pure.require_all():\n    outer(1)\n    try:\n        outer(2)\n    except ResultRequiredError: pass\n"
        "    else: raise AssertionError"
    )


def test_a_call_of_itself_through_a_subprocess(packages: Any) -> None:
    """The ancestors travel: an error, not a deadlock, in the second worker as in the first."""
    packages.write(
        {
            "circle.py": """
from lab import *
@pure.magic('subprocess')
def ping(n): return pong(n)
@pure.magic('subprocess')
def pong(n): return ping(n)
"""
        }
    )
    packages.run(
        "from circle import *\nfrom thds.mops.errors import SelfCallError\n"
        "try:\n    ping(1)\nexcept SelfCallError as error:\n"
        "    assert ping.memo_uri(1) in str(error)\nelse:\n    raise AssertionError"
    )


IMPORTS = """
import os
from lab import *

@pure.magic('subprocess')
def base(x):
    tick('base')
    return x + 1

VALUE = base(ARGUMENT)

@pure.magic('subprocess')
def use(x):
    return x + VALUE
"""


def test_computing_while_a_worker_imports_is_an_error(packages: Any) -> None:
    """That says where: it would nest workers without end."""
    packages.write({"top.py": IMPORTS.replace("ARGUMENT", "os.getpid()")})
    done = packages.run("from top import *\nprint(use(1))", check=False)
    assert done.code == 1
    assert "ImportTimeCallError" in done.err
    assert "top.py" in done.err
    assert packages.ticks("base") == 0


def test_a_call_that_imports_itself(packages: Any) -> None:
    """The worker of `base` imports the module that calls `base`: an error as well, and it comes at once."""
    packages.write({"top.py": IMPORTS.replace("ARGUMENT", "1")})
    done = packages.run("from top import *\nprint(use(1))", check=False)
    assert done.code == 1
    assert "ImportTimeCallError" in done.err or "SelfCallError" in done.err
    assert "top.py" in done.err
    assert packages.ticks("base") == 0


def test_a_hit_while_a_worker_imports(packages: Any) -> None:
    """Is an answer like any other."""
    packages.write({"top.py": IMPORTS.replace("ARGUMENT", "1")})
    packages.write(
        {
            "fill.py": "import os\nfrom lab import *\npure.magic.shim('samethread', 'top', mask=True)\nimport top\n"
        }
    )
    packages.run("fill.py")
    assert packages.run("from top import *\nprint(use(1))").out == "3"
    assert packages.ticks("base") == 1
