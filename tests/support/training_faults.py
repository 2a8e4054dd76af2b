"""Implementations with a single fault in training: in the batches, or in the parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from impls.numpy_manual import NumpyManual
from impls.protocol import Batching, Dataset, Device, Implementation, Params, Recipe

Rows = list[slice | np.ndarray]
LATE = 3  # the first epoch whose parameters a late fault changes


class _Counting(NumpyManual):
    """Count the epochs since the last reset."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self.done = 0

    def epoch(self) -> None:
        super().epoch()
        self.done += 1


def scaled_by(factor: float) -> type[NumpyManual]:
    """Return an implementation that multiplies its parameters by `factor` after every epoch from the third on."""

    class Scaled(_Counting):
        def epoch(self) -> None:
            super().epoch()
            if self.done >= LATE:
                self._params = Params(*(np.asarray(p * p.dtype.type(factor)) for p in self._params))

    return Scaled


def batched(batches: Callable[[Rows, int], Rows]) -> Implementation:
    """Return an implementation that trains on the result of `batches` for each epoch, counted from 0."""

    class Changed(Batching):
        def rows(self, n: int, epoch: int) -> Rows:
            return batches(super().rows(n, epoch), epoch)

    def make(dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> NumpyManual:
        return NumpyManual(dataset, start, replace(recipe, batching=Changed(**vars(recipe.batching))), device)

    return make  # type: ignore[return-value]  # the gate's workers ask for a runtime; tests do not


def _one_row_twice(dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> NumpyManual:
    """Train with the middle row replaced by the row after it."""
    x, y, middle = dataset.x.copy(), dataset.y.copy(), (dataset.n - 1) // 2
    x[middle], y[middle] = x[(middle + 1) % dataset.n], y[(middle + 1) % dataset.n]
    return NumpyManual(replace(dataset, x=x, y=y), start, recipe, device)


class _OrderOfTheEpochBefore(Batching):
    def rows(self, n: int, epoch: int) -> Rows:
        return super().rows(n, max(0, epoch - 1))


def _late_order(dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> NumpyManual:
    batching = _OrderOfTheEpochBefore(**vars(recipe.batching))
    return NumpyManual(dataset, start, replace(recipe, batching=batching), device)


LATE_ORDER = "the order of the epoch before"
FAULTS: dict[str, Implementation] = {
    "every tenth batch": batched(lambda batches, _: batches[::10]),
    "every other batch from the second epoch on": batched(lambda batches, epoch: batches[:: 2 if epoch else 1]),
    "without the last batch": batched(lambda batches, _: batches[:-1]),
    "one row read twice": _one_row_twice,  # type: ignore[dict-item]  # as in `batched`
    LATE_ORDER: _late_order,  # type: ignore[dict-item]  # as in `batched`
    "parameters 1e-2 off": scaled_by(1 + 1e-2),
    "parameters 1e-3 off": scaled_by(1 + 1e-3),
    "parameters 1e-4 off": scaled_by(1 + 1e-4),
}
