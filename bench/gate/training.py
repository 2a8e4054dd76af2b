"""The reference's training on a problem's own data, with the sharpest budget for its parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.gate import reference, stochastic, trajectory
from bench.gate.reference import Scaled
from impls.protocol import Dataset, Params, Recipe

# A bound that finds an error of this size, relative to a parameter, is sharp enough: no runs are drawn beside it.
SHARP = 2.0**-17


def after(
    dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int], *, largest: int = trajectory.LARGEST_P
) -> list[Scaled]:
    """Return theta (d + 1, k) after each of these numbers of epochs, and its scale in units of u.

    Nothing is returned where no batch is left.

    The error is carried along where that is affordable (parameters up to `largest`, steps up to `trajectory`'s limit).
    Where it is not, or where only errors above SHARP would be found, stochastic arithmetic gives a second scale, and
    the smaller of the two counts.
    """
    bounds = _bounds(dataset, start, recipe, epochs, largest)
    u = reference.unit_roundoff(str(dataset.x.dtype))
    if bounds and reference.finest(bounds[-1], u) <= SHARP:
        return bounds
    drawn = list(stochastic.along(dataset, start, recipe, range(max(epochs))))
    drawn = [drawn[epoch - 1] for epoch in epochs] if drawn else []
    if not bounds:
        return drawn
    return [Scaled(one.value, np.fmin(one.scale, other.scale)) for one, other in zip(bounds, drawn, strict=True)]


def _bounds(dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int], largest: int) -> list[Scaled]:
    """Return the parameters with the scale carried along; empty where that costs too much."""
    size = (dataset.d + 1) * dataset.classes
    steps = max(epochs) * len(recipe.batching.rows(dataset.n, 0))
    if dataset.on_disk or size > largest or trajectory.beyond(size, steps) or not steps:
        return []
    problem = reference.widen(dataset)
    run = trajectory.run(problem, reference.stacked(start, problem), recipe, range(max(epochs)))
    with np.errstate(over="ignore", invalid="ignore"):
        errors = trajectory.carried(run, epochs)
    return [
        Scaled(run.after(epoch), np.where(np.isfinite(error), error, np.inf).astype(problem.x.dtype))
        for epoch, error in zip(epochs, errors, strict=True)
    ]
