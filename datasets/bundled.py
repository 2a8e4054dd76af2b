"""The real tables that come with scikit-learn, prepared without a download.

Every feature is standardised to mean 0 and population standard deviation 1; a constant
column (`digits` has three) becomes zeros. Targets keep their own units.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from datasets.curvature import learning_rate
from datasets.dataset import Dataset, Model
from datasets.standardise import standardise

# If a table's page states no licence, only its distributor is known.
DISTRIBUTED = "distributed with scikit-learn (BSD-3-Clause)"
UCI = "CC BY 4.0 at the UCI Machine Learning Repository; " + DISTRIBUTED
EFRON = "scikit-learn load_diabetes: Efron, Hastie, Johnstone and Tibshirani 2004, Least Angle Regression"


def diabetes_bmi() -> Dataset:
    """Return body mass index against disease progression one year later (25 to 346)."""
    return _dataset("diabetes_bmi", "diabetes", Model.SIMPLE_LINEAR, EFRON, DISTRIBUTED)


def diabetes() -> Dataset:
    """Return ten measurements against disease progression one year later (25 to 346)."""
    return _dataset("diabetes", "diabetes", Model.MULTIVARIATE_LINEAR, EFRON, DISTRIBUTED)


def breast_cancer() -> Dataset:
    """Return thirty measurements of cell nuclei; class 1 is benign."""
    source = "scikit-learn load_breast_cancer: UCI Breast Cancer Wisconsin (Diagnostic)"
    return _dataset("breast_cancer", "breast_cancer", Model.LOGISTIC, source, UCI)


def digits() -> Dataset:
    """Return 8 x 8 images of handwritten digits."""
    source = "scikit-learn load_digits: test set of UCI Optical Recognition of Handwritten Digits"
    return _dataset("digits", "digits", Model.SOFTMAX, source, UCI)


def iris() -> Dataset:
    """Return four measurements of flowers of three species."""
    source = "scikit-learn load_iris: Fisher 1936, as in R and not as in the UCI file"
    return _dataset("iris", "iris", Model.SOFTMAX, source, DISTRIBUTED)


def wine() -> Dataset:
    """Return thirteen measurements of wines of three growers."""
    return _dataset("wine", "wine", Model.SOFTMAX, "scikit-learn load_wine: UCI Wine", UCI)


def _dataset(name: str, table: str, model: Model, source: str, licence: str) -> Dataset:
    bunch = _load(table)
    x = np.array(bunch.data, dtype=np.float64, order="C")
    if model is Model.SIMPLE_LINEAR:
        x = x[:, [bunch.feature_names.index("bmi")]]
    standardise(x)
    x = x[:, 0] if model is Model.SIMPLE_LINEAR else x
    labels = tuple(str(label) for label in bunch.target_names) if model.classifies else ()
    return Dataset(
        name=name,
        model=model,
        x=np.ascontiguousarray(x),
        y=bunch.target.astype(np.int64) if model is Model.SOFTMAX else bunch.target.astype(np.float64),
        classes=len(labels) if model is Model.SOFTMAX else 1,
        learning_rate=learning_rate(model, x),
        source=source,
        licence=licence,
        labels=labels,
    )


def _load(table: str) -> Any:  # a scikit-learn Bunch: data, target, feature_names, target_names
    from sklearn import datasets as scikit_learn  # noqa: PLC0415 - slow to import, needed here only

    match table:
        case "diabetes":
            return scikit_learn.load_diabetes(scaled=False)
        case "breast_cancer":
            return scikit_learn.load_breast_cancer()
        case "digits":
            return scikit_learn.load_digits()
        case "iris":
            return scikit_learn.load_iris()
        case _:
            return scikit_learn.load_wine()
