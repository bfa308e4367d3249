"""The digits, split into three, and what the classifiers see of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thds.mops import pure


@dataclass(frozen=True)
class Part:
    """`inputs` is one row per digit; `labels` says which digit it is."""

    inputs: np.ndarray[Any, Any]
    labels: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Digits:
    """`training` is for fitting, `validation` for choosing among what was fitted, `test` for the last word."""

    training: Part
    validation: Part
    test: Part


@pure.magic()
def split(test_share: float, seed: int) -> Digits:
    """A quarter of what is not kept for the test is kept for validation."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    inputs, labels = load_digits(return_X_y=True)
    rest, test, rest_labels, test_labels = train_test_split(
        inputs / 16, labels, test_size=test_share, random_state=seed, stratify=labels
    )
    training, validation, training_labels, validation_labels = train_test_split(
        rest, rest_labels, test_size=0.25, random_state=seed, stratify=rest_labels
    )
    return Digits(
        Part(training, training_labels), Part(validation, validation_labels), Part(test, test_labels)
    )


@pure.magic()
def features(digits: Digits, kind: str) -> Digits:
    """`pixels` as they are; `gradients`: also how they change across and down; `pca`: their 32 main components."""
    if kind == "pixels":
        return digits
    change = _gradients if kind == "gradients" else _main_components(digits.training)
    return Digits(*(Part(change(part.inputs), part.labels) for part in _parts(digits)))


def _parts(digits: Digits) -> tuple[Part, Part, Part]:
    return digits.training, digits.validation, digits.test


def _gradients(inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    images = inputs.reshape(-1, 8, 8)
    down, across = np.gradient(images, axis=(1, 2))
    return np.hstack([part.reshape(len(inputs), -1) for part in (images, down, across)])


def _main_components(training: Part) -> Any:
    from sklearn.decomposition import PCA

    return PCA(n_components=32, random_state=0).fit(training.inputs).transform
