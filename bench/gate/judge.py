"""The rule |value - expected| <= C u scale: compare observations with expectations for agreement.csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference
from bench.gate.expect import Expectation, Expected
from bench.gate.observe import FORM_FAULTS, NUMBERS, Observation
from bench.gate.reference import BUDGET
from bench.store.cell import Status

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

RANGE_REMEDY = "scale the data, change the learning rate, or take float64"
UNCHECKED_REMEDY = "take a smaller learning rate, larger batches, fewer epochs or float64"

# The quantity for what must hold without a reference: the start, repeatability, form, inputs and placement.
CONDUCT = "conduct"


@dataclass(frozen=True)
class Judged:
    """The entry of one observed array that uses most of its budget.

    unchecked   why there is no verdict: the budget cannot be exceeded, or is larger than the errors that must be found
    remark      what a value that is not the exact one, but within the budget of rounding, says of the implementation
    """

    name: str
    index: tuple[int, ...]
    value: float
    expected: float
    error: float
    budget: float
    unchecked: str = ""
    remark: str = ""

    @property
    def share(self) -> float:
        """The budget share used: 0 without an error, infinity for an error without a budget, NaN if unchecked."""
        if self.unchecked:
            return float("nan")
        if self.error == 0:
            return 0.0
        if not np.isfinite(self.error) or self.budget == 0:
            return float("inf")
        return self.error / self.budget

    @property
    def agrees(self) -> bool:
        """Whether the error is within the budget; neither a NaN nor an unchecked entry agrees."""
        return self.status is Status.OK

    @property
    def status(self) -> Status:
        """OK, MISMATCH or UNCHECKED; decided only here, for the gate and for timing."""
        if self.unchecked:
            return Status.UNCHECKED
        return Status.OK if self.error <= self.budget else Status.MISMATCH

    @property
    def place(self) -> str:
        """The name of the entry, e.g. "epoch 3/parameters w[2, 0]"."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


def compare(
    name: str,
    value: NDArray[np.generic],
    expected: reference.Scaled,
    u: float,
    budgets: int = 1,
    coarsest: float = np.inf,
) -> Judged:
    """Return the entry of `value` that is worst compared with the expected one, granting `budgets` times the budget.

    The entry is unchecked if a budget or an expected value is not finite, or if all entries could be wrong by more than
    `coarsest`, relative to their size. Only labels may have entries without a verdict, because rounding may flip them.
    An array of another shape, or not of real numbers, never agrees.
    """
    wide = np.asarray(expected.value)
    got = np.asarray(value)
    if got.shape != wide.shape or got.dtype.kind not in NUMBERS:
        return _unlike(name)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.abs(got.astype(wide.dtype) - wide)
        budget = budgets * BUDGET * u * np.asarray(expected.scale)
        # Where an error is infinite or NaN, no budget may cover it: such an entry never agrees.
        excess = np.where(np.isfinite(error), error, np.inf)
        share = np.where(excess == 0, 0, excess / budget)
    index = np.unravel_index(int(np.argmax(share)), share.shape)
    finite = np.isfinite(wide).all() and (group(name) == "labels" or np.isfinite(budget).all())
    unchecked = "" if finite else "its budget is not finite: rounding may lead anywhere"
    if finite and np.isfinite(coarsest) and (finest := reference.finest(expected, u)) > coarsest:
        unchecked = f"only errors above {finest:.1g} would be found, but errors of {coarsest:.1g} must be"
    return Judged(
        name,
        tuple(int(i) for i in index),
        float(got[index]),
        float(wide[index]),
        float(error[index]),
        float(np.broadcast_to(budget, error.shape)[index]),
        unchecked,
    )


def _unlike(name: str) -> Judged:
    """Return the judgement of an array that is missing, or has no entry that could be compared."""
    return Judged(name, (), float("nan"), float("nan"), float("inf"), 0.0)


def against_reference(seen: Observation, expected: Iterable[tuple[str, Expected]], u: float) -> list[Judged]:
    """Return a judgement of every observed array: against the reference, or against 0 if it is itself a difference."""
    judged = []
    for prefix, opinion in expected:
        own = {name.removeprefix(prefix): value for name, value in seen.items() if name.startswith(prefix)}
        end = opinion.at(own, "end")
        if end is None:
            judged.append(_unlike(f"{prefix}end/parameters"))
        values: Expectation = opinion.common | (end or {})
        for name, scaled in values.items():
            if name not in own:
                judged.append(_unlike(prefix + name))
                continue
            found = compare(prefix + name, own[name], scaled, u, opinion.problem.budgets, _coarsest(opinion, name))
            judged.append(found if found.agrees else _admitted(found, name, own[name], opinion, u))
    conduct = {name: value for name, value in seen.items() if "itself/" in name and not name.endswith(FORM_FAULTS)}
    nothing = reference.Scaled(np.zeros(()), np.zeros(()))
    return judged + [compare(name, value, nothing, u) for name, value in conduct.items()]


