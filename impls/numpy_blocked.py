"""NumPy at its best: the hand-derived gradients of a block of rows, summed over blocks that stay in cache.

What makes it fast, and where each idea comes from:

- *Blocks of rows.* An epoch needs x twice, for z = x w + b and for x' r. A block that stays in the second-level cache
  is read from memory once, and no array of n rows is made beside x and y (cache blocking: Lam, Rothberg and Wolf, "The
  cache performance and optimizations of blocked algorithms", ASPLOS 1991; Dask and scikit-learn's pairwise reductions
  also walk through rows in chunks).
- *Class-major logits.* z is (k, rows): maximum and sum over the classes, and any subtraction from a row or division
  of it, are then k operations on long contiguous arrays, whereas (rows, k) loops over the k numbers of each row
  (structure of arrays: Intel's optimization manual, "SoA for SIMD").
- *Few passes, all in place.* Ufuncs write to preallocated arrays (`out=`), a row is scaled by a reciprocal, and
  logistic needs only tanh and log: with s = 1 - 2 y and t = tanh(z / 2), p - y = (s + t) / 2.
- *Sums are products with ones.* For sums over one axis of the logits the BLAS takes a third to half the time of
  `np.add.reduce`, on arrays in cache.
- *Cheap calls.* For arrays of a few rows only the cost of calls matters, and `dot` costs less than `@`.
- *Small products.* OpenBLAS has kernels that skip packing for products of up to 10^6 multiplications
  (interface/gemm.c, SMALL_MATRIX_OPT); a block of softmax stays below that.

Each model is `f(params, x, y, room) -> (loss, gradients)`: the sums of losses and gradients over the rows of a block,
without the constant factor in `FACTORS`.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from impls.protocol import Array, Batching, Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe
from impls.runtimes.numpy import placed

# About half a megabyte of x per block fits a second-level cache, and keeps Python's share of a block's time small.
_BLOCK_BYTES = 1 << 19
_MOST_ROWS = 1 << 14
# The most multiplications in a small product, and the rows below which Python's share dominates.
_SMALL_PRODUCT, _LEAST_ROWS = 1_000_000, 256


class Room(NamedTuple):
    """Scratch arrays for a block of n rows, overwritten by each block; x is for gathered rows.

    The last three are constants: the row numbers, and ones to sum with.
    """

    x: Float[Array, " *axes"] | None
    z: Float[Array, " *axes"]
    t: Float[Array, " n"]
    s: Float[Array, " n"]
    place: Int[Array, " n"]
    numbers: Int[Array, " n"]
    ones: Float[Array, " n"]
    one_of_each: Float[Array, " k"]


def simple_linear(params: Params, x: Float[Array, " n"], y: Float[Array, " n"], room: Room) -> tuple[Array, Params]:
    """Return sum(r^2) with r = x w + b - y, and sum(r x), sum(r)."""
    w, b = params
    r = np.multiply(x, w, room.z)
    r += b
    r -= y
    return r.dot(r), Params(r.dot(x), np.add.reduce(r))


def multivariate_linear(
    params: Params, x: Float[Array, "n d"], y: Float[Array, " n"], room: Room
) -> tuple[Array, Params]:
    """Return sum(r^2) with r = x w + b - y, and x' r, sum(r)."""
    w, b = params
    r = x.dot(w, room.z)
    r += b
    r -= y
    return r.dot(r), Params(r.dot(x), np.add.reduce(r))


def logistic(params: Params, x: Float[Array, "n d"], y: Float[Array, " n"], room: Room) -> tuple[Array, Params]:
    """Return sum(log(1 + exp z) - y z), and x' r, sum(r) with r = 2 (p - y).

    With h = z / 2, t = tanh h and s = 1 - 2 y, which is 1 or -1: p = (1 + t) / 2, so r = s + t; the larger of p and
    1 - p is (1 + |t|) / 2, so log(1 + exp z) - y z = |h| + s h - log((1 + |t|) / 2), in which nothing overflows.
    """
    w, b = params
    h = x.dot(w, room.z)
    h += b
    h *= 0.5
    t = np.tanh(h, out=room.t)
    s = np.multiply(y, -2, out=room.s)
    s += 1
    r = s + t
    s *= h
    s += np.abs(h, out=h)
    np.abs(t, out=t)
    t += 1
    t *= 0.5
    s -= np.log(t, out=t)
    return np.add.reduce(s), Params(r.dot(x), np.add.reduce(r))


def softmax(params: Params, x: Float[Array, "n d"], y: Int[Array, " n"], room: Room) -> tuple[Array, Params]:
    """Return sum(log(sum_c exp z_c) - z_y), and x' r, the column sums of r with r = p - onehot(y).

    z is (k, n), so `place` = y n + row is the position of a row's label in it.
    """
    w, b = params
    z, t, s, place = room.z, room.t, room.s, room.place
    np.matmul(w.T, x.T, out=z)
    z += b[:, None]
    z -= np.maximum.reduce(z, axis=0, out=t)
    np.multiply(y, len(y), out=place)
    np.add(place, room.numbers, out=place)
    flat = z.reshape(-1)
    z_y = flat[place]
    np.exp(z, out=z)
    room.one_of_each.dot(z, t)
    np.log(t, out=s)
    s -= z_y
    np.reciprocal(t, out=t)
    z *= t
    p_y = np.exp(z_y, out=z_y)
    p_y *= t
    p_y -= 1
    flat[place] = p_y
    return np.add.reduce(s), Params(x.T @ z.T, z.dot(room.ones))


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}

