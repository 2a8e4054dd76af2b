"""The reference run: parameters after each epoch, and how far rounding can have moved them.

A step computes theta - lr g in the dtype under test. Its own rounding error is at most s = lr scale(g) + |theta'| +
lr |g| units of u; a later step multiplies an error by (I - lr H). To first order, the error after k steps is therefore
at most

    E_k = sum_j |prod_{i > j} (I - lr H_i)| s_j            (units of u, entry by entry)

where H_i is the Hessian of step i's batch at the reference's own point. `docs/agreement.md` derives this bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference
from bench.gate.reference import Scaled, Wide, WideProblem
from bench.store import cell
from datasets.curvature import largest_eigenvalue, steepest
from datasets.dataset import Dataset
from impls.protocol import Recipe, zeros

# The costs that `seconds` assumes: a fixed cost per step, and a rate of floating-point operations in matrix products.
_STEP_SECONDS, _OPERATIONS = 1e-4, 1e10

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Update:
    """One update of the reference: theta before and after it, and its own rounding error in units of u."""

    problem: WideProblem
    before: Wide
    after: Wide
    rounding: Float64


@dataclass(frozen=True)
class Run:
    """The steps of the reference over some epochs, and the index of the last step of each epoch."""

    steps: tuple[Update, ...]
    learning_rate: float
    ends: tuple[int, ...]

    def after(self, epoch: int) -> Wide:
        """Return theta (d + 1, k) after this many epochs, counted from 1."""
        return self.steps[self.ends[epoch - 1]].after


def run(
    problem: WideProblem,
    start: Wide,
    recipe: Recipe,
    epochs: Sequence[int],
    *,
    rounded: bool = False,
    piling: bool = False,
) -> Run:
    """Return the reference's own training over these epochs, one step per batch.

    rounded   round z and the updates to the dtype under test, for problems in which only those are inexact
    piling    add gradients up without zeroing them, a fault that `bench.gate.diagnose` tests for
    """
    learning_rate = _rounded(recipe.learning_rate, problem)
    steps: list[Update] = []
    ends: list[int] = []
    theta = start
    piled = Scaled(np.zeros_like(start), np.zeros_like(start))
    for epoch in epochs:
        for batch in reference.batches(problem, recipe, [epoch]):
            gradients = reference.evaluate(batch, theta, rounded=rounded).gradients
            if piling:
                gradients = Scaled(gradients.value + piled.value, gradients.scale + piled.scale)
            piled = gradients
            moved: Wide = theta - learning_rate * gradients.value
            if rounded:
                moved = reference.narrowed(moved, problem.dtype)
            rounding = np.abs(moved) + np.abs(learning_rate) * (gradients.scale + np.abs(gradients.value))
            steps.append(Update(batch, theta, moved, rounding.astype(np.float64)))
            theta = moved
        ends.append(len(steps) - 1)
    return Run(tuple(steps), float(learning_rate), tuple(ends))


def _rounded(learning_rate: float, problem: WideProblem) -> Wide:
    """Return the learning rate that the dtype under test makes of this one."""
    return np.asarray(learning_rate, problem.dtype).astype(problem.x.dtype)


def diverges(problem: cell.Problem, dataset: Dataset, epochs: int) -> bool:
    """Return whether the rate is too high for some batch and the reference's loss overflows or grows.

    A step of gradient descent cannot raise the loss of its own batch while learning_rate <= 2 / L.
    """
    batching, rate = problem.batching, problem.learning_rate
    different = range(epochs if batching.shuffle else min(1, epochs))
    if not any(rate * steepest(dataset, batching, epoch) > 2 for epoch in different):
        return False
    wide = reference.widen(dataset)
    theta = start = reference.stacked(zeros(dataset), wide)
    step = _rounded(rate, wide)
    for epoch in range(epochs):
        for rows in batching.rows(dataset.n, epoch):
            theta = theta - step * reference.evaluate(wide.rows(rows), theta).gradients.value
    first, last = (float(reference.evaluate(wide, each).loss.value) for each in (start, theta))
    return last > first if np.isfinite(last) else True


def seconds(size: int, batches: int, rows: int, epochs: Sequence[int]) -> float:
    """Estimate the time of `carried` from the number of parameters (size), of batches per epoch, and of rows per batch.

    The estimate is counted, not measured, because it decides what is done: it must be the same on every machine.
    """
    operations = size**2 * min(4 * rows, 2 * size + rows)
    return sum(epochs) * batches * (_STEP_SECONDS + operations / _OPERATIONS)


def carried(run: Run, epochs: Sequence[int]) -> list[Float64]:
    """Return E (d + 1, k), the error scale of the parameters in units of u, after each number of epochs in `epochs`.

    Steps are processed from the last to the first, so that one product of P x P matrices per step is enough. A small
    batch has a Hessian of low rank and needs fewer operations.
    """
    size, steps = run.steps[0].rounding.size, run.ends[max(epochs) - 1] + 1
    ends = [run.ends[epoch - 1] for epoch in epochs]
    products: list[Float64] = [np.eye(size) for _ in ends]
    errors: list[Float64] = [np.zeros(size) for _ in ends]
    for number in reversed(range(steps)):
        step = run.steps[number]
        bend = reference.curvature(step.problem, step.before)
        whole = None if 4 * step.problem.n < 2 * size else bend.matrix
        for which, end in enumerate(ends):
            if number <= end:
                errors[which] += np.abs(products[which]) @ step.rounding.ravel()
                bent = bend.times(products[which]) if whole is None else products[which] @ whole
                products[which] -= run.learning_rate * bent
    return [error.reshape(run.steps[0].rounding.shape) for error in errors]


def _curvature(problem: WideProblem) -> float:
    return largest_eigenvalue(problem.model, problem.x.astype(np.float64))


def watch(run: Run, problem: WideProblem, epochs: Sequence[int]) -> Iterator[tuple[Scaled, Scaled]]:
    """Yield the parameters (d + 1, k) and the loss over all rows after each number of epochs in `epochs`.

    The scale of the parameters is E; the scale of the loss includes the effect of E on it, |g|E + u/2 E|H|E.
    """
    for epoch, error in zip(epochs, carried(run, epochs), strict=True):
        theta = run.after(epoch)
        bend = float(error.ravel() @ np.abs(reference.curvature(problem, theta).matrix) @ error.ravel())
        yield Scaled(theta, error.astype(theta.dtype)), loss_at(problem, theta, error, bend)


def loss_at(problem: WideProblem, theta: Wide, error: NDArray[np.floating[Any]], bend: float | None = None) -> Scaled:
    """Return the loss over all rows at parameters with this error, in units of u.

    bend    E|H|E; by default the largest curvature of the loss times the squared length of the error
    """
    point = reference.evaluate(problem, theta)
    if bend is None:
        bend = _curvature(problem) * float(np.sum(np.square(error.astype(np.float64))))
    shift = np.sum(np.abs(point.gradients.value) * error) + reference.unit_roundoff(problem.dtype) / 2 * bend
    return Scaled(point.loss.value, point.loss.scale + shift)
