"""PyTorch at its best: the whole step, from the rows to the updated parameters, compiled into one graph.

What makes it fast, and where each idea comes from:

- *One graph.* `torch.compile` (Ansel et al., "PyTorch 2", ASPLOS 2024) fuses into loops what eager mode does one
  operation and one array at a time; no autograd graph is recorded or walked at run time.
- *The gradient is in the graph.* `torch.func.grad_and_value` is traced, whereas `backward` would run outside the graph
  (PyTorch's tutorial on per-sample gradients; functorch).
- *Shapes are constants* (`dynamic=False`), so each loop is compiled for its length: a new shape costs seconds, off
  the clock (the manual's page on dynamic shapes says what general code costs).

Nothing falls back to eager mode: `fullgraph=True` raises on a graph break and at the recompile limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
import torch._dynamo.config as dynamo
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.func import grad_and_value

from impls.protocol import Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe

# Every new shape is compiled; at the default limit of eight, `fullgraph` would refuse a model's ninth shape.
dynamo.recompile_limit = dynamo.accumulated_recompile_limit = 10_000


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


Loss = Callable[[Params, Tensor, Tensor], Tensor]
Step = Callable[[Params, Tensor, Tensor, Tensor, Tensor | None], tuple[Params, Tensor]]


def _compiled(loss: Loss) -> Step:
    """Return the compiled step of a model, which returns new parameters and the loss of the batch.

    It updates nothing in place: inductor treats a float64 tensor without axes as a number, and loses what is written
    to it.
    """

    def step(params: Params, learning_rate: Tensor, x: Tensor, y: Tensor, rows: Tensor | None) -> tuple[Params, Tensor]:
        if rows is not None:
            x, y = x[rows], y[rows]
        gradients, value = grad_and_value(loss)(params, x, y)
        return Params(*(p - learning_rate * g for p, g in zip(params, gradients, strict=True))), value

    return torch.compile(step, fullgraph=True, dynamic=False)


_STEPS = {model: _compiled(loss) for model, loss in MODELS.items()}


class TorchCompile:
    """Gradient descent as a Python loop over a compiled step."""

    runtime: ClassVar[str] = "torch"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._device = torch.device(str(device))
        self._x = torch.tensor(dataset.x, device=self._device)
        self._y = torch.tensor(dataset.y, device=self._device)
        self._model, self._step = dataset.model, _STEPS[dataset.model]
        self._batching = recipe.batching
        self._learning_rate = torch.tensor(recipe.learning_rate, dtype=self._x.dtype, device=self._device)
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        self._params = Params(*(torch.tensor(p, device=self._device) for p in start))
        orders = [self._batching.rows(len(self._y), epoch) for epoch in range(epochs)]
        self._orders = iter([[self._placed(rows) for rows in order] for order in orders])

    def _placed(self, rows: slice | np.ndarray) -> slice | Tensor | None:
        """Place the row numbers of a batch on the device; None means all rows, without indexing."""
        if isinstance(rows, slice):
            return None if rows == slice(0, len(self._y)) else rows
        return torch.tensor(rows, device=self._device)

    def epoch(self) -> None:
        learning_rate, x, y = self._learning_rate, self._x, self._y
        for rows in next(self._orders):
            if isinstance(rows, slice):
                self._params, _ = self._step(self._params, learning_rate, x[rows], y[rows], None)
            else:
                self._params, _ = self._step(self._params, learning_rate, x, y, rows)

    def synchronize(self) -> None:
        if self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)

    def loss_and_gradients(self) -> tuple[float, Params]:
        gradients, loss = grad_and_value(MODELS[self._model])(self._params, self._x, self._y)
        return loss.item(), Params(*(g.cpu().numpy() for g in gradients))

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
        return frozenset(str(t.device) for t in (self._x, self._y, *self._params))

    def params(self) -> Params:
        return Params(*(p.cpu().numpy().copy() for p in self._params))
