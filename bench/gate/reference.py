"""The reference: the four models in the next wider precision, with a rounding scale for every quantity.

The reference shares only the names of `impls.protocol` with `impls/`. A scale is the first-order, a-priori bound on the
rounding error of a quantity on a problem, in units of u = eps/2 of the dtype under test; `docs/agreement.md` derives
each scale. The simple linear model is the multivariate one with a single column; the linear models and logistic are
written with k = 1 column of logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bench.gate import sums
from impls.protocol import Dataset, Model, Params, Recipe

# The constant C of the budget C u scale: docs/agreement.md says why 4.
BUDGET = 4

# Rows are processed in blocks of about this many numbers where their products would not fit in a cache.
_BLOCK_NUMBERS, _CACHED_NUMBERS = 1 << 20, 1 << 14
# The largest product of rows, features and classes for which float64 is judged in long double.
_WIDE_NUMBERS = 1 << 25

Wide = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Scaled:
    """A value of the reference and the rounding scale of each of its entries, in units of u."""

    value: Wide
    scale: Wide


def unit_roundoff(dtype: str) -> float:
    """Return u = eps/2, the largest relative error of one rounding to `dtype`."""
    return float(np.finfo(dtype).eps) / 2


def finest(scaled: Scaled, u: float) -> float:
    """Return the smallest relative error, common to all entries, that would exceed a budget; infinity if none would."""
    size = np.abs(scaled.value).astype(np.float64)
    with np.errstate(over="ignore"):  # a budget or quotient that overflows float64 finds no error
        budget = BUDGET * u * np.broadcast_to(scaled.scale, size.shape).astype(np.float64)
        there = (size > 0) & np.isfinite(size) & np.isfinite(budget)
        return float(np.min(budget[there] / size[there], initial=np.inf))


def coarsest(dtype: str) -> float:
    """Return the largest value of `finest` at which training still counts as checked.

    It is eps of the next narrower format that a library may use unasked: half precision and TF32, with ten binary
    digits after the point, for float32, and float32 for float64. Training in that format must be refused.
    """
    return 2.0**-10 if dtype == "float32" else 2.0**-23


def wider(dtype: str) -> np.dtype[Any]:
    """Return the dtype in which the reference computes: the next wider one, if there is one.

    For float64 it is float64 itself where long double is no wider than double (Windows, Arm Macs).
    """
    return np.dtype(np.float64 if dtype == "float32" or bits(np.longdouble) <= bits(np.float64) else np.longdouble)


def bits(dtype: DTypeLike) -> int:
    """Return the number of significant bits of this dtype."""
    return int(np.finfo(dtype).nmant) + 1


def narrowed(value: Wide, dtype: str) -> Wide:
    """Return the wide value after one rounding to `dtype`."""
    return value.astype(dtype).astype(value.dtype)


@dataclass(frozen=True)
class WideProblem:
    """A dataset's rows in wide precision: x (n, d), the targets (n, k), and the labels (n,) of softmax.

    usual   grant sums over rows the usual error where it is less than the worst case, n roundings of each term
    """

    model: Model
    dtype: str
    x: Wide
    targets: Wide
    labels: NDArray[np.int64] | None
    k: int
    usual: bool = False

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.x)

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """The absolute values of x in float64, which is enough for scales."""
        return np.abs(self.x).astype(np.float64, copy=False)

    @property
    def budgets(self) -> int:
        """The number of budgets granted to an error: 1, but 3 if the reference is no wider than the dtype under test.

        The reference may then err by one budget itself, and its scales are rounded as well (docs/agreement.md).
        """
        return 1 if bits(self.x.dtype) > bits(self.dtype) else 3

    @property
    def granted(self) -> float:
        """The error that the rule grants for a scale of 1."""
        return self.budgets * BUDGET * unit_roundoff(self.dtype)

    def rows(self, rows: slice | NDArray[np.int64]) -> WideProblem:
        """Return the problem restricted to these rows, as one batch sees it."""
        labels = None if self.labels is None else self.labels[rows]
        return WideProblem(self.model, self.dtype, self.x[rows], self.targets[rows], labels, self.k, self.usual)


def widen(dataset: Dataset, *, usual: bool = False) -> WideProblem:
    """Return the dataset's arrays, already rounded to its dtype, in the precision of the reference.

    Large float64 data stay in float64, with three budgets: long double would take ten seconds for every evaluation.
    """
    large = dataset.n * dataset.d * dataset.classes > _WIDE_NUMBERS
    dtype = np.dtype(np.float64) if large else wider(str(dataset.x.dtype))
    x = dataset.x.reshape(dataset.n, dataset.d).astype(dtype)
    if dataset.model is Model.SOFTMAX:
        labels = dataset.y.astype(np.int64)
        return WideProblem(
            dataset.model,
            str(dataset.x.dtype),
            x,
            np.eye(dataset.classes, dtype=dtype)[labels],
            labels,
            dataset.classes,
            usual,
        )
    return WideProblem(dataset.model, str(dataset.x.dtype), x, dataset.y.astype(dtype)[:, None], None, 1, usual)


def stacked(params: Params, problem: WideProblem) -> Wide:
    """Return theta (d + 1, k) in wide precision: the rows of w, then b as the last row."""
    w = np.asarray(params.w).astype(problem.x.dtype).reshape(-1, problem.k)
    b = np.asarray(params.b).astype(problem.x.dtype).reshape(1, problem.k)
    return np.concatenate([w, b])


@dataclass(frozen=True)
class Point:
    """The reference's results for a problem at one theta; predictions are z for linear models and p for classifiers."""

    loss: Scaled
    gradients: Scaled
    predictions: Scaled
    logits: Scaled


