"""PyTorch modules: `f(d, k) -> (module, criterion)`, an optimizer, and the loop of every tutorial.

The linear models and logistic have one output column, so their targets are kept as a column too:
a criterion given (n, 1) and (n,) would broadcast to (n, n).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from impls.protocol import Dataset, Device, Feed, FloatArray, LabelArray, Model, Params, Recipe, parameter_shapes
from impls.runtimes.torch import placed


def simple_linear(d: int, k: int) -> tuple[nn.Linear, nn.Module]:
    """Return x w + b for one feature, and mean((z - y)^2)."""
    return nn.Linear(1, 1), nn.MSELoss()


def multivariate_linear(d: int, k: int) -> tuple[nn.Linear, nn.Module]:
    """Return x w + b, and mean((z - y)^2)."""
    return nn.Linear(d, 1), nn.MSELoss()


def logistic(d: int, k: int) -> tuple[nn.Linear, nn.Module]:
    """Return the logits x w + b, and mean(log(1 + exp z) - y z)."""
    return nn.Linear(d, 1), nn.BCEWithLogitsLoss()


def softmax(d: int, k: int) -> tuple[nn.Linear, nn.Module]:
    """Return the logits x w + b, and mean(log(sum_c exp z_c) - z_y)."""
    return nn.Linear(d, k), nn.CrossEntropyLoss()


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}


class TorchNN:
    """Gradient descent with nn.Linear, a criterion module and optim.SGD."""

    runtime: ClassVar[str] = "torch"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._device = torch.device(str(device))
        self._model, self._recipe = dataset.model, recipe
        self._shapes = parameter_shapes(dataset.model, dataset.d, dataset.classes)
        x, y = placed(dataset, self._device, recipe.feed)
        self._fed = recipe.feed is Feed.HOST
        self._x = self._columns(x)
        self._y = y if dataset.model is Model.SOFTMAX else y[:, None]
        module, self._criterion = MODELS[dataset.model](dataset.d, dataset.classes)
        self._module = module.to(device=self._device, dtype=self._x.dtype)
        self._optimizer = torch.optim.SGD(self._module.parameters(), lr=recipe.learning_rate)
        self.reset(start, 0)

    @staticmethod
    def _columns(x: Tensor) -> Tensor:
        return x[:, None] if x.ndim == 1 else x

    @torch.no_grad()
    def reset(self, start: Params, epochs: int) -> None:
        """Copy w transposed: nn.Linear keeps its weight as (outputs, inputs)."""
        self._module.weight.copy_(torch.tensor(start.w).reshape(self._module.weight.T.shape).T)
        self._module.bias.copy_(torch.tensor(start.b))
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
            x, y = self._picked(rows)
            self._optimizer.zero_grad()
            self._criterion(self._module(x), y).backward()
            self._optimizer.step()

    def synchronize(self) -> None:
        if self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)

    def loss_and_gradients(self) -> tuple[float, Params]:
        x, y = self._picked(None)
        loss = self._criterion(self._module(x), y)
        gradients = torch.autograd.grad(loss, (self._module.weight, self._module.bias))
        return loss.item(), self._on_host(*gradients)

    @torch.no_grad()
    def predict(self, x: FloatArray) -> FloatArray:
        z = self._module(self._columns(torch.tensor(x, device=self._device)))
        if self._model is Model.SOFTMAX:
            return torch.softmax(z, dim=1).cpu().numpy()
        if self._model is Model.LOGISTIC:
            z = torch.sigmoid(z)
        return z[:, 0].cpu().numpy()

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        rows = self._picked(slice(0, 1))
        return frozenset(str(t.device) for t in (*rows, *self._module.parameters()))

    def params(self) -> Params:
        return self._on_host(self._module.weight.detach(), self._module.bias.detach())

    def _on_host(self, weight: Tensor, bias: Tensor) -> Params:
        w_shape, b_shape = self._shapes
        return Params(
            weight.T.cpu().numpy().reshape(w_shape).copy(),
            bias.cpu().numpy().reshape(b_shape).copy(),
        )
