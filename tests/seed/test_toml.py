"""The seed on `.mops.toml`: "can express anything that the static calls express"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

InForce = Callable[..., list[list[str]]]

TOML = """
[foo]
mops.pure.magic.blob_root = "adls://secret/harmonies"
[foo.bar]
mops.pure.magic.blob_root = "adls://secret/bar"
__mask.mops.pure.magic.shim = 'off'
[foo.bar.baz.func1]
mops.pure.magic.shim = 'sameprocess'
"""
SAME_IN_OTHER_WORDS = [
    """
    foo.mops.pure.magic.blob_root = "adls://secret/harmonies"
    foo.bar.mops.pure.magic.blob_root = "adls://secret/bar"
    foo.bar.__mask.mops.pure.magic.shim = "off"
    foo.bar.baz.func1.mops.pure.magic.shim = "sameprocess"
    """,
    """
    [foo.mops.pure.magic]
    blob_root = "adls://secret/harmonies"
    [foo.bar.mops.pure.magic]
    blob_root = "adls://secret/bar"
    [foo.bar.__mask.mops.pure.magic]
    shim = "off"
    [foo.bar.baz.func1.mops.pure.magic]
    shim = "sameprocess"
    """,
    """
    [foo]
    bar.baz.func1.mops.pure.magic.shim = "sameprocess"
    [foo.bar.__mask]
    mops.pure.magic.shim = "off"
    [foo.bar.mops]
    pure.magic.blob_root = "adls://secret/bar"
    [foo.mops.pure.magic]
    blob_root = "adls://secret/harmonies"
    """,
    """
    foo = { mops.pure.magic.blob_root = "adls://secret/harmonies", bar = { mops.pure.magic.blob_root = \
"adls://secret/bar", __mask.mops.pure.magic.shim = "off", baz.func1.mops.pure.magic.shim = "sameprocess" } }
    """,
    TOML.replace("blob_root", "blob_store"),
]
#: "exactly equivalent to the following pure.magic usage"
STATIC = {
    "foo/__init__.py": "from thds.mops import pure\npure.magic.blob_root('adls://secret/harmonies')\n",
    "foo/bar/__init__.py": (
        "from thds.mops import pure\npure.magic.blob_root('adls://secret/bar')\npure.magic.shim('off', mask=True)\n"
    ),
    "foo/bar/baz.py": (
        "from thds.mops import pure\n@pure.magic()\ndef func1(): ...\npure.magic.shim('sameprocess')\n"
        "@pure.magic()\ndef other(): ...\n"
    ),
    "foo/outside.py": "from thds.mops import pure\n@pure.magic()\ndef beside(): ...\n",
}
BARE = {
    "foo/bar/baz.py": "from thds.mops import pure\n@pure.magic()\ndef func1(): ...\n@pure.magic()\ndef other(): ...\n",
    "foo/outside.py": STATIC["foo/outside.py"],
}
IMPORT = "from foo.bar.baz import func1, other\nfrom foo.outside import beside\n"
LOAD = "pure.magic.load_config_file()\n"
SHOW = "show(func1, other, beside)\n"
#: The mask taken away, what was below it shows: the same there too.
UNDER_THE_MASK = (
    "with pure.magic.override(shim='samethread', under='foo.bar'): show(func1, other, beside)\n"
    "pure.magic.shim('subprocess', 'foo.bar', mask=True)\n" + SHOW
)


@pytest.mark.parametrize("order", [LOAD + IMPORT, IMPORT + LOAD])
@pytest.mark.parametrize("toml", [TOML, *SAME_IN_OTHER_WORDS])
def test_the_file_is_exactly_the_static_calls(in_force: InForce, order: str, toml: str) -> None:
    """In either order: for functions whose modules say nothing themselves, loading is calling."""
    by_calls = in_force(STATIC, IMPORT + SHOW + UNDER_THE_MASK)
    by_file = in_force(
        {**BARE, "foo/__init__.py": "", "foo/bar/__init__.py": "", ".mops.toml": toml},
        order + SHOW + UNDER_THE_MASK,
    )
    assert by_file == by_calls
    assert by_calls[:3] == [
        ["off", "adls://secret/bar", "magic"],
        ["off", "adls://secret/bar", "magic"],
        ["samethread", "adls://secret/harmonies", "magic"],
    ]


def test_masked_functions_are_a_passthrough(package: Any) -> None:
    """ "everything under foo.bar would be a non-mops passthrough function call"; adls is never asked for."""
    files = {**BARE, ".mops.toml": TOML}
    files["foo/bar/baz.py"] = BARE["foo/bar/baz.py"].replace(
        "def func1(): ...", "def func1():\n    print('ran')\n    return 3"
    )
    workspace = package(files)
    done = workspace.run(
        f"from thds.mops import pure\n{LOAD}from foo.bar.baz import func1\nassert func1() == func1() == 3"
    )
    assert done.lines == ["ran", "ran"]


EVERY_PATH = """
[foo]
mops.pure.magic.shim = "subprocess"
mops.pure.magic.pipeline_id = "file/foo"
[foo.bar.baz]
mops.pure.magic.blob_root = "/file/baz"
mops.pure.magic.shim = "samethread"
[foo.bar.baz.func1]
mops.pure.magic.pipeline_id = "file/func1"
"""
SAYS_ITSELF = {
    "foo/__init__.py": "from thds.mops import pure\npure.magic.shim('off')\npure.magic.pipeline_id('code/foo')\n",
    "foo/bar/__init__.py": "from thds.mops import pure\npure.magic.pipeline_id('code/bar')\n",
    "foo/bar/baz.py": (
        "from thds.mops import pure\npure.magic.blob_root('/code/baz')\n"
        "@pure.magic(pipeline_id='code/func1')\ndef func1(): ...\n@pure.magic()\ndef other(): ...\n"
    ),
    "foo/outside.py": STATIC["foo/outside.py"],
}


def test_a_file_loaded_after_the_imports_overrides_the_code(in_force: InForce) -> None:
    """At the same paths; what is more specific still wins."""
    got = in_force({**SAYS_ITSELF, ".mops.toml": EVERY_PATH}, IMPORT + LOAD + SHOW)
    assert got == [
        ["samethread", "file:///file/baz", "file/func1"],
        ["samethread", "file:///file/baz", "code/bar"],
        ["subprocess", None, "file/foo"],
    ]


def test_modules_imported_after_loading_override_the_file(in_force: InForce) -> None:
    """ "unless those modules are imported after loading the config file", at the same path and nowhere else."""
    got = in_force({**SAYS_ITSELF, ".mops.toml": EVERY_PATH}, LOAD + IMPORT + SHOW)
    assert got == [
        ["samethread", "file:///code/baz", "code/func1"],
        ["samethread", "file:///code/baz", "code/bar"],
        ["off", None, "code/foo"],
    ]


def test_some_modules_before_and_some_after(in_force: InForce) -> None:
    """ "It is up to you to deal with the order of operations"."""
    code = f"import foo\n{LOAD}{IMPORT}{SHOW}"
    got = in_force({**SAYS_ITSELF, ".mops.toml": EVERY_PATH}, code)
    assert got[0] == ["samethread", "file:///code/baz", "code/func1"]
    assert got[2] == ["subprocess", None, "file/foo"]


def test_the_first_file_upward_and_only_that_one(package: Any) -> None:
    """From the working directory of the process; the one above is not read, also not for what the first leaves out."""
    workspace = package(
        {
            **BARE,
            ".mops.toml": "[foo]\nmops.pure.magic.shim = 'off'\nmops.pure.magic.pipeline_id = 'outer'\n",
            "work/.mops.toml": "[foo]\nmops.pure.magic.shim = 'subprocess'\n",
            "work/deep/er/x": "",
            "elsewhere/.mops.toml": "this is not even TOML",
        }
    )
    code = f"from show import *\nprint({LOAD.strip()})\nfrom foo.bar.baz import func1\nshow(func1)"
    for cwd, file, shown in [
        ("work/deep/er", "work/.mops.toml", '["subprocess", null, "magic"]'),
        ("work", "work/.mops.toml", '["subprocess", null, "magic"]'),
        (".", ".mops.toml", '["off", null, "outer"]'),
    ]:
        done = workspace.run(code, cwd=workspace.folder / cwd)
        assert done.lines == [str(workspace.folder / file), shown]


def test_a_path_is_taken_too(package: Any) -> None:
    """`load_config_file(path)`: that file, wherever the process works."""
    workspace = package(
        {**BARE, "conf/special.toml": "[foo]\nmops.pure.magic.shim = 'off'\n", "work/.mops.toml": "broken ="}
    )
    for said in (
        "'../conf/special.toml'",
        f"{str(workspace.folder / 'conf/special.toml')!r}",
        "pathlib.Path('../conf/special.toml')",
    ):
        done = workspace.run(
            f"import pathlib\nfrom show import *\npure.magic.load_config_file({said})\n"
            "from foo.bar.baz import func1\nshow(func1)",
            cwd=workspace.folder / "work",
        )
        assert done.lines == ['["off", null, "magic"]']


def test_a_file_does_nothing_to_what_is_not_decorated(package: Any) -> None:
    """ "none of them will work without first applying the @pure.magic decorator to your function"."""
    workspace = package(
        {
            "foo/plain.py": "def f():\n    print('ran')\n",
            ".mops.toml": "[foo]\nmops.pure.magic.shim = 'subprocess'\n",
        }
    )
    done = workspace.run(f"from thds.mops import pure\n{LOAD}from foo.plain import f\nf()\nf()")
    assert done.lines == ["ran", "ran"]


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("[foo]\nmops.pure.magic.shim = 'subproces'\n", ["2", "subproces", "subprocess"]),
        ("[foo]\n\nmops.pure.magic.blobroot = '/x'\n", ["3", "blobroot", "blob_root"]),
        ("[foo]\nmops.pure.magic.shim = 3\n", ["2", "shim", "3"]),
        ("[foo]\nmops.pure.magic.pipeline_id = '../x'\n", ["2", "pipeline", ".."]),
        ("[foo\n", ["1", "TOML"]),
        ("[foo]\nmops.pure.magik.shim = 'off'\n", ["2", "magik"]),
        ("[foo]\n__msk.mops.pure.magic.shim = 'off'\n", ["2", "__msk", "__mask"]),
    ],
)
def test_a_typo_is_an_error_that_names_it(package: Any, toml: str, named: list[str]) -> None:
    """File, line, key and the nearest valid name; nothing of the file is applied."""
    workspace = package({**BARE, ".mops.toml": f"{toml}"})
    done = workspace.run(
        "from thds.mops import pure\nfrom thds.mops.errors import SettingsError\n"
        f"try:\n    {LOAD}except SettingsError as error:\n    print(error)\nelse:\n    raise AssertionError"
    )
    assert str(workspace.folder / ".mops.toml") in done.out
    for word in named:
        assert word in done.out


def test_loaded_in_main_and_run_in_a_subprocess(package: Any) -> None:
    """The way the seed means it: a `__main__` that loads the file; nested calls in the worker follow it as well."""
    workspace = package(
        {
            "foo/bar/baz.py": """
import os
from thds.mops import pure
@pure.magic()
def inner(x):
    return os.getpid()
@pure.magic()
def outer(x):
    return os.getpid(), inner(x), repr(inner)
""",
            "foo/__main__.py": """
import os
from thds.mops import pure
from foo.bar.baz import outer, inner
if __name__ == "__main__":
    pure.magic.load_config_file()
    there, nested, shown = outer(1)
    assert there != os.getpid() != nested
    assert there == nested
    assert shown == repr(inner), (shown, repr(inner))
    print(outer.memo_uri(1))
""",
            ".mops.toml": "[foo.bar]\nmops.pure.magic.blob_root = './results'\n"
            "[foo.bar.baz.outer]\nmops.pure.magic.shim = 'subprocess'\n",
        }
    )
    done = workspace.run("-m", "foo")
    assert done.out.startswith(f"file://{workspace.folder}/results/")
    assert len(list((workspace.folder / "results").rglob("*.result"))) == 2
