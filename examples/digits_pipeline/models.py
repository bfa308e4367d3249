"""Training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from digits_pipeline.data import Part
from digits_pipeline.grid import Candidate
from thds.mops import pure

CLASSIFIERS = {
    "forest": RandomForestClassifier,
    "logistic": partial(LogisticRegression, max_iter=2000),
    "neighbours": KNeighborsClassifier,
    "network": partial(MLPClassifier, max_iter=1000, tol=1e-3),
    "svm": SVC,
}


@dataclass(frozen=True)
class Evaluation:
    """`accuracy` from 0 to 1; `confusion[true, read]` counts digits."""

    accuracy: float
    confusion: np.ndarray[Any, Any]


@pure.magic("subprocess")
def train(candidate: Candidate, part: Part, seed: int) -> Any:
    """The fitted classifier. In a process of its own, so that several are trained at the same time."""
    classifier = CLASSIFIERS[candidate.kind](**candidate.settings)
    if "random_state" in classifier.get_params():
        classifier.set_params(random_state=seed)
    with threadpool_limits(
        1
    ):  # as many processes as cores: threads in each would only be in each other's way
        return classifier.fit(part.inputs, part.labels)


@pure.magic()
def evaluate(model: Any, part: Part) -> Evaluation:
    read = model.predict(part.inputs)
    return Evaluation(float((read == part.labels).mean()), confusion_matrix(part.labels, read))