def _admitted(found: Judged, name: str, value: NDArray[np.generic], opinion: Expected, u: float) -> Judged:
    """Return an inexact value as a remark, if the case has one and the budget of rounding covers its error."""
    if name not in opinion.admitted:
        return found
    within = compare(found.name, value, opinion.admitted[name], u, opinion.problem.budgets)
    return replace(within, remark=opinion.case.remark) if within.agrees else found


def out_of_range(expected: Expected) -> str:
    """Return which quantity of a problem its dtype cannot hold, and why; empty if it can hold all.

    The scale at a start bounds every sum behind a value, so a sum may overflow where the scale exceeds the largest
    number. Later the sum of the rows' losses may, and so may a logit, even where a classifier's loss and probabilities
    are small. The model of arithmetic does not hold below the smallest normal number, where rounding has an absolute
    error and some libraries flush to 0; so no budget may be smaller than that.
    """
    limits = np.finfo(expected.problem.dtype)
    for name, scaled in expected.common.items():
        if group(name) == "labels":
            continue
        size, scale = np.abs(scaled.value), np.asarray(scaled.scale)
        sums = scale[np.isfinite(scale)] if name.startswith("start/") else np.zeros(0)
        rows = expected.problem.n if name.endswith("/loss") else 1
        largest = max(np.max(rows * size, initial=0), np.max(sums, initial=0))
        if largest > limits.max:
            return f"{name}: numbers up to {float(largest):.3g} do not fit into {limits.dtype}"
        smallest = np.min(expected.problem.granted * scale[scale > 0], initial=np.inf)
        if smallest < limits.tiny:
            return f"{name}: errors of {float(smallest):.3g} are below the smallest normal {limits.dtype}"
    for epoch in expected.case.watched:
        name = f"epoch {epoch}/parameters"
        if f"{name} w" in expected.common:
            w, b = (expected.common[f"{name} {part}"].value for part in "wb")
            if (logit := _most_logit(expected.problem, w, b)) > limits.max:
                return f"{name}: logits up to {logit:.3g} do not fit into {limits.dtype}"
    return ""


def _most_logit(problem: reference.WideProblem, w: reference.Wide, b: reference.Wide) -> float:
    """Return a bound on |x w + b|, from the largest entry of each feature."""
    most = np.max(np.abs(problem.x), axis=0, initial=0)
    return float(np.max(most @ np.abs(w).reshape(-1, problem.k) + np.abs(b)))


def _coarsest(opinion: Expected, name: str) -> float:
    """Return the error that must be found in the final w of a cell's own data; the gate's fixed data need no limit."""
    judged = opinion.case.own and name.startswith(f"epoch {opinion.case.epochs}/parameters w")
    return reference.coarsest(opinion.problem.dtype) if judged else np.inf


def against_other(
    seen: Observation, other: Observation, expected: Iterable[tuple[str, Expected]], u: float
) -> list[Judged]:
    """Return a judgement of every array that both must agree on; the two may use one budget each."""
    judged = []
    for prefix, opinion in expected:
        for name, scaled in opinion.common.items():
            mine, theirs = seen.get(prefix + name), other.get(prefix + name)
            if mine is None or theirs is None or theirs.shape != scaled.value.shape or theirs.dtype.kind not in NUMBERS:
                judged.append(_unlike(prefix + name))
            else:
                scale = opinion.admitted.get(name, scaled).scale
                wide = reference.Scaled(theirs.astype(np.float64), scale)
                judged.append(compare(prefix + name, mine, wide, u, max(2, opinion.problem.budgets)))
    return judged


def group(name: str) -> str:
    """Return the quantity of agreement.csv that an observed array belongs to."""
    if "itself/" in name:
        return CONDUCT
    return GROUPS[name.rpartition("/")[2].removesuffix(" w").removesuffix(" b").split()[-1]]


def worst(judged: Iterable[Judged]) -> Iterator[tuple[str, Judged]]:
    """Yield each quantity with its most urgent judgement."""
    found: dict[str, Judged] = {}
    for one in judged:
        quantity = group(one.name)
        if quantity not in found or urgency(one) < urgency(found[quantity]):
            found[quantity] = one
    yield from found.items()


def urgency(one: Judged) -> tuple[int, float]:
    """Return a key that sorts disagreements first, then unchecked arrays and remarks, then the rest by budget share."""
    order = (Status.MISMATCH, Status.UNCHECKED, Status.OK)
    return order.index(one.status) + (one.status is Status.OK and not one.remark), 0.0 if one.unchecked else -one.share
