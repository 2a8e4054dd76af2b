"""NumPy with gradients derived by hand.

Each model is `f(params, x, y) -> (loss, gradients)`; its docstring derives the gradient. The chain
rule is the same in all of them: with the residual r = dL/dz (up to the constant c), dL/dw = c x' r
and dL/db = c sum(r). Operations on arrays as large as the batch work in place, and a mean is written as
a sum over n: on small data `np.mean` costs more than the sum itself.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from impls.protocol import Array, Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe
from impls.runtimes.numpy import placed


def simple_linear(params: Params, x: Float[Array, " n"], y: Float[Array, " n"]) -> tuple[Array, Params]:
    """Return mean(r^2) with r = x w + b - y; dL/dw = 2 mean(r x), dL/db = 2 mean(r)."""
    w, b = params
    r = x * w
    r += b
    r -= y
    c = 2 / len(y)
    return r @ r / len(y), Params(c * (r @ x), c * r.sum())


def multivariate_linear(params: Params, x: Float[Array, "n d"], y: Float[Array, " n"]) -> tuple[Array, Params]:
    """Return mean(r^2) with r = x w + b - y; dL/dw = 2/n x' r, dL/db = 2 mean(r)."""
    w, b = params
    r = x @ w
    r += b
    r -= y
    c = 2 / len(y)
    return r @ r / len(y), Params(c * (r @ x), c * r.sum())


def logistic(params: Params, x: Float[Array, "n d"], y: Float[Array, " n"]) -> tuple[Array, Params]:
    """Return mean(log(1 + exp z) - y z), the cross-entropy of p = 1 / (1 + exp(-z)).

    d/dz log(1 + exp z) = p, so r = p - y; dL/dw = x' r / n, dL/db = mean(r). With e = exp(-|z|) <= 1
    nothing overflows: log(1 + exp z) = max(z, 0) + log1p(e), and p is 1 / (1 + e) or e / (1 + e).
    """
    w, b = params
    z = x @ w
    z += b
    e = np.exp(-np.abs(z))
    losses = np.log1p(e)
    losses += np.maximum(z, 0)
    losses -= y * z
    r = np.where(z >= 0, 1, e)
    r /= 1 + e
    r -= y
    return losses.sum() / len(y), Params(r @ x / len(y), r.sum() / len(y))


def softmax(params: Params, x: Float[Array, "n d"], y: Int[Array, " n"]) -> tuple[Array, Params]:
    """Return mean(log(sum_c exp z_c) - z_y), the cross-entropy of p_c = exp z_c / sum_j exp z_j.

    d/dz_c log(sum_j exp z_j) = p_c, so r = p - onehot(y); dL/dw = x' r / n, dL/db = column means of r.
    Subtracting the largest z of a row changes neither p nor the loss and leaves every exponent <= 0.
    """
    w, b = params
    z = x @ w
    z += b
    z -= z.max(axis=1, keepdims=True)
    rows = np.arange(len(y))
    z_y = z[rows, y]
    r = np.exp(z, out=z)
    total = r.sum(axis=1, keepdims=True)
    losses = np.log(total[:, 0]) - z_y
    r /= total
    r[rows, y] -= 1
    return losses.sum() / len(y), Params(x.T @ r / len(y), r.sum(axis=0) / len(y))


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}


class NumpyManual:
    """Gradient descent with the hand-derived gradients above; every call is synchronous."""

    runtime: ClassVar[str] = "numpy"
    models: ClassVar = MODELS  # a subclass may replace a gradient

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._x, self._y = placed(dataset, recipe.feed)
        self._model, self._loss_and_gradients = dataset.model, self.models[dataset.model]
        self._recipe = recipe
        # A full batch in order is the data itself; slicing it would cost more than a small step.
        self._whole = not recipe.batching.shuffle and recipe.batching.rows(len(self._y), 0) == [slice(0, len(self._y))]
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        self._params = Params(start.w.copy(), start.b.copy())
        self._orders = iter([self._recipe.batching.rows(len(self._y), epoch) for epoch in range(epochs)])

    def epoch(self) -> None:
        learning_rate = self._recipe.learning_rate
        for rows in next(self._orders):
            x, y = (self._x, self._y) if self._whole else (self._x[rows], self._y[rows])
            _, gradients = self._loss_and_gradients(self._params, x, y)
            w, b = self._params
            self._params = Params(w - learning_rate * gradients.w, b - learning_rate * gradients.b)

    def synchronize(self) -> None:
        pass

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = self._loss_and_gradients(self._params, self._x, self._y)
        return float(loss), Params(np.asarray(gradients.w), np.asarray(gradients.b))

    def predict(self, x: FloatArray) -> FloatArray:
        w, b = self._params
        if self._model is Model.SIMPLE_LINEAR:
            return x * w + b
        z = x @ w + b
        if self._model is Model.LOGISTIC:
            e = np.exp(-np.abs(z))
            return np.where(z >= 0, 1, e) / (1 + e)
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
