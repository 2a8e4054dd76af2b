"""The interface of an implementation. Read this first.

x  features          (n,) for simple_linear, else (n, d)
y  targets           (n,): numbers, 0/1, or class indices
w  weights           (), (d,) or (d, k)
b  bias              () or (k,)
z  x w + b           (n,) or (n, k)
n  rows   d  features   k  classes

The arrays keep the dtype of the dataset, float32 or float64, everywhere: parameters,
gradients, predictions and all state kept between epochs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from datasets.dataset import Batching, Dataset, FloatArray, LabelArray, Model, Rows

# An array of any library; this file imports none of them.
Array = Any


class Params(NamedTuple):
    """The parameters w and b of z = x w + b; gradients have the same form.

    simple_linear                   w ()      b ()       x (n,)
    multivariate_linear, logistic   w (d,)    b ()       x (n, d)
    softmax                         w (d, k)  b (k,)     x (n, d)
    """

    w: Array
    b: Array


def parameter_shapes(model: Model, d: int, k: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of w and b, as `Params` lists them."""
    match model:
        case Model.SIMPLE_LINEAR:
            return (), ()
        case Model.MULTIVARIATE_LINEAR | Model.LOGISTIC:
            return (d,), ()
        case Model.SOFTMAX:
            return (d, k), (k,)


def zeros(dataset: Dataset) -> Params:
    """Return the start of the lessons: every parameter 0, in the dataset's dtype."""
    w, b = parameter_shapes(dataset.model, dataset.d, dataset.classes)
    return Params(np.zeros(w, dataset.x.dtype), np.zeros(b, dataset.x.dtype))


class Feed(StrEnum):
    """Where the rows are when an epoch begins.

    device   all of them on the device, which must have enough memory
    host     in the host's memory, or mapped from disk; moving each batch to the device is on the clock
    """

    DEVICE = "device"
    HOST = "host"


@dataclass(frozen=True)
class Recipe:
    """How parameters are updated (p <- p - learning_rate * gradient, once per batch), and where the rows are."""

    learning_rate: float
    batching: Batching = Batching()
    feed: Feed = Feed.DEVICE


@dataclass(frozen=True)
class Device:
    """The device of a trainer, in torch's names: cpu, cuda:0; each runtime translates them."""

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


@runtime_checkable
class Trainer(Protocol):
    """Train one model on one dataset and device; all rows are on the device unless the recipe feeds them from the host.

    Creating a trainer (see `Implementation`) and `reset` are off the clock; `epoch` and `synchronize` are on it.
    """

    def reset(self, start: Params, epochs: int) -> None:
        """Go back to epoch 0 with these parameters (NumPy arrays, copied, never written to).

        The data stay where they are. Draw the row orders of the next `epochs` epochs,
        `recipe.batching.rows(n, 0)` to `rows(n, epochs - 1)`, and place them on the device.
        The harness calls this before the first epoch, and never runs more epochs than it announced.
        """
        ...

    def epoch(self) -> None:
        """Start one pass over the rows, with one update per batch; may return before the device is done."""
        ...

    def synchronize(self) -> None:
        """Wait until all work that `epoch` started has ended."""
        ...

    def loss_and_gradients(self) -> tuple[float, Params]:
        """Return the loss and its gradients over all rows at the current parameters."""
        ...

    def predict(self, x: FloatArray) -> FloatArray:
        """Return y, or p(class 1), each (n,), or the (n, k) class probabilities of these rows."""
        ...

    def classify(self, x: FloatArray) -> LabelArray:
        """Return (n,) int64 labels: p >= 0.5, or the first of the largest p; zeros for the linear models."""
        ...

    def placement(self) -> frozenset[str]:
        """Return the devices of data and parameters, read from the arrays themselves."""
        ...

    def params(self) -> Params:
        """Return the current parameters as NumPy arrays on the host."""
        ...


@runtime_checkable
class Implementation(Protocol):
    """A class of trainers; calling it with a dataset, a start, a recipe and a device returns a trainer."""

    @property
    def runtime(self) -> object:
        """The name of the library that computes, such as "numpy", "torch", "jax" or "numba".

        Or an object with the functions of `impls.runtimes.Runtime`, if more is to be said of the library than its
        version: its devices, settings, compilations.
        """
        ...

    def __call__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device, /) -> Trainer:
        """Copy the rows to the device (with `Feed.HOST`, keep the arrays as given); return a trainer at epoch 0.

        Off the clock. In a worker the arrays are a mapped file that all workers share, so rows on a CPU are
        copied too, into memory that the library allocates. With `Feed.HOST` a trainer keeps no rows of its own: an
        epoch trains on what the arrays hold while it runs.
        """
        ...


__all__ = [
    "Array",
    "Batching",
    "Dataset",
    "Device",
    "Feed",
    "FloatArray",
    "Implementation",
    "LabelArray",
    "Model",
    "NDArray",
    "Params",
    "Recipe",
    "Rows",
    "Trainer",
    "parameter_shapes",
    "zeros",
]
