"""Bounds on the curvature of a loss, and the learning rates that they make safe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Batching, Dataset, FloatArray, Model, Rows

# The Hessian's largest eigenvalue is at most this times that of G = A'A / n, A = [x, 1].
FACTOR = {
    Model.SIMPLE_LINEAR: 2.0,
    Model.MULTIVARIATE_LINEAR: 2.0,
    Model.LOGISTIC: 0.25,
    Model.SOFTMAX: 0.5,
}
LARGEST_GRAM = 1024
BLOCK_NUMBERS = 1 << 18
LARGEST_STACKED = 32
OVERFLOW = "the squares of the features exceed the range of float64"


def largest_eigenvalue(model: Model, x: FloatArray, rows: Rows | None = None) -> float:
    """Return L, a bound on the largest eigenvalue of the loss's Hessian at any parameters.

    With a the row (x, 1) and G = mean(a a') the Hessians over (w, b) are

    linear     2 G, since the loss is mean((a p - y)^2);
    logistic   mean(s (1 - s) a a') <= G / 4, since s (1 - s) <= 1/4 for every s;
    softmax    mean(S (x) a a') <= (I (x) G) / 2, S = diag(p) - p p' for the probabilities p:
               row i of S has the absolute sum 2 p_i (1 - p_i) <= 1/2, so Gershgorin's
               circles end at 1/2. Bohning 1992, Ann. Inst. Statist. Math. 44, uses this bound.

    G and A A' / n have the same largest eigenvalue; the smaller matrix is used, in float64, summed
    over blocks, so no copy as large as x is made (an index array copies the rows it names).
    If both exceed 1024 x 1024 the bound is the smaller of G's trace and the largest row
    sum of |A|'|A| / n; both are at least G's largest eigenvalue. L > 0, since A has a column of ones.

    x (n,) or (n, d), n >= 1. Raises OverflowError if the squares of x exceed float64.
    """
    a = x.reshape(len(x), -1)
    a = a if rows is None else a[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        small = min(len(a), a.shape[1] + 1) <= LARGEST_GRAM
        eigenvalue: float = _exact(a) if small else _cheap_bound(a)
    if not np.isfinite(eigenvalue):
        raise OverflowError(OVERFLOW)
    return FACTOR[model] * eigenvalue


def learning_rate(model: Model, x: FloatArray) -> float:
    """Return 1/L: with full batches the loss never rises, from any start."""
    return 1 / largest_eigenvalue(model, x)


def stable_learning_rate(dataset: Dataset, batching: Batching) -> float:
    """Return 1/L for the steepest batch of epoch 0: the rate to use if training diverges.

    Raises ValueError if there is no batch.
    """
    largest = steepest(dataset, batching, 0)
    if not largest:
        raise ValueError(
            f"{dataset.name}: {dataset.n} rows make no full batch of {batching.batch_size}: "
            f"use a batch size of {dataset.n} or less, or keep the last batch"
        )
    return 1 / largest


def steepest(dataset: Dataset, batching: Batching, epoch: int) -> float:
    """Return the maximum of `largest_eigenvalue` over the batches of this epoch; 0 if there is no batch.

    Many small batches are solved together, as stacks of small matrices.
    """
    by_length: dict[int, list[Rows]] = {}
    for rows in batching.rows(dataset.n, epoch):
        length = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        by_length.setdefault(length, []).append(rows)
    return max((_steepest(dataset, length, batches) for length, batches in by_length.items()), default=0.0)


def _steepest(dataset: Dataset, length: int, batches: list[Rows]) -> float:
    if length > LARGEST_STACKED or len(batches) == 1:
        return max(largest_eigenvalue(dataset.model, dataset.x, rows) for rows in batches)
    a = dataset.x.reshape(dataset.n, -1)
    at_once = max(1, BLOCK_NUMBERS // (length * a.shape[1]))
    found = []
    for first in range(0, len(batches), at_once):
        some = np.stack([a[rows] for rows in batches[first : first + at_once]]).astype(np.float64)
        with np.errstate(over="ignore"):
            grams = some @ some.transpose(0, 2, 1) + 1
        if not np.isfinite(grams).all():
            raise OverflowError(OVERFLOW)
        found.append(np.linalg.eigvalsh(grams)[:, -1].max())
    return float(FACTOR[dataset.model] * max(found) / length)


def batch_learning_rate(dataset: Dataset, batching: Batching) -> float:
    """Return the dataset's learning rate, lowered if necessary to 1/L for every batch of every epoch.

    With 1/L no step raises the loss of its own batch or amplifies an error. Shuffled batches are not known in advance,
    but the mean square of the longest rows (x, 1) bounds them all; for batches of one row it is exact. The rate for
    full batches is unchanged.
    """
    if batching.batch_size is None:
        return dataset.learning_rate
    if not batching.shuffle and batching.batch_size > 1:
        return min(dataset.learning_rate, stable_learning_rate(dataset, batching))
    short = 0 if batching.drop_last else dataset.n % batching.batch_size
    squares = np.concatenate([np.square(block).sum(axis=1) for block in _blocks(dataset.x.reshape(dataset.n, -1))]) + 1
    longest = np.sort(squares)[::-1][: short or batching.batch_size]
    return min(dataset.learning_rate, float(1 / (FACTOR[dataset.model] * longest.mean())))


def _exact(a: FloatArray) -> float:
    n, d = a.shape
    if n <= d:
        gram = _gram_and_sums(a.T)[0] + 1
    else:
        gram = np.empty((d + 1, d + 1))
        gram[:d, :d], sums = _gram_and_sums(a)
        gram[d, :d] = gram[:d, d] = sums
        gram[d, d] = n
    if not np.isfinite(gram).all():
        return np.inf
    return float(np.linalg.eigvalsh(gram)[-1] / n)


def _cheap_bound(a: FloatArray) -> float:
    n, d = a.shape
    trace = float(n)
    row_sums = np.zeros(d + 1)
    for block in _blocks(a):
        trace += float(np.vdot(block, block))
        absolute = np.abs(block)
        sums = absolute.sum(axis=1) + 1
        row_sums[:d] += sums @ absolute
        row_sums[d] += sums.sum()
    return float(min(trace, row_sums.max()) / n)


def _gram_and_sums(a: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return A'A and the column sums of A, reading each row once."""
    gram, sums = np.zeros((a.shape[1], a.shape[1])), np.zeros(a.shape[1])
    for block in _blocks(a):
        gram += block.T @ block
        sums += block.sum(axis=0)
    return gram, sums


def _blocks(a: FloatArray) -> Iterator[NDArray[np.float64]]:
    size = max(1, BLOCK_NUMBERS // a.shape[1])
    for start in range(0, len(a), size):
        yield a[start : start + size].astype(np.float64, copy=False)
