"""The shim for Kubernetes, as users configure it: `k8s.shim(image, node_narrowing=...)`.

Making one checks everything that can be checked without a cluster, and needs no extra; calling it needs one. Running
there is not in this version.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn

from thds.mops.errors import MissingExtraError, SettingsError, ShimError
from thds.mops.shims.base import call_uri

Image = str | Callable[[], str]
Check = Callable[[object], bool]


class KubernetesShim:
    """Immutable; equal by value; pickles if its image does (a function at the top level of a module, or a name)."""

    __slots__ = ("_image", "_node_narrowing")

    _image: Image
    _node_narrowing: Mapping[str, Any]

    def __init__(self, image: Image, node_narrowing: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_image", image)
        object.__setattr__(self, "_node_narrowing", node_narrowing)

    @property
    def image(self) -> Image:
        return self._image

    @property
    def node_narrowing(self) -> dict[str, Any]:
        """A copy of it."""
        copy: dict[str, Any] = _copied(self._node_narrowing)
        return copy

    def __call__(self, arguments: Sequence[str]) -> NoReturn:
        from importlib.util import find_spec

        if find_spec("kubernetes") is None:
            raise MissingExtraError(
                f"{self!r} needs the Python package `kubernetes`, which is not installed",
                hint='pip install "mops-magic[k8s]"',
                extra="k8s",
            )
        raise ShimError(
            f"{self!r} was asked to run a call, but this version of mops cannot run on Kubernetes yet",
            hint="run it elsewhere for now: pure.magic.shim('subprocess', <function or module>)",
            memo_uri=call_uri(arguments),
            reported="running on Kubernetes is not in this version",
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{self!r} cannot be changed: make another one with `k8s.shim`")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{self!r} cannot be changed: make another one with `k8s.shim`")

    def __repr__(self) -> str:
        image = repr(self._image) if isinstance(self._image, str) else _name(self._image)
        given = ", ".join(f"{key}={value!r}" for key, value in self._node_narrowing.items())
        return f"k8s.shim({image}, node_narrowing=dict({given}))" if given else f"k8s.shim({image})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KubernetesShim):
            return NotImplemented
        return (self._image, self.node_narrowing) == (other._image, other.node_narrowing)

    def __hash__(self) -> int:
        return hash((self._image, tuple(sorted(self._node_narrowing))))

    def __reduce__(self) -> tuple[Any, ...]:
        return KubernetesShim, (self._image, self.node_narrowing)


def shim(image: Image, *, node_narrowing: Mapping[str, Any] | None = None) -> KubernetesShim:
    """A shim that runs each call as a Job from `image`, a name or a function without arguments that returns one, called
    when a call needs it. `node_narrowing` says which nodes will do and what to reserve there:

    - `cpus`, `gpus`: numbers; `memory`: a quantity such as "4Gi", or bytes; `cpus` may be a quantity too ("500m").
    - `resource_requests`, `resource_limits`: mappings of resource names to quantities, which the above add to.
    - `node_selector`: labels. `node_affinity`: a mapping, `tolerations`: mappings, as in a Pod's specification.

    Raises SettingsError, which names what is wrong.
    """
    if not (isinstance(image, str) or callable(image)):
        raise SettingsError(f"k8s.shim: the image is a string or a function that returns one, not {image!r}")
    if isinstance(image, str) and (not image or image.split() != [image]):
        raise SettingsError(
            f"k8s.shim: {image!r} is no name of an image",
            hint="such as 'docker.io/library/python:3.12'; without spaces",
        )
    return KubernetesShim(image, _checked(node_narrowing))


def _checked(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise SettingsError(f"k8s.shim: node_narrowing is a mapping, not {given!r}")
    for key, value in given.items():
        if key not in _NARROWINGS:
            raise _unknown(key)
        check, expected = _NARROWINGS[key]
        if not check(value):
            raise SettingsError(f"k8s.shim: node_narrowing[{key!r}] is {expected}, not {value!r}", key=key)
    return dict(_copied(given))


def _unknown(key: object) -> SettingsError:
    from difflib import get_close_matches

    nearest = get_close_matches(str(key), _NARROWINGS, 1, cutoff=0.5)
    return SettingsError(
        f"k8s.shim: node_narrowing has no key {key!r}",
        hint=f"did you mean {nearest[0]!r}?" if nearest else f"its keys are {', '.join(_NARROWINGS)}",
        key=key,
    )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(0.0 < value <= sys.float_info.max)


def _is_whole(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.split() == [value]


def _is_quantity(value: object) -> bool:
    return _is_number(value) or _is_text(value)


def _is_labels(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(key) and isinstance(value[key], str) for key in value)


def _is_resources(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(key) and _is_quantity(value[key]) for key in value)


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(key) for key in value)


def _is_objects(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_object(each) for each in value)


_NARROWINGS: Final[Mapping[str, tuple[Check, str]]] = MappingProxyType(
    {
        "cpus": (_is_quantity, 'a number above 0 or a quantity such as "500m"'),
        "memory": (_is_quantity, 'a quantity such as "4Gi", or a number of bytes'),
        "gpus": (_is_whole, "a whole number"),
        "resource_requests": (_is_resources, "a mapping of resource names to quantities"),
        "resource_limits": (_is_resources, "a mapping of resource names to quantities"),
        "node_selector": (_is_labels, "a mapping of labels to strings"),
        "node_affinity": (_is_object, "a mapping as in a Pod's specification"),
        "tolerations": (_is_objects, "a list of mappings as in a Pod's specification"),
    }
)


def _copied(value: Any) -> Any:
    """Plain dicts and lists all the way down: nobody else holds a part of it."""
    if isinstance(value, Mapping):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(each) for each in value]
    return value


def _name(function: Callable[..., Any]) -> str:
    qualname = getattr(function, "__qualname__", None)
    return f"{function.__module__}.{qualname}" if qualname else repr(function)
