"""PyTorch tensors with gradients by autograd: each model is only `f(params, x, y) -> loss`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from impls.protocol import Dataset, Device, Feed, FloatArray, LabelArray, Model, Params, Recipe
from impls.runtimes.torch import placed


def simple_linear(params: Params, x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return mean((x w + b - y)^2)."""
    w, b = params
    return F.mse_loss(x * w + b, y)


def multivariate_linear(params: Params, x: Float[Tensor, "n d"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return mean((x w + b - y)^2)."""
    w, b = params
    return F.mse_loss(x @ w + b, y)


def logistic(params: Params, x: Float[Tensor, "n d"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return mean(log(1 + exp z) - y z), from the logits: binary_cross_entropy clamps its logarithm at -100."""
    w, b = params
    return F.binary_cross_entropy_with_logits(x @ w + b, y)


def softmax(params: Params, x: Float[Tensor, "n d"], y: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return mean(log(sum_c exp z_c) - z_y)."""
    w, b = params
    return F.cross_entropy(x @ w + b, y)


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}


class TorchAutograd:
    """Gradient descent with `torch.autograd.grad`, which returns gradients, so none need zeroing."""

    runtime: ClassVar[str] = "torch"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._device = torch.device(str(device))
        self._x, self._y = placed(dataset, self._device, recipe.feed)
        self._fed = recipe.feed is Feed.HOST
        self._model, self._loss = dataset.model, MODELS[dataset.model]
        self._recipe = recipe
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        self._params = Params(*(torch.tensor(p, device=self._device, requires_grad=True) for p in start))
        orders = [self._recipe.batching.rows(len(self._y), epoch) for epoch in range(epochs)]
        self._orders = iter([[self._placed(rows) for rows in order] for order in orders])

    def _placed(self, rows: slice | np.ndarray) -> slice | Tensor | None:
        """Place the row numbers of a batch on the device of the rows; None means all rows, without indexing."""
        if isinstance(rows, slice):
            return None if rows == slice(0, len(self._y)) else rows
        return torch.tensor(rows, device=self._x.device)

    def _picked(self, rows: slice | Tensor | None) -> tuple[Tensor, Tensor]:
        x, y = (self._x, self._y) if rows is None else (self._x[rows], self._y[rows])
        return (x.to(self._device), y.to(self._device)) if self._fed else (x, y)

    def epoch(self) -> None:
        for rows in next(self._orders):
            loss = self._loss(self._params, *self._picked(rows))
            gradients = torch.autograd.grad(loss, self._params)
            with torch.no_grad():
                for p, g in zip(self._params, gradients, strict=True):
                    p.sub_(g, alpha=self._recipe.learning_rate)

    def synchronize(self) -> None:
        if self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss = self._loss(self._params, *self._picked(None))
        gradients = torch.autograd.grad(loss, self._params)
        return loss.item(), Params(*(g.cpu().numpy() for g in gradients))

    @torch.no_grad()
    def predict(self, x: FloatArray) -> FloatArray:
        w, b = self._params
        rows = torch.tensor(x, device=self._device)
        z = rows * w + b if self._model is Model.SIMPLE_LINEAR else rows @ w + b
        if self._model is Model.LOGISTIC:
            z = torch.sigmoid(z)
        if self._model is Model.SOFTMAX:
            z = torch.softmax(z, dim=1)
        return z.cpu().numpy()

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        rows = self._picked(slice(0, 1))
        return frozenset(str(t.device) for t in (*rows, *self._params))

    def params(self) -> Params:
        return Params(*(p.detach().cpu().numpy().copy() for p in self._params))
