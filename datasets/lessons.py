"""The small tables of the study notes this project grew out of, which can be checked by hand.

Features and targets are the numbers in the notes, not standardised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datasets.curvature import learning_rate
from datasets.dataset import Dataset, Model


def study_hours() -> Dataset:
    """Return hours of study against points, y = 2 x."""
    return _lesson("study_hours", Model.SIMPLE_LINEAR, [1, 2, 3], [2, 4, 6], rate=0.01)


def identity() -> Dataset:
    """Return y = x: during training every parameter is half that of `study_hours`."""
    return _lesson("identity", Model.SIMPLE_LINEAR, [1, 2, 3], [1, 2, 3], rate=0.01)


def triple() -> Dataset:
    """Return y = 3 x over six rows."""
    return _lesson("triple", Model.SIMPLE_LINEAR, [1, 2, 3, 4, 5, 6], [3, 6, 9, 12, 15, 18], rate=0.01)


def quiz_scores() -> Dataset:
    """Return three quiz scores per row and the final score."""
    x = [[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]]
    return _lesson("quiz_scores", Model.MULTIVARIATE_LINEAR, x, [152, 185, 180, 196, 142], rate=1e-5)


def pass_fail() -> Dataset:
    """Return two features per row and whether the exam was passed."""
    x = [[1, 2], [2, 3], [3, 1], [4, 3], [5, 3], [6, 2]]
    return _lesson("pass_fail", Model.LOGISTIC, x, [0, 0, 0, 1, 1, 1])


def three_grades() -> Dataset:
    """Return four features per row and one of three grades."""
    x = [
        [1, 2, 1, 1],
        [2, 1, 3, 2],
        [3, 1, 3, 4],
        [4, 1, 5, 5],
        [1, 7, 5, 5],
        [1, 2, 5, 6],
        [1, 6, 6, 6],
        [1, 7, 7, 7],
    ]
    return _lesson("three_grades", Model.SOFTMAX, x, [2, 2, 2, 1, 1, 1, 0, 0], classes=3)


def _lesson(
    name: str,
    model: Model,
    x: Sequence[int] | Sequence[Sequence[int]],
    y: Sequence[int],
    *,
    rate: float | None = None,
    classes: int = 1,
) -> Dataset:
    features = np.array(x, dtype=np.float64)
    return Dataset(
        name=name,
        model=model,
        x=features,
        y=np.array(y, np.int64) if model is Model.SOFTMAX else np.array(y, np.float64),
        classes=classes,
        learning_rate=learning_rate(model, features) if rate is None else rate,
        source="the study notes of this project",
        licence="MIT",
    )
