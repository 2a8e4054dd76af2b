"""scikit-learn: the loss and gradient that its solvers use, with the update added.

`LinearModelLoss.loss_gradient` is what LogisticRegression's solvers and the generalised linear models call in each
step (sklearn/linear_model/_linear_loss.py). It is private; this file measures its speed, and does not recommend it.
Its parameters are one array `coef`, the bias last: (d + 1,), or (k, d + 1) in Fortran order for softmax.
Each model is `f(k) -> loss` of one row; `LinearModelLoss` takes the mean.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import threadpoolctl
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss, HalfSquaredError
from sklearn.linear_model._linear_loss import LinearModelLoss

from impls.protocol import Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe, parameter_shapes


def simple_linear(k: int) -> Any:
    """Return half of (z - y)^2 for one feature."""
    return HalfSquaredError()


def multivariate_linear(k: int) -> Any:
    """Return half of (z - y)^2."""
    return HalfSquaredError()


def logistic(k: int) -> Any:
    """Return log(1 + exp z) - y z: half of the binomial deviance."""
    return HalfBinomialLoss()


def softmax(k: int) -> Any:
    """Return log(sum_c exp z_c) - z_y: half of the multinomial deviance."""
    return HalfMultinomialLoss(n_classes=k)


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}


class ScikitLearn:
    """Gradient descent with scikit-learn's loss and gradient; every call is synchronous."""

    runtime: ClassVar[str] = "scikit_learn"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._x = dataset.x.reshape(dataset.n, dataset.d).copy()
        self._y = dataset.y.astype(dataset.x.dtype)
        self._model, self._recipe = dataset.model, recipe
        self._shapes = parameter_shapes(dataset.model, dataset.d, dataset.classes)
        self._loss = LinearModelLoss(base_loss=MODELS[dataset.model](dataset.classes), fit_intercept=True)
        self._factor = 1 if dataset.model.classifies else 2
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]
        self._threads = max(pools, default=1)
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        w = start.w.reshape(self._x.shape[1], -1)
        together = np.concatenate([w, start.b.reshape(1, -1)]).T
        self._coef = np.array(together if self._model is Model.SOFTMAX else together[0], order="F")
        self._orders = iter([self._recipe.batching.rows(len(self._y), epoch) for epoch in range(epochs)])

    def epoch(self) -> None:
        step = self._recipe.learning_rate * self._factor
        for rows in next(self._orders):
            _, gradient = self._loss.loss_gradient(self._coef, self._x[rows], self._y[rows], n_threads=self._threads)
            self._coef -= step * gradient

    def synchronize(self) -> None:
        pass

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradient = self._loss.loss_gradient(self._coef, self._x, self._y, n_threads=self._threads)
        return float(self._factor * loss), self._split(self._factor * gradient)

    def predict(self, x: FloatArray) -> FloatArray:
        _, _, z = self._loss.weight_intercept_raw(self._coef, x.reshape(len(x), -1))
        if self._model is Model.SOFTMAX:
            return self._loss.base_loss.predict_proba(z)
        return self._loss.base_loss.link.inverse(z)

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        return frozenset({"cpu"})

    def params(self) -> Params:
        return self._split(self._coef)

    def _split(self, coef: np.ndarray) -> Params:
        w_shape, b_shape = self._shapes
        return Params(np.array(coef.T[:-1]).reshape(w_shape), np.array(coef.T[-1]).reshape(b_shape))
