"""The table row of one planted fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from impls.protocol import Model

ALL = frozenset(Model)
LINEAR = frozenset({Model.SIMPLE_LINEAR, Model.MULTIVARIATE_LINEAR})
MATRIX = ALL - {Model.SIMPLE_LINEAR}  # those whose x has two axes
CLASSES = frozenset({Model.LOGISTIC, Model.SOFTMAX})
LOGISTIC = frozenset({Model.LOGISTIC})
SOFTMAX = frozenset({Model.SOFTMAX})

FLOAT32 = frozenset({"float32"})
FLOAT64 = frozenset({"float64"})


@dataclass(frozen=True)
class Wrong:
    """An implementation with one fault.

    family          formula, stability, loop, start, precision, cheat or prediction
    implementation  the class
    models          the models in which it is wrong; others may not even run
    fault           what is wrong, in one sentence
    dtypes          the dtypes in which the fault can be seen in principle
    """

    name: str
    family: str
    implementation: type[Any]
    models: frozenset[Model]
    fault: str
    dtypes: frozenset[str] = FLOAT32 | FLOAT64
