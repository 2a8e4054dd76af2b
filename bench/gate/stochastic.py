"""Stochastic arithmetic: estimate how far rounding moves the parameters where no bound can be propagated.

The reference trains in float64. Beside it, several runs train in the dtype under test, each with its own rounding
errors: those of NumPy's arithmetic in that dtype, and random ones that stand for other honest orders of summation and
other formulas. The distance of these runs from the reference, times a derived factor, is the budget of a parameter.
CADNA and Verificarlo apply the same idea to programs. `docs/agreement.md` derives the sizes and the factor.

For float64, the random errors are 256 times float64's own. They are far larger than the reference's rounding, so no
wider arithmetic is needed: long double would take five times as long, and some platforms have none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gate import reference, sums
from bench.gate.reference import BUDGET, Scaled
from datasets.dataset import Dataset, Rows
from impls.protocol import Model, Params, Recipe

# The budget is this many times the root mean square of the runs' distances from the reference.
FACTOR = sums.FACTOR * BUDGET
# With few parameters, a reliable root mean square takes many runs; with many parameters or logits, they cost too much.
_MOST_RUNS, _PARAMETERS, _LOGITS = 16, 1 << 14, 1 << 24
# Two are enough for thousands of parameters: no entry's budget is below the mean over all of them.
_LEAST_RUNS = 2
# In sums over more rows than this, the order of summation matters; for shorter sums, the runs' own order is enough.
_SHORT_SUM = 16
# For batches of at least this many rows, row-by-row addition is tried as well.
_LONG_SUM = 256
_POOL = 1 << 20
# The costs that `seconds` assumes: a fixed cost per step, and a cost per row and parameter.
_STEP_SECONDS, _NUMBER_SECONDS = 1.3e-4, 6e-9
# The size of random errors when float64 is under test, as if its numbers had 45 bits.
UNIT_IN_FLOAT64 = 2.0**-45

Low = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Batch:
    """The rows of a step in the dtype under test and in float64: x with a column of ones, and targets.

    x         shaped (m, d + 1), like wide_x
    targets   shaped (m, k), like wide_targets
    lengths   the Euclidean lengths of the rows of x, times sqrt(d + 1), shaped (m, 1)
    """

    model: Model
    x: Low
    targets: Low
    wide_x: NDArray[np.float64]
    wide_targets: NDArray[np.float64]
    lengths: NDArray[np.float64]

    def rows(self, rows: Rows) -> Batch:
        """Return these rows of the batch."""
        wide_x, wide_targets, lengths = self.wide_x[rows], self.wide_targets[rows], self.lengths[rows]
        if self.x.dtype == np.float64:
            return Batch(self.model, wide_x, wide_targets, wide_x, wide_targets, lengths)
        return Batch(self.model, self.x[rows], self.targets[rows], wide_x, wide_targets, lengths)


def batch(dataset: Dataset) -> Batch:
    """Return all rows of a dataset as one batch; for float64 data both sets of arrays are the same."""
    n, y = dataset.n, dataset.y
    x = np.concatenate([dataset.x.reshape(n, dataset.d), np.ones((n, 1), dataset.x.dtype)], axis=1)
    targets = (
        np.eye(dataset.classes, dtype=x.dtype)[y.astype(np.int64)] if dataset.model is Model.SOFTMAX else y[:, None]
    ).astype(x.dtype, copy=False)
    lengths = np.sqrt(x.shape[1] * np.einsum("ij,ij->i", x, x, dtype=np.float64))[:, None]
    wide_x, wide_targets = x.astype(np.float64, copy=False), targets.astype(np.float64, copy=False)
    return Batch(dataset.model, x, targets, wide_x, wide_targets, lengths)


@dataclass
class _Training:
    """The state of the training: theta of the reference, transposed to (k, d + 1), and of all R runs, (R, k, d + 1).

    unit        the size of one random error, relative to the rounded number
    lengths     the lengths of the reference's rows, (k,)
    rows_since  the number of rows since those lengths were measured
    lost        the loss of sums over rows, from `sums.lost`; None before the first long batch
    """

    reference: NDArray[np.float64]
    runs: Low
    learning_rate: float
    unit: float
    lengths: NDArray[np.float64]
    rows_since: int = 0
    lost: float | None = None


def seconds(size: int, batches: int, rows: int, epochs: int) -> float:
    """Estimate the time of `along` from the number of parameters (size), of batches per epoch, and of rows per batch.

    The estimate is counted, not measured, because it decides what is done: it must be the same on every machine.
    """
    return epochs * batches * (_STEP_SECONDS + rows * size * _NUMBER_SECONDS)


def along(dataset: Dataset, start: Params, recipe: Recipe, epochs: Sequence[int], *, seed: int = 0) -> Iterator[Scaled]:
    """Yield the reference's theta (d + 1, k) after each epoch in `epochs`, and its scale in units of u.

    A batch that recurs in a later epoch gets the same random errors again, because rounding is deterministic: on full
    batches the errors add up from step to step. If numbers overflow, the scale is not finite. Data on disk are read
    one batch at a time.
    """
    theta = reference.stacked(start, reference.widen(dataset.some(slice(0, 1)))).astype(np.float64)
    whole = None if dataset.on_disk else batch(dataset)
    unit = reference.unit_roundoff("float32") if dataset.x.dtype == np.float32 else UNIT_IN_FLOAT64
    noise = _Noise(seed, unit, dataset.x.dtype)
    state: _Training | None = None
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for epoch in epochs:
            noise.begin(epoch if recipe.batching.shuffle else 0)
            for rows in recipe.batching.rows(dataset.n, epoch):
                one = batch(dataset.some(rows)) if whole is None else whole.rows(rows)
                state = state or _begin(theta, recipe, one, unit)
                _step(state, one, noise)
            if state is not None:
                yield Scaled(state.reference.T.copy(), _scale(state))


def _begin(start: NDArray[np.float64], recipe: Recipe, first: Batch, unit: float) -> _Training:
    dtype = first.x.dtype
    most = min(_MOST_RUNS, _PARAMETERS // start.size, _LOGITS // first.targets.size)
    theta = start.T.copy()
    runs = np.repeat(theta.astype(dtype)[None], max(_LEAST_RUNS, most), axis=0)
    return _Training(theta, runs, float(dtype.type(recipe.learning_rate)), unit, _lengths(theta))


def _lengths(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", theta, theta)))


class _Noise:
    """Uniform random numbers in +-unit: slices of one pool at random offsets, reproducible for each epoch."""

    def __init__(self, seed: int, unit: float, dtype: np.dtype[Any]) -> None:
        self._seed, self._unit = seed, unit
        self._pool = np.random.default_rng(seed).uniform(-unit, unit, _POOL).astype(dtype)
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Restart the random numbers of this epoch, which are always the same for the same epoch."""
        self._draws = np.random.default_rng((self._seed, epoch))
        self._places: list[int] = []

    def __call__(self, shape: tuple[int, ...]) -> Low:
        """Return random numbers of this shape."""
        size = math.prod(shape)
        if 2 * size > _POOL:
            return self._draws.uniform(-self._unit, self._unit, shape).astype(self._pool.dtype)
        if not self._places:
            self._places = self._draws.integers(_POOL // 2, size=1 << 12).tolist()
        begin = self._places.pop()
        return self._pool[begin : begin + size].reshape(shape)


def _step(state: _Training, batch: Batch, noise: _Noise) -> None:
    """Move the reference and all runs by one step of gradient descent."""
    m, dtype = batch.x.shape[0], batch.x.dtype
    rate = -state.learning_rate * (2 if batch.model in (Model.SIMPLE_LINEAR, Model.MULTIVARIATE_LINEAR) else 1) / m
    logits = batch.wide_x @ state.reference.T
    residuals = _residuals(batch.model, logits, batch.wide_targets)
    z = (batch.x @ state.runs.reshape(-1, batch.x.shape[1]).T).reshape(m, *state.runs.shape[:2])
    r = _residuals(batch.model, z, batch.targets[:, None])
    r += _rounding(state, batch, logits, residuals).astype(dtype)[:, None] * noise(r.shape)
    r *= dtype.type(rate)
    moves = _summed(batch.x, r.reshape(m, -1)).reshape(state.runs.shape)
    if m > _SHORT_SUM:
        moves += (abs(rate) * _orders(state, batch, residuals)).T.astype(dtype) * noise(moves.shape)
    state.runs += moves
    if dtype == np.float64:
        state.runs += _roundings(state, moves, noise)
    state.reference += _summed(batch.wide_x, rate * residuals)


def _roundings(state: _Training, moves: Low, noise: _Noise) -> Low:
    """Return float64 errors: one of the sum, three of the product; NumPy's own errors are smaller than the unit."""
    moves *= 3
    moves += state.runs
    moves *= noise(moves.shape)
    return moves


def _summed(x: Low, r: Low) -> Any:
    """Return r' x, (columns, d + 1), in the dtype of x and r."""
    return r.T * x if len(x) == 1 else r.T @ x  # for one row, a third of the time of a product of matrices


def _residuals(model: Model, z: Any, targets: Any) -> Any:
    match model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return z - targets
        case Model.LOGISTIC:
            return 1 / (1 + np.exp(-z)) - targets
        case Model.SOFTMAX:
            e = np.exp(z - np.maximum.reduce(z, axis=-1, keepdims=True))
            e /= np.add.reduce(e, axis=-1, keepdims=True)
            e -= targets
            return e


def _rounding(
    state: _Training, batch: Batch, logits: NDArray[np.float64], residuals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the usual size (m, k) of a residual's rounding error, in multiples of the unit.

    These are the bounds of `reference`, with sqrt(d + 1) roundings of a logit instead of d + 1, and with the product of
    two lengths instead of |x||theta|, which is never larger. The length of theta is measured again every few rows.
    """
    state.rows_since += len(logits)
    if state.rows_since >= _SHORT_SUM:
        state.lengths, state.rows_since = _lengths(state.reference), 0
    r = np.abs(residuals)
    match batch.model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return np.asarray(batch.lengths * state.lengths + r)
        case Model.LOGISTIC:
            p, size = residuals + batch.wide_targets, np.abs(logits)
            pq = p * (1 - p)
            dz = batch.lengths * state.lengths
            return np.asarray(pq * dz + 2 + np.minimum(size, np.minimum(p, 1 - p) / state.unit) + r)
        case Model.SOFTMAX:
            p = residuals + batch.wide_targets
            spread = batch.lengths * ((1 - 2 * p) * state.lengths + (p @ state.lengths)[:, None])
            largest = np.maximum.reduce(np.abs(logits), axis=1, keepdims=True)
            return np.asarray(p * (spread + (p.shape[1] + 3 + largest)) + (1 + r))


def _orders(state: _Training, batch: Batch, r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the usual size (d + 1, k) of the errors of sums over rows, in multiples of the unit.

    The loss of other orders of summation is measured on the first long batch.
    """
    if state.lost is None and len(r) >= _LONG_SUM:
        state.lost = sums.lost(batch.x[:, :-1], r)
    return sums.usual(batch.wide_x[:, :-1], r, state.lost or 0.0)


def _scale(state: _Training) -> NDArray[np.float64]:
    """Return FACTOR times the runs' root-mean-square distance from the reference, as a scale (d + 1, k).

    In some entry all runs may end near the reference by chance, so no entry gets less than the mean over all entries.
    """
    squares = np.square(state.runs - state.reference)
    size = np.sqrt(np.maximum(squares.mean(axis=0), squares.mean()))
    return np.asarray(FACTOR / BUDGET * size.T / reference.unit_roundoff(str(state.runs.dtype)))
