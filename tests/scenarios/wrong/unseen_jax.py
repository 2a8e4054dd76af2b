"""Faults that JAX invites."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from impls.jax_grad import MODELS, JaxGrad
from impls.protocol import Dataset, Device, FloatArray, Model, Params, Recipe
from tests.scenarios.wrong.row import ALL, FLOAT64, LOGISTIC, SOFTMAX, Wrong


def _chosen(rows: Array | None, size: int) -> Any:
    """Return how to select the rows of a batch: None for all, or the first row and the size."""
    if rows is None:
        return slice(None)
    return rows if rows.ndim else slice(int(rows), int(rows) + size)


class Loss(JaxGrad):
    """Its loss is `wrong`, compiled once per class and shape, for steps and queries."""

    value_and_grad: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        cls.value_and_grad = staticmethod(
            jax.jit(
                lambda params, x, y, model: jax.value_and_grad(partial(cls.wrong, model))(params, x, y),
                static_argnums=3,
            )
        )

    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        return MODELS[model](params, x, y)

    def epoch(self) -> None:
        for _, _, rows, size in next(self._orders):
            chosen, rate = _chosen(rows, size), self._learning_rate
            _, gradients = self.value_and_grad(self._params, self._x[chosen], self._y[chosen], self._model)
            self._params = Params(*(p - rate * g for p, g in zip(self._params, gradients, strict=True)))

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = self.value_and_grad(self._params, self._x, self._y, self._model)
        return float(loss), Params(*(np.asarray(g) for g in gradients))


class Log1pExp(Loss):
    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        z = x @ params.w + params.b
        return jnp.mean(jnp.log1p(jnp.exp(z)) - y * z)


class GuardedLog1pExp(Loss):
    """jnp.where hides the overflow from the loss, but the gradient of the branch not taken is 0 * inf."""

    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        z = x @ params.w + params.b
        return jnp.mean(jnp.where(z > 30, z, jnp.log1p(jnp.exp(z))) - y * z)


class ReluKink(Loss):
    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        z = x @ params.w + params.b
        return jnp.mean(jax.nn.relu(z) - y * z + jnp.log1p(jnp.exp(-jnp.abs(z))))


class LogOfSoftmax(Loss):
    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        p = jax.nn.softmax(x @ params.w + params.b, axis=1)
        return -jnp.mean(jnp.log(jnp.take_along_axis(p, y[:, None], axis=1)))


class TenClasses(Loss):
    """One-hot rows of a fixed ten classes: labels beyond 9 are all zeros."""

    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        z = x @ params.w + params.b
        hot = jax.nn.one_hot(jnp.where(y < 10, y, -1), z.shape[1], dtype=z.dtype)
        return -jnp.mean(jnp.sum(hot * jax.nn.log_softmax(z, axis=1), axis=1))


class Bfloat16Product(Loss):
    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        short = Params(params.w.astype(jnp.bfloat16).astype(x.dtype), params.b)
        return MODELS[model](short, x.astype(jnp.bfloat16).astype(x.dtype), y)


class X64Forgotten(Loss):
    @staticmethod
    def wrong(model: Model, params: Params, x: Array, y: Array) -> Array:
        y = y if model is Model.SOFTMAX else y.astype(jnp.float32)
        loss = MODELS[model](jax.tree.map(lambda p: p.astype(jnp.float32), params), x.astype(jnp.float32), y)
        return loss.astype(x.dtype)


class LastBatchClamped(JaxGrad):
    """dynamic_slice with a full batch_size near the end moves its start back."""

    def _placed_rows(self, rows: slice | np.ndarray) -> tuple[Array | None, int]:
        if isinstance(rows, slice) and self._batching.batch_size is not None:
            size = min(self._batching.batch_size, len(self._y))
            return self._placed(np.asarray(rows.start, np.int32)), size
        return super()._placed_rows(rows)


class DataAsConstants(JaxGrad):
    """The compiled step closes over the first data of each shape."""

    _steps: ClassVar[dict[Any, Any]] = {}

    def epoch(self) -> None:
        key = (self._model, self._x.shape, self._x.dtype.name, len(self._params.b.shape))
        if key not in self._steps:
            loss, x, y = MODELS[self._model], self._x, self._y

            def step(params: Params, rate: Array, rows: Array) -> Params:
                gradients = jax.grad(loss)(params, x[rows], y[rows])
                return Params(*(p - rate * g for p, g in zip(params, gradients, strict=True)))

            self._steps[key] = jax.jit(step)
        for _, _, rows, size in next(self._orders):
            numbers = jnp.arange(len(self._y))[_chosen(rows, size)]
            self._params = self._steps[key](self._params, self._learning_rate, numbers)


class RateAtTraceTime(Loss):
    """The rate is a Python global, read while the step is traced, once per shape."""

    _rate: ClassVar[list[float]] = [0.0]

    @staticmethod
    @partial(jax.jit, static_argnames=("model",))
    def _traced(params: Params, x: Array, y: Array, model: Model) -> Params:
        gradients = jax.grad(MODELS[model])(params, x, y)
        rate = RateAtTraceTime._rate[0]
        return Params(*(p - rate * g for p, g in zip(params, gradients, strict=True)))

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._rate[0] = recipe.learning_rate

    def epoch(self) -> None:
        for _, _, rows, size in next(self._orders):
            chosen = _chosen(rows, size)
            self._params = self._traced(self._params, self._x[chosen], self._y[chosen], self._model)


class RateInFloat32(JaxGrad):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        rate = np.asarray(recipe.learning_rate, np.float32).astype(dataset.x.dtype)
        self._learning_rate = self._placed(rate)


class Unsynchronized(JaxGrad):
    def synchronize(self) -> None:
        pass


class PredictsWithCompiledParams(JaxGrad):
    """The parameters were closed over when predict was first compiled for this trainer and shape."""

    def predict(self, x: FloatArray) -> FloatArray:
        self._compiled: dict[Any, Any] = getattr(self, "_compiled", {})
        if x.shape not in self._compiled:
            self._compiled[x.shape] = Params(*(np.array(p) for p in self._params))
        present = self._params
        self._params = Params(*(self._placed(p) for p in self._compiled[x.shape]))
        answer = super().predict(x)
        self._params = present
        return answer


WRONG = (
    Wrong("log1p_exp", "stability", Log1pExp, LOGISTIC, "exp(z) overflows, in loss and gradient."),
    Wrong("guarded_log1p_exp", "stability", GuardedLog1pExp, LOGISTIC, "The loss is right, its gradient NaN."),
    Wrong("relu_kink", "formula", ReluKink, LOGISTIC, "The derivative at z = 0 is 0, not 1/2."),
    Wrong("log_of_softmax", "stability", LogOfSoftmax, SOFTMAX, "log(0) when a probability rounds to 0."),
    Wrong("ten_classes", "formula", TenClasses, SOFTMAX, "Labels from 10 on teach nothing."),
    Wrong("bfloat16_product", "precision", Bfloat16Product, ALL, "x and w are bfloat16 in the product x w."),
    Wrong("x64_forgotten", "precision", X64Forgotten, ALL, "Losses and gradients are computed in float32.", FLOAT64),
    Wrong("last_batch_clamped", "loop", LastBatchClamped, ALL, "A short last batch is the last batch_size rows."),
    Wrong("data_as_constants", "cheat", DataAsConstants, ALL, "The second trainer of a shape has the first's data."),
    Wrong("rate_at_trace_time", "cheat", RateAtTraceTime, ALL, "The second trainer of a shape has the first's rate."),
    Wrong("rate_in_float32", "precision", RateInFloat32, ALL, "The learning rate is rounded to float32.", FLOAT64),
    Wrong("unsynchronized", "cheat", Unsynchronized, ALL, "synchronize does not wait."),
    Wrong("predicts_at_compile_time", "prediction", PredictsWithCompiledParams, ALL, "predict has old parameters."),
)
