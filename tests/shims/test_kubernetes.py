"""`k8s.shim` as users configure it, without a cluster and without the extra."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest

from thds.mops import k8s
from thds.mops.errors import MissingExtraError, SettingsError, ShimError
from thds.mops.shims.base import load

from .conftest import Room

EVERYTHING: dict[str, Any] = {
    "cpus": 8,
    "memory": "4Gi",
    "gpus": 0,
    "resource_requests": {"ephemeral-storage": "10Gi"},
    "resource_limits": {"memory": 2**33},
    "node_selector": {"disk": "ssd", "zone": ""},
    "node_affinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
}


def current_image() -> str:
    return "docker.io/royal-image:latest"


def test_as_in_the_documentation() -> None:
    """The example of the documentation can be made, and shows as it was written."""
    shim = k8s.shim("docker.io/royal-image:latest", node_narrowing=dict(cpus=8))  # noqa: C408
    assert repr(shim) == "k8s.shim('docker.io/royal-image:latest', node_narrowing=dict(cpus=8))"
    assert repr(k8s.shim(current_image)).startswith("k8s.shim(")
    assert "current_image" in repr(k8s.shim(current_image))
    assert load(shim)(len, ([],), {}) is shim


@pytest.mark.parametrize("image", ["image", current_image])
@pytest.mark.parametrize(
    "narrowing", [None, {}, EVERYTHING, {"cpus": 0.5}, {"cpus": "500m", "tolerations": ()}]
)
def test_value(image: Any, narrowing: Any) -> None:
    """It is a value: equal by what it was made of, picklable, and unchangeable."""
    shim = k8s.shim(image, node_narrowing=narrowing)
    again = pickle.loads(pickle.dumps(shim))
    assert again == shim == k8s.shim(image, node_narrowing=narrowing)
    assert hash(again) == hash(shim)
    assert shim != k8s.shim("another", node_narrowing=narrowing)
    assert shim != k8s.shim(image, node_narrowing={**(narrowing or {}), "gpus": 7})
    with pytest.raises(AttributeError, match="cannot be changed"):
        shim.image = "another"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot be changed"):
        del shim._image


def test_what_it_was_made_of_is_copied() -> None:
    """Neither what was given nor what is handed out is a part of it."""
    given: dict[str, Any] = {"node_selector": {"disk": "ssd"}}
    shim = k8s.shim("image", node_narrowing=given)
    given["node_selector"]["disk"] = "tape"
    shim.node_narrowing["node_selector"]["disk"] = "punched cards"
    assert shim.node_narrowing == {"node_selector": {"disk": "ssd"}}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("cpu", "'cpus'"),
        ("gpu", "'gpus'"),
        ("mem", "'memory'"),
        ("toleration", "'tolerations'"),
        ("qq", "its keys are cpus,"),
    ],
)
def test_unknown_key(key: str, hint: str) -> None:
    """It is refused by name, with the nearest one."""
    with pytest.raises(SettingsError, match=f"no key '{key}'") as error:
        k8s.shim("image", node_narrowing={key: 1})
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cpus", 0),
        ("cpus", -1),
        ("cpus", True),
        ("cpus", float("inf")),
        ("cpus", float("nan")),
        ("cpus", None),
        ("memory", ""),
        ("memory", "4 Gi"),
        ("gpus", 0.5),
        ("gpus", "1"),
        ("gpus", -1),
        ("resource_requests", ["cpu"]),
        ("resource_limits", {"memory": None}),
        ("node_selector", {"disk": 1}),
        ("node_selector", {1: "a"}),
        ("node_affinity", "zone"),
        ("tolerations", {"key": "gpu"}),
        ("tolerations", ["gpu"]),
    ],
)
def test_wrong_value(key: str, value: object) -> None:
    """It is refused, with its key and what it should be."""
    with pytest.raises(SettingsError) as error:
        k8s.shim("image", node_narrowing={key: value})
    assert f"node_narrowing['{key}'] is a" in str(error.value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("image", ["", " ", "two words", None, 3, b"image"])
def test_wrong_image(image: Any) -> None:
    """Neither nothing, nor what cannot be a name."""
    with pytest.raises(SettingsError, match="image"):
        k8s.shim(image)


def test_wrong_narrowing() -> None:
    """It is a mapping or nothing."""
    with pytest.raises(SettingsError, match="is a mapping"):
        k8s.shim("image", node_narrowing=["cpus"])  # type: ignore[arg-type]


def test_import_needs_no_extra(run_python: Callable[..., Any]) -> None:
    """Making one loads no third-party module."""
    code = "import sys\nfrom thds.mops import k8s\nk8s.shim('image', node_narrowing=dict(cpus=8))\n"
    ended = run_python(code + "print([name for name in sys.modules if name.startswith('kubernetes')])")
    assert ended.out == "[]"


def test_call_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(MissingExtraError) as error:
        k8s.shim("image")(["a"])
    assert 'pip install "mops-magic[k8s]"' in str(error.value)
    assert error.value.extra == "k8s"  # type: ignore[attr-defined]


def test_call_with_the_extra(room: Room) -> None:
    """It does not run yet, and says so rather than doing half of it."""
    room.write("kubernetes", "")
    with pytest.raises(ShimError, match="cannot run on Kubernetes yet"):
        k8s.shim("image")(["file:///root", "key"])
