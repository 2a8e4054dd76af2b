"""NumPy, written differently than `impls/numpy_manual.py`: every model as k columns of logits.

Each way differs from the plain one in one thing: how z is computed, how the residual and the loss follow
from z, how rows are summed, or how numbers lie in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from impls.protocol import Array, Model
from tests.scenarios.honest.descent import State, Way

# (model, z (n, k), y (n,)) -> the losses (n,) of the rows, and their derivatives by z (n, k)
Losses = Callable[[Model, Array, Array], tuple[Array, Array]]


def columns(model: Model, array: Array) -> Array:
    """Return x (n, d) or w (d, k), whatever axes the model leaves out."""
    return array.reshape(-1, 1) if array.ndim < 2 and model is not Model.SOFTMAX else array


def rows_of(x: Array) -> Array:
    """Return x (n, d), also for a single feature."""
    return x[:, None] if x.ndim == 1 else x


def product(x: Array, w: Array) -> Array:
    return x @ w


def total(terms: Array) -> Array:
    """Return the sum over rows."""
    return terms.sum(axis=0)


def plain_losses(model: Model, z: Array, y: Array) -> tuple[Array, Array]:
    """Squares; max(z, 0) - y z + log1p(exp(-|z|)); log sum exp less the logit of the label."""
    if not model.classifies:
        r = z[:, 0] - y
        return r * r, 2 * r[:, None]
    if model is Model.LOGISTIC:
        z = z[:, 0]
        e = np.exp(-np.abs(z))
        p = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
        return np.maximum(z, 0) - y * z + np.log1p(e), (p - y)[:, None]
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    chosen = np.arange(z.shape[1]) == y[:, None]
    return np.log(e.sum(axis=1)) - z[chosen], e / e.sum(axis=1, keepdims=True) - chosen


def tanh_losses(model: Model, z: Array, y: Array) -> tuple[Array, Array]:
    """The sigmoid as (1 + tanh(z / 2)) / 2."""
    losses, _ = plain_losses(model, z, y)
    return losses, (1 + np.tanh(z / 2)) / 2 - y[:, None]


def signed_losses(model: Model, z: Array, y: Array) -> tuple[Array, Array]:
    """With the label's sign s the loss is log(1 + exp(-s z)), and its derivative -s sigmoid(-s z)."""
    s = (2 * y - 1)[:, None]
    losses = np.logaddexp(0, -s * z)
    return losses[:, 0], -s * np.exp(-np.logaddexp(0, s * z))


def logarithmic_losses(model: Model, z: Array, y: Array) -> tuple[Array, Array]:
    """log_softmax, and the label one-hot."""
    logarithms = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    one_hot = np.eye(z.shape[1], dtype=z.dtype)[y]
    return -(one_hot * logarithms).sum(axis=1), np.exp(logarithms) - one_hot


def compensated(terms: Array) -> Array:
    """Return the sum over rows with the lost digits kept beside it (Neumaier 1974)."""
    whole, lost = np.zeros_like(terms[0]), np.zeros_like(terms[0])
    for term in terms:
        new = whole + term
        lost = lost + np.where(np.abs(whole) >= np.abs(term), (whole - new) + term, (term - new) + whole)
        whole = new
    return whole + lost


def blocked(terms: Array) -> Array:
    """Return the sum of the sums of blocks of five rows."""
    return sum(terms[first : first + 5].sum(axis=0) for first in range(0, len(terms), 5))


def backwards(terms: Array) -> Array:
    """Return the sum over rows one after the other, the last row first."""
    return np.add.accumulate(terms[::-1], axis=0)[-1]


def widely_summed(terms: Array) -> Array:
    """Return the sum over rows in the next wider format, rounded once."""
    return terms.sum(axis=0, dtype=_wider(terms)).astype(terms.dtype)


def widely_multiplied(x: Array, w: Array) -> Array:
    """Return x w as a matrix unit with wide accumulators does: products and sums wide, rounded once."""
    return (x.astype(_wider(x)) @ w.astype(_wider(x))).astype(x.dtype)


def _wider(array: Array) -> type[np.floating]:
    return np.float64 if array.dtype == np.float32 else np.longdouble


def product_by_einsum(x: Array, w: Array) -> Array:
    return np.einsum("nd,dk->nk", x, w)


def product_by_column(x: Array, w: Array) -> Array:
    """Return x w feature by feature, the last feature first."""
    z = np.zeros((len(x), w.shape[1]), x.dtype)
    for j in reversed(range(x.shape[1])):
        z += np.multiply.outer(x[:, j], w[j])
    return z


