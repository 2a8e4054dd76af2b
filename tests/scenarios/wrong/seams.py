"""NumpyManual split where faults can be planted; without one, both classes are correct."""

from __future__ import annotations

from typing import Any

import numpy as np

from datasets.dataset import Rows
from impls.numpy_manual import MODELS, NumpyManual
from impls.protocol import Array, Dataset, Device, FloatArray, Params, Recipe


class Loop(NumpyManual):
    """Split its loop into four: batches, gradients, learning rate, update."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._done = 0

    def epoch(self) -> None:
        for rows in self._batches(next(self._orders)):
            self._move(self._gradients(rows))
        self._done += 1

    def _batches(self, order: list[Rows]) -> list[Rows]:
        return order

    def _gradients(self, rows: Rows) -> Params:
        return self._loss_and_gradients(self._params, self._x[rows], self._y[rows])[1]

    def _learning_rate(self) -> float:
        return self._recipe.learning_rate

    def _move(self, gradients: Params) -> None:
        w, b = self._params
        learning_rate = self._learning_rate()
        self._params = Params(w - learning_rate * gradients.w, b - learning_rate * gradients.b)


class Formula(NumpyManual):
    """Take loss and gradients from `_formula`, in training and in `loss_and_gradients`."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._right = MODELS[dataset.model]
        self._loss_and_gradients = self._formula

    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(params, x, y)


def logits(params: Params, x: Array) -> FloatArray:
    """Return z = x w + b."""
    z: FloatArray = x * params.w + params.b if x.ndim == 1 else x @ params.w + params.b
    return z


def sigmoid(z: Array) -> FloatArray:
    """Return 1 / (1 + exp(-z)) for any z."""
    e = np.exp(-np.abs(z))
    p: FloatArray = np.where(z >= 0, 1, e) / (1 + e)
    return p


def probabilities(z: Array) -> FloatArray:
    """Return p(class 1) of logits (n,), or the class probabilities of logits (n, k)."""
    if z.ndim == 1:
        return sigmoid(z)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p: FloatArray = e / e.sum(axis=1, keepdims=True)
    return p


def one_hot(y: Array, k: int, dtype: Any) -> Array:
    """Return (n, k) rows with a 1 at the label."""
    return np.eye(k, dtype=dtype)[y]


def back(x: Array, r: Array) -> Params:
    """Return the gradients of a loss whose derivative by z is r."""
    return Params(x.T @ r, r.sum(axis=0))


def residuals(params: Params, x: Array, y: Array) -> Array:
    """Return p - y, or p - onehot(y), for the two classifiers."""
    p = probabilities(logits(params, x))
    return p - (y if p.ndim == 1 else one_hot(y, p.shape[1], p.dtype))
