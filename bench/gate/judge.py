"""The rule: |value - expected| <= C u scale. Observations and expectations in, rows of agreement.csv out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference
from bench.gate.expect import Expectation, Expected
from bench.gate.observe import Observation
from bench.gate.reference import BUDGET

# The quantities of agreement.csv, by the last word of an observation's name.
GROUPS = {
    "loss": "loss",
    "gradients": "gradients",
    "differences": "finite differences",
    "parameters": "parameters",
    "prediction": "predictions",
    "predictions": "predictions",
    "label": "labels",
    "labels": "labels",
}

# What must hold of an implementation by itself: its start, repeatability, form, inputs and placement.
CONDUCT = "conduct"


@dataclass(frozen=True)
class Judged:
    """The entry of one observed array that uses most of its budget."""

    name: str
    index: tuple[int, ...]
    value: float
    expected: float
    error: float
    budget: float

    @property
    def share(self) -> float:
        """The share of the budget used: 0 for no error at all, infinity for any error without a budget, or NaN."""
        if self.error == 0:
            return 0.0
        if not np.isfinite(self.error) or self.budget == 0:
            return float("inf")
        return self.error / self.budget

    @property
    def agrees(self) -> bool:
        """Whether the error is within the budget; a NaN is not."""
        return bool(self.error <= self.budget)

    @property
    def place(self) -> str:
        """The name of the entry, e.g. "epoch 3/parameters w[2, 0]"."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


def compare(name: str, value: NDArray[np.generic], expected: reference.Scaled, u: float, budgets: int = 1) -> Judged:
    """Return the worst entry of `value` against what is expected, with `budgets` times the budget."""
    wide = np.asarray(expected.value)
    got = np.asarray(value)
    if got.shape != wide.shape:
        return Judged(name, (), float("nan"), float("nan"), float("inf"), 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got.astype(wide.dtype) - wide)
    budget = budgets * BUDGET * u * np.asarray(expected.scale)
    # A budget may exceed the error in entries where both are infinite or NaN: those never agree.
    excess = np.where(np.isfinite(error), error, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(excess == 0, 0, excess / budget)
    index = np.unravel_index(int(np.argmax(share)), share.shape)
    return Judged(
        name,
        tuple(int(i) for i in index),
        float(got[index]),
        float(wide[index]),
        float(error[index]),
        float(np.broadcast_to(budget, error.shape)[index]),
    )


def against_reference(seen: Observation, expected: Iterable[tuple[str, Expected]], u: float) -> list[Judged]:
    """Return one judgement for every observed array, against the reference and of the implementation with itself."""
    judged = []
    for prefix, opinion in expected:
        own = {name.removeprefix(prefix): value for name, value in seen.items() if name.startswith(prefix)}
        values: Expectation = opinion.common | opinion.at(own, "end")
        if opinion.case.replay:
            values |= opinion.replayed(own)
        budgets = opinion.problem.budgets
        judged += [compare(prefix + name, own[name], scaled, u, budgets) for name, scaled in values.items()]
    judged += [
        Judged(name, (), float(value), 0.0, float(value), 0.0)
        for name, value in seen.items()
        if "itself/" in name and value.dtype.kind != "U"
    ]
    return judged


def against_other(
    seen: Observation, other: Observation, expected: Iterable[tuple[str, Expected]], u: float
) -> list[Judged]:
    """Return one judgement for every array that both were asked for alike; each may use its own budget."""
    judged = []
    for prefix, opinion in expected:
        for name, scaled in opinion.common.items():
            theirs = reference.Scaled(other[prefix + name].astype(np.float64), scaled.scale)
            judged.append(compare(prefix + name, seen[prefix + name], theirs, u, max(2, opinion.problem.budgets)))
    return judged


def group(name: str) -> str:
    """Return the quantity of agreement.csv that an observed array belongs to."""
    if "itself/" in name:
        return CONDUCT
    return GROUPS[name.rpartition("/")[2].removesuffix(" w").removesuffix(" b").split()[-1]]


def worst(judged: Iterable[Judged]) -> Iterator[tuple[str, Judged]]:
    """Yield each quantity with the judgement that uses most of its budget."""
    found: dict[str, Judged] = {}
    for one in judged:
        quantity = group(one.name)
        if quantity not in found or (one.agrees, -one.share) < (found[quantity].agrees, -found[quantity].share):
            found[quantity] = one
    yield from found.items()
