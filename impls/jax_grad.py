"""JAX: `f(params, x, y) -> loss`, differentiated by `jax.grad` and compiled one step at a time.

The losses are written out, since JAX has no loss functions of its own; logaddexp and logsumexp are
stable, and so are their derivatives (that of max(z, 0) + log1p(exp(-|z|)) is wrong at z = 0).
Everything is compiled at module level: a second trainer of the same shapes compiles nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int

from impls.protocol import Dataset, Device, Feed, FloatArray, LabelArray, Model, Params, Recipe, Rows
from impls.runtimes.jax import device_name


def simple_linear(params: Params, x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Return mean((x w + b - y)^2)."""
    w, b = params
    return jnp.mean((x * w + b - y) ** 2)


def multivariate_linear(params: Params, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Return mean((x w + b - y)^2)."""
    w, b = params
    return jnp.mean((x @ w + b - y) ** 2)


def logistic(params: Params, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Return mean(log(1 + exp z) - y z)."""
    w, b = params
    z = x @ w + b
    return jnp.mean(jnp.logaddexp(0, z) - y * z)


def softmax(params: Params, x: Float[Array, "n d"], y: Int[Array, " n"]) -> Float[Array, ""]:
    """Return mean(log(sum_c exp z_c) - z_y)."""
    w, b = params
    z = x @ w + b
    z_y = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - z_y)


MODELS = {
    Model.SIMPLE_LINEAR: simple_linear,
    Model.MULTIVARIATE_LINEAR: multivariate_linear,
    Model.LOGISTIC: logistic,
    Model.SOFTMAX: softmax,
}

PREDICTIONS = {
    Model.SIMPLE_LINEAR: lambda params, x: x * params.w + params.b,
    Model.MULTIVARIATE_LINEAR: lambda params, x: x @ params.w + params.b,
    Model.LOGISTIC: lambda params, x: jax.nn.sigmoid(x @ params.w + params.b),
    Model.SOFTMAX: lambda params, x: jax.nn.softmax(x @ params.w + params.b, axis=1),
}


@partial(jax.jit, static_argnames=("model", "size"))
def _step(
    params: Params, learning_rate: Array, x: Array, y: Array, rows: Array | None, model: str, size: int
) -> tuple[Params, Array]:
    """Update the parameters on one batch; `rows` holds its row numbers, its first row, or None for all rows.

    The loss is returned too. Otherwise XLA would remove it, and JAX would do less work than the
    others, which all compute the loss of every batch. The model is a plain string because JAX looks up an
    enum member in Python, which costs a tenth of a small step; keyword arguments cost a little too.
    """
    if rows is not None and rows.ndim:
        x, y = x[rows], y[rows]
    elif rows is not None:
        x, y = (jax.lax.dynamic_slice_in_dim(array, rows, size) for array in (x, y))
    loss, gradients = jax.value_and_grad(MODELS[Model(model)])(params, x, y)
    return jax.tree.map(lambda p, g: p - learning_rate * g, params, gradients), loss


_VALUE_AND_GRAD = {model: jax.jit(jax.value_and_grad(loss)) for model, loss in MODELS.items()}
_PREDICT = {model: jax.jit(predict) for model, predict in PREDICTIONS.items()}


# x, y, their rows in the batch (row numbers, the first row, or None for all), and how many.
Batch = tuple[Array, Array, Array | None, int]


class JaxGrad:
    """Gradient descent as a Python loop over a compiled step; steps are dispatched without waiting for them."""

    runtime: ClassVar[str] = "jax"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._device = jax.devices(device.kind)[device.index]
        self._fed = recipe.feed is Feed.HOST
        self._x, self._y = self._held(dataset.x), self._held(dataset.y)
        self._model, self._name, self._batching = dataset.model, dataset.model.value, recipe.batching
        self._first_rows: dict[int, Array] = {}
        self._learning_rate = self._placed(np.asarray(recipe.learning_rate, dataset.x.dtype))
        self.reset(start, 0)

    def _placed(self, array: np.ndarray) -> Array:
        """Copy to the device; device_put alone would share an aligned array's memory, even with may_alias=False."""
        return jax.device_put(array.copy(), self._device)

    def _held(self, array: np.ndarray) -> Any:
        """Return where the rows are kept: an array on the device, or the host's array."""
        return array if self._fed else self._placed(array)

    def reset(self, start: Params, epochs: int) -> None:
        self._params = Params(*(self._placed(p) for p in start))
        orders = [self._batching.rows(len(self._y), epoch) for epoch in range(epochs)]
        self._orders = iter([self._brought(order) if self._fed else self._picked(order) for order in orders])

    def _picked(self, order: Iterable[Rows]) -> list[Batch]:
        """Return the arguments of `_step` for each batch: the data, which rows, and how many."""
        return [(self._x, self._y, *self._placed_rows(rows)) for rows in order]

    def _brought(self, order: Iterable[Rows]) -> Iterator[Batch]:
        """Yield the same for rows on the host, moving each batch to the device when it is needed."""
        for rows in order:
            x, y = (jax.device_put(array[rows], self._device) for array in (self._x, self._y))
            yield x, y, None, len(y)

    def _placed_rows(self, rows: Rows) -> tuple[Array | None, int]:
        if not isinstance(rows, slice):
            return self._placed(rows.astype(np.int32)), len(rows)
        if rows == slice(0, len(self._y)):
            return None, len(self._y)
        return self._first_row(rows.start), rows.stop - rows.start

    def _first_row(self, number: int) -> Array:
        if number not in self._first_rows:
            self._first_rows[number] = self._placed(np.asarray(number, np.int32))
        return self._first_rows[number]

    def epoch(self) -> None:
        for x, y, rows, size in next(self._orders):
            self._params, _ = _step(self._params, self._learning_rate, x, y, rows, self._name, size)

    def synchronize(self) -> None:
        jax.block_until_ready(self._params)

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = _VALUE_AND_GRAD[self._model](self._params, self._x, self._y)
        return float(loss), Params(*(np.asarray(g) for g in gradients))

    def predict(self, x: FloatArray) -> FloatArray:
        return np.asarray(_PREDICT[self._model](self._params, self._placed(x)))

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        arrays = self._params if self._fed else (self._x, self._y, *self._params)
        return frozenset(device_name(device) for array in arrays for device in array.devices())

    def params(self) -> Params:
        return Params(*(np.array(p) for p in self._params))
