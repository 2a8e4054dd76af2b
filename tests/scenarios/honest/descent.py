"""Gradient descent around a `Way`, which holds what honest authors may do differently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from impls.protocol import Array, Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe, parameter_shapes

# The parameters as a `Way` keeps them; gradients have the same form.
State = tuple[Array, ...]


def _as_given(array: np.ndarray) -> Array:
    return array.copy()


@dataclass(frozen=True)
class Way:
    """One way of computing, from which a Descent is made.

    compute   (model, state, x, y) -> loss and gradients, over these rows
    predict   (model, state, x) -> the predictions of the Protocol
    place     a NumPy array -> the library's, laid out as this way wants it
    inside    (model, params) -> the parameters as this way keeps them
    outside   (model, state) -> w and b, in any shape of the right size and order
    """

    compute: Callable[[Model, State, Array, Array], tuple[Array, State]]
    predict: Callable[[Model, State, Array], Array]
    place: Callable[[np.ndarray], Array] = _as_given
    inside: Callable[[Model, State], State] = lambda model, params: params
    outside: Callable[[Model, State], State] = lambda model, state: state
    runtime: str = "numpy"

    def __call__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> Descent:
        return Descent(self, dataset, start, recipe)


class Descent:
    """p <- p - learning_rate * gradient, once per batch."""

    def __init__(self, way: Way, dataset: Dataset, start: Params, recipe: Recipe) -> None:
        self._way, self._dataset, self._recipe = way, dataset, recipe
        self._x, self._y = way.place(dataset.x), way.place(dataset.y)
        self.reset(start, 0)

    def reset(self, start: Params, epochs: int) -> None:
        placed = tuple(self._way.place(np.asarray(p)) for p in start)
        self._state = self._way.inside(self._dataset.model, placed)
        self._orders = iter([self._recipe.batching.rows(self._dataset.n, epoch) for epoch in range(epochs)])

    def epoch(self) -> None:
        for rows in next(self._orders):
            _, gradients = self._way.compute(self._dataset.model, self._state, self._x[rows], self._y[rows])
            self._state = tuple(p - self._recipe.learning_rate * g for p, g in zip(self._state, gradients, strict=True))

    def synchronize(self) -> None:
        pass

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = self._way.compute(self._dataset.model, self._state, self._x, self._y)
        return float(loss), self._on_host(gradients)

    def predict(self, x: FloatArray) -> FloatArray:
        return np.asarray(self._way.predict(self._dataset.model, self._state, self._way.place(x)))

    def classify(self, x: FloatArray) -> LabelArray:
        if not self._dataset.model.classifies:
            return np.zeros(len(x), np.int64)
        p = self.predict(x)
        return (p >= 0.5).astype(np.int64) if p.ndim == 1 else p.argmax(axis=1)

    def placement(self) -> frozenset[str]:
        return frozenset({"cpu"})

    def params(self) -> Params:
        return self._on_host(self._state)

    def _on_host(self, state: State) -> Params:
        shapes = parameter_shapes(self._dataset.model, self._dataset.d, self._dataset.classes)
        parts: Any = zip(self._way.outside(self._dataset.model, state), shapes, strict=True)
        return Params(*(np.asarray(part).reshape(shape).copy() for part, shape in parts))
