"""Stochastic arithmetic: how far rounding carries the parameters off, where no bound can be carried along.

The reference trains in wide precision, and beside it several runs train in the dtype under test, each with rounding
errors of its own: those of NumPy's arithmetic in that dtype, and random ones for what another honest order of the sums
or another formula would do. How far these runs end from the reference, times a derived factor, is the budget of a
parameter. CADNA and Verificarlo judge programs by the same idea. `docs/agreement.md` derives sizes and factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference
from bench.gate.reference import BUDGET, Problem, Scaled, Wide
from datasets.dataset import Dataset, Rows
from impls.protocol import Model, Params, Recipe

# The budget is this many times the root mean square of the runs' distances from the reference.
FACTOR = 16
# Few parameters need many runs for a reliable root mean square; many parameters or logits would cost too much.
_LEAST_RUNS, _MOST_RUNS, _PARAMETERS, _LOGITS = 4, 16, 1 << 15, 1 << 24
# In sums over more rows than this, the order of summation matters; for shorter ones the runs' own order is enough.
_SHORT_SUM, _CHUNKS = 16, 8
# For batches of at least this many rows, adding row by row is tried as well.
_LONG_SUM = 256
_POOL = 1 << 22

Low = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Batch:
    """The rows of a step: for the reference, and for the runs with the length of each row (x, 1) as (m, 1)."""

    wide: Problem
    x: Low
    targets: Low
    lengths: NDArray[np.float64]

    def rows(self, rows: Rows) -> Batch:
        """Return these rows of it."""
        return Batch(self.wide.rows(rows), self.x[rows], self.targets[rows], self.lengths[rows])


def batch(problem: Problem) -> Batch:
    """Return the rows of a problem as one batch."""
    x = problem.x.astype(problem.dtype)
    lengths = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64)[:, None] + 1)
    return Batch(problem, x, problem.targets.astype(problem.dtype), lengths)


def along(dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int]) -> Iterator[Scaled]:
    """Yield what `train` does for a dataset; of data on disk, the rows of one batch are in memory at a time."""
    theta = reference.stacked(start, reference.widen(dataset.some(slice(0, 1))))
    whole = None if dataset.on_disk else batch(reference.widen(dataset))

    def batches(epoch: int) -> Iterator[Batch]:
        for rows in recipe.batching.rows(dataset.n, epoch):
            yield batch(reference.widen(dataset.some(rows))) if whole is None else whole.rows(rows)

    return train(batches, theta, recipe, epochs)


@dataclass
class _Training:
    """The state of the training: theta (d + 1, k) of the reference, and those of all runs (d + 1, R, k)."""

    reference: Wide
    runs: Low
    learning_rate: Any
    unit: float
    sequential: NDArray[np.float64] | None = None


def train(
    batches: Callable[[int], Iterable[Batch]], start: Wide, recipe: Recipe, epochs: Sequence[int], *, seed: int = 0
) -> Iterator[Scaled]:
    """Yield theta (d + 1, k) of the reference after each of these epochs, and its scale, in units of u.

    batches   of an epoch
    start     theta, exactly representable in the dtype under test

    A batch that recurs in a later epoch gets the same random errors again, because rounding is deterministic: on full
    batches they add up from step to step. If numbers overflow, the scale is not finite.
    """
    state: _Training | None = None
    noise = _Noise(seed)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for epoch in epochs:
            noise.begin(epoch if recipe.batching.shuffle else 0)
            for one in batches(epoch):
                state = state or _begin(start, recipe, one)
                _step(state, one, noise)
            if state is not None:
                yield Scaled(state.reference, _scale(state).astype(start.dtype))


def _begin(start: Wide, recipe: Recipe, first: Batch) -> _Training:
    dtype = first.x.dtype
    most = min(_MOST_RUNS, _PARAMETERS // start.size, _LOGITS // first.targets.size)
    runs = np.repeat(start.astype(dtype)[:, None], max(_LEAST_RUNS, most), axis=1)
    rate = dtype.type(recipe.learning_rate)
    return _Training(start, runs, rate, reference.unit_roundoff(str(dtype)))


class _Noise:
    """Random numbers, uniform in +-1: stretches of one pool that begin anywhere, the same in each epoch alike."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pool = np.random.default_rng(seed).uniform(-1, 1, _POOL).astype(np.float32)
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Start this epoch's random numbers over: the same epoch always gets the same ones."""
        self._draws = np.random.default_rng((self._seed, epoch))
        self._places: list[int] = []

    def __call__(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return random numbers in this shape."""
        size = math.prod(shape)
        if 2 * size > _POOL:
            return self._draws.uniform(-1, 1, shape).astype(np.float32)
        if not self._places:
            self._places = self._draws.integers(_POOL // 2, size=1 << 12).tolist()
        begin = self._places.pop()
        return self._pool[begin : begin + size].reshape(shape)


def _step(state: _Training, batch: Batch, noise: _Noise) -> None:
    """Move the reference and all runs by one step of gradient descent."""
    model, m, dtype = batch.wide.model, len(batch.x), batch.x.dtype
    factor = 2 if model in (Model.SIMPLE_LINEAR, Model.MULTIVARIATE_LINEAR) else 1
    logits: Wide = batch.wide.x @ state.reference[:-1] + state.reference[-1]
    residuals = _residuals(model, logits, batch.wide.targets)
    _, count, k = state.runs.shape
    z = (batch.x @ state.runs[:-1].reshape(-1, count * k)).reshape(m, count, k) + state.runs[-1]
    r = _residuals(model, z, batch.targets[:, None])
    r += (state.unit * _rounding(state, batch, logits, residuals)).astype(dtype)[:, None] * noise(r.shape)
    sums = np.empty_like(state.runs)
    np.matmul(batch.x.T, r.reshape(m, -1), out=sums[:-1].reshape(-1, count * k))
    sums[-1] = r.sum(axis=0)
    if m > _SHORT_SUM:
        sums += (state.unit * _orders(state, batch, residuals)).astype(dtype)[:, None] * noise(sums.shape)
    sums *= dtype.type(factor / m)
    sums *= state.learning_rate
    state.runs -= sums
    scale = np.asarray(state.learning_rate).astype(logits.dtype) * factor / m
    moved = np.empty_like(state.reference)
    np.matmul(batch.wide.x.T, residuals, out=moved[:-1])
    moved[-1] = residuals.sum(axis=0)
    moved *= -scale
    moved += state.reference
    state.reference = moved


def _residuals(model: Model, z: Any, targets: Any) -> Any:
    match model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return z - targets
        case Model.LOGISTIC:
            return 1 / (1 + np.exp(-z)) - targets
        case Model.SOFTMAX:
            e = np.exp(z - z.max(axis=-1, keepdims=True))
            return e / e.sum(axis=-1, keepdims=True) - targets


def _rounding(state: _Training, batch: Batch, logits: Wide, residuals: Wide) -> NDArray[np.float64]:
    """Return the usual size (m, k) of a residual's rounding error, in units of u.

    These are the bounds of `reference`, with sqrt(d + 1) roundings of a logit instead of d + 1, and with the product of
    two lengths for |x||theta|, which is never less.
    """
    z, r = logits.astype(np.float64), np.abs(residuals.astype(np.float64))
    theta = state.reference.astype(np.float64)
    width = np.sqrt(np.einsum("ij,ij->j", theta, theta))
    dz = math.sqrt(len(theta)) * batch.lengths * width
    match batch.wide.model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return np.asarray(dz + r)
        case Model.LOGISTIC:
            p = np.where(batch.wide.targets == 1, 1 - r, r)
            pq, size = p * (1 - p), np.abs(z)
            return np.asarray(pq * dz + 2 + np.minimum(size, np.minimum(p, 1 - p) / state.unit) + r)
        case Model.SOFTMAX:
            p = np.where(batch.wide.targets == 1, 1 - r, r)
            spread = (1 - 2 * p) * dz + (p * dz).sum(axis=1, keepdims=True)
            largest = np.abs(z).max(axis=1, keepdims=True)
            return np.asarray(p * (spread + p.shape[1] + 3 + largest) + 1 + r)


def _orders(state: _Training, batch: Batch, residuals: Wide) -> NDArray[np.float64]:
    """Return the usual size (d + 1, k) of the errors of sums over rows, in units of u.

    Each of m additions rounds a partial sum: sqrt(m) times the largest of these, and once the terms themselves. Where
    rows are added one after the other the errors may all have one sign, so that is tried on the first long batch.
    """
    x, r = batch.wide.x.astype(np.float64), residuals.astype(np.float64)
    terms = np.concatenate([np.abs(x).T @ np.abs(r), np.abs(r).sum(axis=0, keepdims=True)])
    partial, largest = np.zeros_like(terms), np.zeros_like(terms)
    for some in np.array_split(np.arange(len(x)), _CHUNKS):
        part = slice(some[0], some[-1] + 1)
        partial[:-1] += x[part].T @ r[part]
        partial[-1] += r[part].sum(axis=0)
        np.maximum(largest, np.abs(partial), out=largest)
    size = np.sqrt(len(x)) * largest + terms
    if state.sequential is None and len(x) >= _LONG_SUM:
        errors = _one_after_the_other(batch, r) / state.unit
        state.sequential = np.maximum(1, np.divide(errors, size, out=np.zeros_like(size), where=size > 0))
    return np.asarray(size if state.sequential is None else size * state.sequential)


def _one_after_the_other(batch: Batch, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far sums (d + 1, k) of these terms end from their values when rows are added one by one."""
    low = r.astype(batch.x.dtype)
    errors = np.empty((batch.x.shape[1] + 1, r.shape[1]))
    x = batch.wide.x
    for c in range(r.shape[1]):
        column = low[:, c]
        errors[:-1, c] = np.abs(np.cumsum(batch.x * column[:, None], axis=0)[-1] - x.T @ column.astype(x.dtype))
        errors[-1, c] = np.abs(np.cumsum(column)[-1] - column.astype(x.dtype).sum())
    return errors


def _scale(state: _Training) -> NDArray[np.float64]:
    """Return FACTOR times the runs' distance as a scale, (d + 1, k): a root mean square over the runs.

    A few runs may all end near the reference in some entry by chance, so none has less than all have together.
    """
    distances = state.runs.astype(state.reference.dtype) - state.reference[:, None]
    squares = np.square(distances.astype(np.float64))
    size = np.sqrt(np.maximum(squares.mean(axis=1), squares.mean()))
    return np.asarray(FACTOR / BUDGET * size / state.unit)