def evaluate(problem: WideProblem, theta: Wide, *, rounded: bool = False) -> Point:
    """Return loss, gradients (d + 1, k), predictions and logits (n, k) at theta, each with its scale.

    `rounded` rounds z to the dtype under test, for problems in which only that step is inexact.
    """
    z = np.dot(problem.x, theta[:-1]) + theta[-1]  # in long double, dot takes half the time of matmul
    if rounded:
        z = narrowed(z, problem.dtype)
    dz = (problem.x.shape[1] + 1) * (problem.sizes @ np.abs(theta[:-1].astype(np.float64)) + np.abs(theta[-1]))
    match problem.model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            return _linear(problem, z, dz)
        case Model.LOGISTIC:
            return _logistic(problem, z, dz)
        case Model.SOFTMAX:
            return _softmax(problem, z, dz)


def _linear(problem: WideProblem, z: Wide, dz: Wide) -> Point:
    u, n = unit_roundoff(problem.dtype), problem.n
    r = z - problem.targets
    dr = dz + np.abs(r)
    loss = np.asarray(np.mean(r**2))
    loss_scale = np.asarray(np.mean(2 * np.abs(r) * dr) + _of_the_mean(problem, r**2) * loss + u * np.mean(dr**2))
    logits = Scaled(z, dz)
    return Point(Scaled(loss, loss_scale), _gradients(problem, r, dr, 2 / _wide(problem, n)), logits, logits)


def _logistic(problem: WideProblem, z: Wide, dz: Wide) -> Point:
    u, n = unit_roundoff(problem.dtype), problem.n
    positive = problem.targets == 1
    p, q = _sigmoid(z), _sigmoid(-z)
    r = np.where(positive, -q, p)  # without the cancellation of p - 1
    t = problem.granted * dz
    # By way of log p, rounding the logarithm costs u |z|, until e^-|z| is lost, and with it the smaller of p and q.
    dp = _moved(_sigmoid(z + t), p, _sigmoid(z - t)) / problem.granted
    dp += 2 + np.minimum(np.abs(z), np.minimum(p, q) / u)
    against = np.where(positive, -z, z)
    losses = np.logaddexp(0, against)
    loss = np.asarray(np.mean(losses))
    # The loss is convex and increasing in `against`, so its largest change is upwards.
    rise = (np.logaddexp(0, against + t) - losses) / problem.granted
    loss_scale = np.asarray(np.mean(rise + 2 * (1 + np.abs(z))) + _of_the_mean(problem, losses) * loss)
    gradients = _gradients(problem, r, dp + np.abs(r), 1 / _wide(problem, n))
    return Point(Scaled(loss, loss_scale), gradients, Scaled(p, dp), Scaled(z, dz))


