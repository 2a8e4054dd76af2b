"""Train the reference on a problem's own data, with the sharpest budget for its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.gate import reference, stochastic, trajectory
from bench.gate.reference import BUDGET, Scaled
from impls.protocol import Batching, Dataset, Params, Recipe

# How long propagating an error may take: for a training that a run judges once, and for each timed round.
PATIENCE_SECONDS, PATIENCE_SECONDS_PER_ROUND = 5.0, 0.1
# If even stochastic arithmetic would take longer than this, nothing is checked.
LIMIT_SECONDS = 60.0
# A bound that finds an error of this size, relative to a parameter, is sharp enough to need no stochastic arithmetic.
SHARP = 2.0**-17


def too_long(dataset: Dataset, batching: Batching, epochs: int) -> str:
    """Return why this training would take too long to check, with the remedy; an empty string if it would not.

    A training is never too long if errors can be propagated through it within `PATIENCE_SECONDS`.
    """
    sizes = _sizes(dataset, batching)
    if dataset.on_disk or trajectory.seconds(*sizes, [epochs]) > PATIENCE_SECONDS:
        minutes = stochastic.seconds(*sizes, epochs) / 60
        if 60 * minutes > LIMIT_SECONDS:
            steps = epochs * sizes[1]
            return (
                f"it would take about {minutes:.0f} min to check {steps:,} steps: take larger batches or fewer epochs"
            )
    return ""


def _sizes(dataset: Dataset, batching: Batching) -> tuple[int, int, int]:
    """Return the number of parameters, of batches per epoch, and of rows per batch."""
    batches = len(batching.rows(dataset.n, 0))
    return (dataset.d + 1) * dataset.classes, batches, batching.batch_size or dataset.n


def after(
    dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int], *, patience: float = PATIENCE_SECONDS
) -> list[Scaled]:
    """Return theta (d + 1, k) after each number of epochs in `epochs`, and its scale in units of u.

    The list is empty if batching leaves no batch.

    The error is propagated if that takes at most `patience` seconds as estimated by `trajectory.seconds`. If that
    would take longer, stochastic arithmetic gives the scale instead. If the propagated scale is so large that only
    errors above SHARP would be found, stochastic arithmetic gives a second scale, and the smaller of the two is used.
    """
    bounds = _bounds(dataset, start, recipe, epochs, patience)
    u = reference.unit_roundoff(str(dataset.x.dtype))
    if bounds and reference.finest(bounds[-1], u) <= SHARP:
        return bounds
    drawn = list(stochastic.along(dataset, start, recipe, range(max(epochs))))
    drawn = [drawn[epoch - 1] for epoch in epochs] if drawn else []
    if not bounds:
        return drawn
    return [Scaled(one.value, np.fmin(one.scale, other.scale)) for one, other in zip(bounds, drawn, strict=True)]


def settled(parameters: Mapping[int, Scaled], u: float) -> int | None:
    """Return the first epoch in `parameters` after which no later one moves a parameter by more than its budget.

    From that epoch on, further training cannot be distinguished from none. Return None if the last epoch still moves a
    parameter, or if there is only one epoch.
    """
    epochs = sorted(parameters)
    for number, epoch in enumerate(epochs[:-1]):
        before = parameters[epoch].value
        later = (parameters[each] for each in epochs[number + 1 :])
        if all((np.abs(one.value - before) <= BUDGET * u * one.scale).all() for one in later):
            return epoch
    return None


def _bounds(dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int], patience: float) -> list[Scaled]:
    """Return the parameters with the propagated scale, or an empty list if that costs too much."""
    size, batches, rows = _sizes(dataset, recipe.batching)
    if dataset.on_disk or not batches or trajectory.seconds(size, batches, rows, epochs) > patience:
        return []
    problem = reference.widen(dataset)
    run = trajectory.run(problem, reference.stacked(start, problem), recipe, range(max(epochs)))
    with np.errstate(over="ignore", invalid="ignore"):
        errors = trajectory.carried(run, epochs)
    return [
        Scaled(run.after(epoch), np.where(np.isfinite(error), error, np.inf).astype(problem.x.dtype))
        for epoch, error in zip(epochs, errors, strict=True)
    ]
