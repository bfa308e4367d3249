"""What stored pickles name is frozen: module, names and signatures."""

from __future__ import annotations

import base64
import inspect
import pickle
import pickletools

import pytest

from thds.mops.serialize import pickler, wire


def named(data: bytes) -> set[str]:
    """`module name` of everything of ours that a pickle names."""
    strings: list[str] = []
    found = set()
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "STACK_GLOBAL":
            found.add(" ".join(strings[-2:]))
        elif isinstance(argument, str):
            strings.append(argument)
    return {name for name in found if name.startswith("thds.")}


def test_signatures() -> None:
    """Calls of these lie in stored blobs: parameters may be added with defaults, never changed."""
    assert list(inspect.signature(wire.main_class).parameters) == ["program", "qualname", "by_value"]
    assert list(inspect.signature(wire.exception).parameters)[:3] == ["cls", "args", "attributes"]
    assert list(inspect.signature(wire.NotCarried).parameters) == ["text"]


#: Pickles as version 0.1.0 wrote them. They must load for ever.
GOLDEN = {
    "exception": (
        "gAWVYwAAAAAAAACMGHRoZHMubW9wcy5zZXJpYWxpemUud2lyZZSMCWV4Y2VwdGlvbpSTlCiMCGJ1aWx0aW5zlIwLTG9va3VwRXJyb3KUk5SMBGdvbmWUSwSGlH2UjARjb2RllEsEc32UdJRSlC4=",
        lambda error: (type(error), error.args, error.code) == (LookupError, ("gone", 4), 4),
    ),
    "not carried": (
        "gAWVQgAAAAAAAACMGHRoZHMubW9wcy5zZXJpYWxpemUud2lyZZSMCk5vdENhcnJpZWSUk5QpgZR9lIwEdGV4dJSMBjxsb2NrPpRzYi4=",
        lambda value: value.text == "<lock>" and "lock" in repr(value),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_pickles_load(name: str) -> None:
    """What has been stored stays readable."""
    text, check = GOLDEN[name]
    assert check(pickle.loads(base64.b64decode(text)))


def test_plain_values_name_nothing_of_ours() -> None:
    """They could be read by anybody's pickle."""
    assert named(pickler.dump({"a": [1, 2.0, ("x", None)]}).data) == set()


def test_classes_of_main_name_the_wire_only(workspace: object) -> None:
    """A result with a class of a script names `main_class` and nothing else of ours."""
    done = workspace.run(  # type: ignore[attr-defined]
        "import pickletools, base64\nfrom thds.mops.serialize import pickler\n"
        "class Mine:\n    pass\nprint(base64.b64encode(pickler.dump([Mine(), Mine]).data).decode())"
    )
    data = base64.b64decode(done.out)
    assert named(data) == {"thds.mops.serialize.wire main_class"}