def _sigmoid(z: Wide) -> Wide:
    e: Wide = np.exp(-np.abs(z))
    p: Wide = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    return p


def _moved(upper: Wide, value: Wide, lower: Wide) -> Wide:
    """Return the distance from the value to the farther end of its possible range."""
    return np.maximum(upper - value, value - lower)


def _softmax(problem: WideProblem, z: Wide, dz: Wide) -> Point:
    n, k = problem.n, problem.k
    t = problem.granted * dz
    total = _logsumexp(z)
    p = np.exp(z - total)
    others = np.exp(_logsumexp(np.where(problem.targets == 1, -np.inf, z)) - total)
    r = np.where(problem.targets == 1, -others, p)  # without the cancellation of p - 1
    largest = np.abs(z).max(axis=1, keepdims=True)
    dp = _moved(_apart(z, t), p, _apart(z, -t)) / problem.granted + p * (k + 3 + largest) + 1
    z_y = (problem.targets * z).sum(axis=1, keepdims=True)
    against = np.where(problem.targets == 1, -t, t)
    loss = np.asarray(np.mean(total - z_y))
    rise = (_logsumexp(z + against) - total + (problem.targets * t).sum(axis=1, keepdims=True)) / problem.granted
    roundings = _of_the_mean(problem, total - z_y)
    loss_scale = np.asarray(np.mean(rise + k + 3 + largest + np.abs(z_y)) + roundings * loss)
    gradients = _gradients(problem, r, dp + np.abs(r), 1 / _wide(problem, n))
    return Point(Scaled(loss, loss_scale), gradients, Scaled(p, dp), Scaled(z, dz))


def _apart(z: Wide, t: Wide) -> Wide:
    """Return each p_c (n, k >= 2) after its own logit moves by t and every other by -t, which moves p_c the farthest.

    The sum over the others is the total minus the term of c, except for the largest term, where the difference would
    cancel and the sum is computed separately.
    """
    opposite = z - t
    largest = np.arange(z.shape[1]) == opposite.argmax(axis=1)[:, None]
    total = _logsumexp(opposite)
    shares = np.exp(opposite - total)
    others = total + np.log1p(-np.where(largest, 0, shares))
    others = np.where(largest, _logsumexp(np.where(largest, -np.inf, opposite)), others)
    return _sigmoid(z + t - others)


def _logsumexp(z: Wide) -> Wide:
    highest = z.max(axis=1, keepdims=True)
    total: Wide = highest + np.log(np.exp(z - highest).sum(axis=1, keepdims=True))
    return total


def _gradients(problem: WideProblem, r: Wide, dr: Wide, c: Wide) -> Scaled:
    """Return c [x, 1]' r and its scale: the propagated error of r, plus n roundings of each product."""
    value = c * np.concatenate([_summed(problem.x, r), r.sum(axis=0, keepdims=True)])
    scale = c * _reach(problem, dr + problem.n * np.abs(r)) + 2 * np.abs(value)
    if problem.usual:
        scale = np.minimum(scale, c * (_reach(problem, dr) + _usual(problem, r)) + 2 * np.abs(value))
    return Scaled(value, scale)


def _reach(problem: WideProblem, sizes: Wide) -> NDArray[np.float64]:
    """Return the sum over rows (d + 1, k) of |(x, 1)| times these sizes (n, k)."""
    return sums.over_rows(problem.sizes, sizes.astype(np.float64))


