"""The candidates: which classifiers are tried, with which settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """`kind` is a key of `models.CLASSIFIERS`; `settings` are its keyword arguments."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={value}" for name, value in self.settings.items())])


_TINY = [
    Candidate("svm", {"C": 1.0}),
    Candidate("neighbours", {"n_neighbors": 3}),
    Candidate("forest", {"n_estimators": 100}),
]

_SMALL = [
    *_TINY,
    Candidate("svm", {"C": 10.0}),
    Candidate("logistic", {"C": 0.1}),
    Candidate("logistic", {"C": 10.0}),
    Candidate("network", {"hidden_layer_sizes": (64,)}),
    Candidate("network", {"hidden_layer_sizes": (128, 64)}),
]

_FULL = [
    *_SMALL,
    Candidate("logistic", {"C": 1.0}),
    Candidate("svm", {"C": 100.0}),
    Candidate("svm", {"C": 10.0, "kernel": "poly"}),
    Candidate("neighbours", {"n_neighbors": 1}),
    Candidate("neighbours", {"n_neighbors": 9}),
    Candidate("forest", {"n_estimators": 500}),
    Candidate("network", {"hidden_layer_sizes": (256,)}),
    Candidate("network", {"hidden_layer_sizes": (256, 128)}),
]

#: Each grid begins with the smaller one: going on to the next trains only what that one adds.
GRIDS = {"tiny": _TINY, "small": _SMALL, "full": _FULL}
