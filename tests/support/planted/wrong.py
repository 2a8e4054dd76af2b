"""Five wrong implementations, written the way an outside author would write them."""

from __future__ import annotations

import numpy as np

from impls.numpy_manual import NumpyManual, softmax
from impls.protocol import Array, Dataset, Device, Model, Params, Recipe


class _WithGradients(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        right = self._loss_and_gradients
        self._loss_and_gradients = lambda params, x, y: self.wrong(*right(params, x, y))

    def wrong(self, loss: Array, gradients: Params) -> tuple[Array, Params]:
        raise NotImplementedError


class GradientTimesTwo(_WithGradients):
    def wrong(self, loss: Array, gradients: Params) -> tuple[Array, Params]:
        return loss, Params(2 * gradients.w, 2 * gradients.b)


class BiasGradientMissing(_WithGradients):
    def wrong(self, loss: Array, gradients: Params) -> tuple[Array, Params]:
        return loss, Params(gradients.w, np.zeros_like(gradients.b))


class BatchDropped(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._orders = iter([order[:-1] if len(order) > 1 else order for order in self._orders])


class EpochTooMany(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs + 1)
        if epochs:
            super().epoch()


class WrongAxis(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        if dataset.model is Model.SOFTMAX:
            self._loss_and_gradients = _softmax_over_rows


def _softmax_over_rows(params: Params, x: Array, y: Array) -> tuple[Array, Params]:
    loss, _ = softmax(params, x, y)
    z = x @ params.w + params.b
    e = np.exp(z - z.max(axis=0))
    r = e / e.sum(axis=0)
    r[np.arange(len(y)), y] -= 1
    return loss, Params(x.T @ r / len(y), r.mean(axis=0))