def _usual(problem: WideProblem, r: Wide) -> NDArray[np.float64]:
    """Return the error granted for rounding in a sum over rows (d + 1, k), in units of u."""
    x, wide = problem.x.astype(np.float64, copy=False), r.astype(np.float64, copy=False)
    return sums.FACTOR * sums.usual(x, wide, sums.lost(x.astype(problem.dtype), wide))


def _of_the_mean(problem: WideProblem, losses: Wide) -> float:
    """Return the number of roundings granted to the mean of these nonnegative losses, (n,) or (n, 1)."""
    worst = float(problem.n + 2)
    if not problem.usual:
        return worst
    lost = sums.lost(np.ones((problem.n, 1), problem.dtype), losses.astype(np.float64).reshape(-1, 1))
    return min(worst, 2 + sums.FACTOR * max(math.sqrt(problem.n), lost))


def _summed(x: Wide, r: Wide) -> Wide:
    """Return x' r (d, k); BLAS has no long double, so those rows are summed in blocks that fit in the cache."""
    if x.dtype == np.float64:
        return x.T @ r
    columns = np.ascontiguousarray(r.T)
    step = max(1, _CACHED_NUMBERS // x.shape[1])
    blocks = (columns[:, first : first + step] @ x[first : first + step] for first in range(0, len(x), step))
    return sum(blocks, np.zeros((r.shape[1], x.shape[1]), x.dtype)).T


def _wide(problem: WideProblem, value: int) -> Wide:
    return np.asarray(value, problem.x.dtype)


@dataclass(frozen=True)
class Curvature:
    """The Hessian of the loss at one theta: the sum over rows of a a' (x) s, in the order of theta.ravel().

    a   the rows (x, 1), (n, d + 1)
    s   the second derivatives with respect to the logits, divided by n, (n, k, k)

    A matrix product with these factors costs P^2 n instead of P^3, with P = (d + 1) k.
    """

    a: NDArray[np.float64]
    s: NDArray[np.float64]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The full Hessian, (P, P)."""
        (n, width), k = self.a.shape, self.s.shape[1]
        total = np.zeros((k * k * width, width))
        step = max(1, _BLOCK_NUMBERS // (k * k * width))
        for first in range(0, n, step):
            a, s = self.a[first : first + step], self.s[first : first + step]
            total += np.einsum("ni,nab->nabi", a, s).reshape(len(a), -1).T @ a
        return np.asarray(total.reshape(k, k, width, width).transpose(2, 0, 3, 1).reshape(width * k, width * k))

    def times(self, left: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return left (rows, P) times the Hessian, without forming it."""
        logits = np.matmul(self.a, left.reshape(-1, self.a.shape[1], self.s.shape[1]))
        bent = np.matmul(logits[:, :, None, :], self.s)[:, :, 0]
        return np.asarray(np.matmul(self.a.T, bent).reshape(left.shape))


def curvature(problem: WideProblem, theta: Wide) -> Curvature:
    """Return the Hessian of the loss at theta, in float64."""
    a = np.concatenate([problem.x, np.ones((problem.n, 1))], axis=1).astype(np.float64)
    z = a @ theta.astype(np.float64)
    s: Any
    match problem.model:
        case Model.SIMPLE_LINEAR | Model.MULTIVARIATE_LINEAR:
            s = np.full((problem.n, 1, 1), 2.0)
        case Model.LOGISTIC:
            s = (_sigmoid(z) * _sigmoid(-z))[:, :, None]
        case Model.SOFTMAX:
            p = np.exp(z - _logsumexp(z))
            s = p[:, :, None] * (np.eye(problem.k) - p[:, None, :])
    return Curvature(a, s / problem.n)


def batches(problem: WideProblem, recipe: Recipe, epochs: Sequence[int]) -> list[WideProblem]:
    """Return the problem of every batch of these epochs, in training order."""
    return [problem.rows(rows) for epoch in epochs for rows in recipe.batching.rows(problem.n, epoch)]