@dataclass(frozen=True)
class Numpy:
    """The pieces of a way; each has a plain default."""

    losses: Losses = plain_losses
    product: Callable[[Array, Array], Array] = product
    total: Callable[[Array], Array] = total
    gradient: Callable[[Array, Array], Array] | None = None

    def compute(self, model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
        w, b = state
        x = rows_of(x)
        losses, r = self.losses(model, self.product(x, columns(model, w)) + b, y)
        n = len(x)
        dw = self.gradient(x, r) if self.gradient else self.total(x[:, :, None] * r[:, None, :])
        return self.total(losses) / n, ((dw / n).reshape(np.shape(w)), (self.total(r) / n).reshape(np.shape(b)))

    def predict(self, model: Model, state: State, x: Array) -> Array:
        w, b = state
        return predicted(model, self.product(rows_of(x), columns(model, w)) + b)

    def way(self) -> Way:
        return Way(self.compute, self.predict)


def predicted(model: Model, z: Array) -> Array:
    """Return the predictions of the Protocol from logits (n, k)."""
    if model is Model.SOFTMAX:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return (1 + np.tanh(z[:, 0] / 2)) / 2 if model is Model.LOGISTIC else z[:, 0]


def _fortran(array: np.ndarray) -> Array:
    return np.array(array, order="F")


def _class_major(model: Model, params: State) -> State:
    w, b = params
    return np.ascontiguousarray(columns(model, w).T), b.reshape(-1, 1)


def _feature_major(model: Model, state: State) -> State:
    return state[0].T, state[1]


def _class_major_compute(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    """w is (k, d), z is (k, n)."""
    w, b = state
    x = rows_of(x)
    losses, r = plain_losses(model, (w @ x.T + b).T, y)
    return losses.mean(), (r.T @ x / len(x), r.T.mean(axis=1, keepdims=True))


def _class_major_predict(model: Model, state: State, x: Array) -> Array:
    w, b = state
    return np.ascontiguousarray(predicted(model, (w @ rows_of(x).T + b).T))


def _folded(model: Model, params: State) -> State:
    w, b = params
    return (np.concatenate([columns(model, w), b.reshape(1, -1)]),)


def _unfolded(model: Model, state: State) -> State:
    return state[0][:-1], state[0][-1]


def _with_ones(x: Array) -> Array:
    return np.concatenate([rows_of(x), np.ones((len(x), 1), x.dtype)], axis=1)


def _folded_compute(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    a = _with_ones(x)
    losses, r = plain_losses(model, a @ state[0], y)
    return losses.mean(), (a.T @ r / len(x),)


def _folded_predict(model: Model, state: State, x: Array) -> Array:
    return predicted(model, _with_ones(x) @ state[0])


def _residual_first(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    """The residual of a linear model as (x w - y) + b."""
    w, b = state
    r = (product(rows_of(x), columns(model, w))[:, 0] - y) + b
    dw = 2 * (rows_of(x).T @ r) / len(x)
    return np.mean(r * r), (dw.reshape(np.shape(w)), np.asarray(2 * np.mean(r)))


def _fused(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    """Fused multiply-adds, each rounded once: z from b on, and the gradients row by row."""
    w, b = state
    x, weights, biases = rows_of(x), columns(model, w), np.reshape(b, -1)
    z = _fused_logits(x, weights, biases)
    losses, r = plain_losses(model, z, y)
    wide = _wider(x)
    dw = np.zeros_like(weights)
    for row, residual in zip(x, r, strict=True):
        dw = (dw.astype(wide) + np.multiply.outer(row.astype(wide), residual.astype(wide))).astype(x.dtype)
    n = len(x)
    return losses.mean(), ((dw / n).reshape(np.shape(w)), (total(r) / n).reshape(np.shape(b)))


def _fused_logits(x: Array, w: Array, b: Array) -> Array:
    z, wide = np.broadcast_to(b, (len(x), len(b))), _wider(x)
    for j in range(x.shape[1]):
        z = (z.astype(wide) + np.multiply.outer(x[:, j].astype(wide), w[j].astype(wide))).astype(x.dtype)
    return z


def _fused_predict(model: Model, state: State, x: Array) -> Array:
    w, b = state
    return predicted(model, _fused_logits(rows_of(x), columns(model, w), np.reshape(b, -1)))


def _row_by_row(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    """One row and one number after the other."""
    w, b = state
    x, weights, biases = rows_of(x), columns(model, w), np.reshape(b, -1)
    loss, dw, db = x.dtype.type(0), np.zeros_like(weights), np.zeros_like(biases)
    for row, target in zip(x, y, strict=True):
        z = biases.copy()
        for feature, number in enumerate(row):
            z += number * weights[feature]
        losses, r = plain_losses(model, z[None], np.reshape(target, 1))
        loss += losses[0]
        db += r[0]
        for feature, number in enumerate(row):
            dw[feature] += number * r[0]
    return loss / len(x), ((dw / len(x)).reshape(np.shape(w)), (db / len(x)).reshape(np.shape(b)))


plain = Numpy()
by_einsum = Numpy(product=product_by_einsum, gradient=lambda x, r: np.einsum("nd,nk->dk", x, r)).way()
by_row = Way(_row_by_row, plain.predict)
by_column = Numpy(product=product_by_column, total=backwards).way()
tanh = Numpy(losses=tanh_losses).way()
signed = Numpy(losses=signed_losses).way()
logarithmic = Numpy(losses=logarithmic_losses).way()
compensated_sums = Numpy(total=compensated).way()
wide_sums = Numpy(total=widely_summed).way()
wide_products = Numpy(
    product=widely_multiplied, total=widely_summed, gradient=lambda x, r: widely_multiplied(x.T, r)
).way()
residual_first = Way(_residual_first, plain.predict)
fused = Way(_fused, _fused_predict)
blocked_sums = Numpy(total=blocked).way()
fortran_order = Way(plain.compute, plain.predict, place=_fortran)
class_major = Way(_class_major_compute, _class_major_predict, inside=_class_major, outside=_feature_major)
folded_bias = Way(_folded_compute, _folded_predict, inside=_folded, outside=_unfolded)