# The factor of the gradient sums above: 2 r x for a square, (s + t) / 2 x for logistic.
FACTORS = {Model.SIMPLE_LINEAR: 2.0, Model.MULTIVARIATE_LINEAR: 2.0, Model.LOGISTIC: 0.5, Model.SOFTMAX: 1.0}


# The rows of a block with its scratch arrays; a batch is its number of rows and its blocks.
Block = tuple[slice | np.ndarray, Room]
Batch = tuple[int, list[Block]]


class NumpyBlocked:
    """Gradient descent with the sums above over blocks of rows; every call is synchronous."""

    runtime: ClassVar[str] = "numpy"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._x, self._y = placed(dataset, recipe.feed)
        self._model, self._sums = dataset.model, MODELS[dataset.model]
        self._factor, self._classes = FACTORS[dataset.model], dataset.classes
        self._recipe = recipe
        self._most_rows = _most_rows(dataset)
        self._rooms: dict[tuple[int, bool], Room] = {}
        (self._all,) = self._batches(Batching(), 0)
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        self._params = Params(start.w.copy(), start.b.copy())
        self._orders = iter([self._batches(self._recipe.batching, epoch) for epoch in range(epochs)])

    def _batches(self, batching: Batching, epoch: int) -> list[Batch]:
        """Split each batch of an epoch into blocks whose sizes differ by at most one row."""
        return [self._blocks(rows) for rows in batching.rows(len(self._y), epoch)]

    def _blocks(self, rows: slice | np.ndarray) -> Batch:
        n = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        number = ceil(n / self._most_rows)
        edges = [n * i // number for i in range(number + 1)]
        if isinstance(rows, slice):
            parts = [slice(rows.start + first, rows.start + last) for first, last in pairwise(edges)]
            return n, [(part, self._room(part.stop - part.start, gathered=False)) for part in parts]
        return n, [(rows[a:b], self._room(b - a, gathered=True)) for a, b in pairwise(edges)]

    def _room(self, n: int, *, gathered: bool) -> Room:
        if (n, gathered) not in self._rooms:
            dtype, softmax = self._x.dtype, self._model is Model.SOFTMAX
            self._rooms[n, gathered] = Room(
                x=np.empty((n, *self._x.shape[1:]), dtype) if gathered else None,
                z=np.empty((self._classes, n) if softmax else n, dtype),
                t=np.empty(n, dtype),
                s=np.empty(n, dtype),
                place=np.empty(n, np.int64),
                numbers=np.arange(n),
                ones=np.ones(n, dtype),
                one_of_each=np.ones(self._classes, dtype),
            )
        return self._rooms[n, gathered]

    def epoch(self) -> None:
        for n, blocks in next(self._orders):
            _, gradients = self._over(blocks)
            step = self._recipe.learning_rate * self._factor / n
            w, b = self._params
            self._params = Params(w - step * gradients.w, b - step * gradients.b)

    def _over(self, blocks: list[Block]) -> tuple[Array, Params]:
        """Return the sums over all blocks of a batch."""
        sums = None
        for rows, room in blocks:
            x = self._x[rows] if isinstance(rows, slice) else self._x.take(rows, 0, room.x, "clip")
            one = self._sums(self._params, x, self._y[rows], room)
            sums = one if sums is None else _added(sums, one)
        assert sums is not None, "a batch has a row"
        return sums

    def synchronize(self) -> None:
        pass

    def loss_and_gradients(self) -> tuple[float, Params]:
        n, blocks = self._all
        loss, (w, b) = self._over(blocks)
        c = self._factor / n
        return float(loss / n), Params(np.asarray(c * w), np.asarray(c * b))

    def predict(self, x: FloatArray) -> FloatArray:
        w, b = self._params
        if self._model is Model.SIMPLE_LINEAR:
            return x * w + b
        z = x @ w + b
        if self._model is Model.LOGISTIC:
            return 0.5 + 0.5 * np.tanh(0.5 * z)
        if self._model is Model.SOFTMAX:
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        return z

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        return frozenset({"cpu"})

    def params(self) -> Params:
        return Params(np.array(self._params.w), np.array(self._params.b))


def _added(sums: tuple[Array, Params], more: tuple[Array, Params]) -> tuple[Array, Params]:
    loss, (w, b) = sums
    other, gradients = more
    w += gradients.w
    b += gradients.b
    return loss + other, Params(w, b)


def _most_rows(dataset: Dataset) -> int:
    """Return the largest number of rows in a block."""
    rows = min(_MOST_ROWS, max(_LEAST_ROWS, _BLOCK_BYTES // (dataset.x.itemsize * dataset.d)))
    return max(_LEAST_ROWS, min(rows, _SMALL_PRODUCT // (dataset.d * dataset.classes)))
