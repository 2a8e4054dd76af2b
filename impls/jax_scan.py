"""JAX at its best: the whole epoch in one compiled call, a scan over the batches.

What makes it fast, and where each idea comes from:

- *One call per epoch.* `jax.lax.scan` keeps the loop over the batches in the compiled program, whereas a Python loop
  pays for a dispatch each step (JAX's guide, "JAX control flow": scan; the training loops of Brax and PureJaxRL).
  The short last batch is a step after the scan, in the same call.
- *Class-major logits.* With w as (k, d) and z as (k, rows), XLA's CPU library computes both products, w x' and r x,
  directly; for the product x' r of (d, k) parameters it would transpose x first.
- *A label is compared, not looked up.* The derivative of `take_along_axis` is a scatter; that of a sum over the classes
  that equal the label is a fused subtraction (optax's one-hot losses, and XLA's advice against scatter on a CPU).
- *Parameters are donated*, so they are updated in their own memory (JAX's guide, "Buffer donation").

The losses of all batches are returned, as in `jax_grad`: XLA removes results that are not returned.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import repeat
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int

from impls.protocol import Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe
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
    """Return mean(log(sum_c exp z_c) - z_y), with w (k, d) and z (k, n)."""
    w, b = params
    z = w @ x.T + b[:, None]
    z_y = jnp.sum(z, axis=0, where=y == jnp.arange(len(b))[:, None])
    return jnp.mean(jax.nn.logsumexp(z, axis=0) - z_y)


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
    Model.SOFTMAX: lambda params, x: jax.nn.softmax(x @ params.w.T + params.b, axis=1),
}


@partial(jax.jit, static_argnames=("model", "size", "rest"), donate_argnames="params")
def _epoch(
    params: Params,
    learning_rate: Array,
    x: Array,
    y: Array,
    batches: Array,
    last: Array,
    *,
    model: str,
    size: int,
    rest: int,
) -> tuple[Params, Array, Array]:
    """Update the parameters once per batch, in order; return them and the losses.

    batches   the batches of `size` rows: the row numbers of each, or its first row
    last      the same for the batch of `rest` rows that follows them, if `rest` is not 0
    """

    def step(params: Params, rows: Array, size: int) -> tuple[Params, Array]:
        if rows.ndim:
            x_batch, y_batch = x[rows], y[rows]
        elif size < len(y):
            x_batch, y_batch = (jax.lax.dynamic_slice_in_dim(array, rows, size) for array in (x, y))
        else:
            x_batch, y_batch = x, y
        loss, gradients = jax.value_and_grad(MODELS[Model(model)])(params, x_batch, y_batch)
        return jax.tree.map(lambda p, g: p - learning_rate * g, params, gradients), loss

    params, losses = jax.lax.scan(partial(step, size=size), params, batches)
    if not rest:
        return params, losses, jnp.zeros((), losses.dtype)
    params, loss = step(params, last, rest)
    return params, losses, loss


# The batches of one size, the last batch, and the sizes of both.
_Order = tuple[Array, Array, int, int]

_VALUE_AND_GRAD = {model: jax.jit(jax.value_and_grad(loss)) for model, loss in MODELS.items()}
_PREDICT = {model: jax.jit(predict) for model, predict in PREDICTIONS.items()}


class JaxScan:
    """Gradient descent as one compiled call per epoch, dispatched without waiting for its end."""

    runtime: ClassVar[str] = "jax"

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._device = jax.devices(device.kind)[device.index]
        self._x, self._y = self._placed(dataset.x), self._placed(dataset.y)
        self._model, self._batching = dataset.model, recipe.batching
        self._ordered: _Order | None = None
        self._learning_rate = self._placed(np.asarray(recipe.learning_rate, dataset.x.dtype))
        self.reset(start, 0)

    def _placed(self, array: np.ndarray) -> Array:
        """Copy to the device; device_put alone would share an aligned array's memory, even with may_alias=False."""
        return jax.device_put(array.copy(), self._device)

    def reset(self, start: Params, epochs: int) -> None:
        """Keep the transpose of w, which changes nothing for models whose w has one axis or none."""
        self._params = Params(self._placed(start.w.T), self._placed(start.b))
        orders = (self._batching.rows(len(self._y), epoch) for epoch in range(epochs))
        if self._batching.shuffle:
            self._orders: Iterator[_Order] = iter([self._placed_order(order) for order in orders])
        else:
            self._ordered = self._ordered or self._placed_order(self._batching.rows(len(self._y), 0))
            self._orders = repeat(self._ordered, epochs)

    def _placed_order(self, order: list[slice | np.ndarray]) -> _Order:
        """Return the arguments of `_epoch`: the batches of one size, the last one if shorter, and both sizes."""
        rows = [one.start if isinstance(one, slice) else one for one in order]
        sizes = [one.stop - one.start if isinstance(one, slice) else len(one) for one in order] or [1]
        rest = sizes[-1] if sizes[-1] < sizes[0] else 0
        last = rows.pop() if rest else 0
        batches, last = (self._placed(np.asarray(each, np.int32)) for each in (rows, last))
        return batches, last, sizes[0], rest

    def epoch(self) -> None:
        batches, last, size, rest = next(self._orders)
        self._params, *_ = _epoch(
            self._params,
            self._learning_rate,
            self._x,
            self._y,
            batches,
            last,
            model=self._model.value,
            size=size,
            rest=rest,
        )

    def synchronize(self) -> None:
        jax.block_until_ready(self._params)

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = _VALUE_AND_GRAD[self._model](self._params, self._x, self._y)
        return float(loss), Params(np.asarray(gradients.w).T, np.asarray(gradients.b))

    def predict(self, x: FloatArray) -> FloatArray:
        return np.asarray(_PREDICT[self._model](self._params, self._placed(x)))

    def classify(self, x: FloatArray) -> LabelArray:
        if self._model is Model.LOGISTIC:
            return (self.predict(x) >= 0.5).astype(np.int64)
        if self._model is Model.SOFTMAX:
            return self.predict(x).argmax(axis=1)
        return np.zeros(len(x), np.int64)

    def placement(self) -> frozenset[str]:
        arrays = (self._x, self._y, *self._params)
        return frozenset(device_name(device) for array in arrays for device in array.devices())

    def params(self) -> Params:
        return Params(np.array(self._params.w).T, np.array(self._params.b))
