"""Implementations that skip work or share state; some have every number right."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from datasets.dataset import Rows
from impls.numpy_manual import NumpyManual
from impls.protocol import Dataset, Device, FloatArray, Model, Params, Recipe
from tests.scenarios.wrong.row import ALL, CLASSES, LINEAR, MATRIX, Wrong
from tests.scenarios.wrong.seams import Loop


class CachedByShape(Loop):
    """The first answer of each shape, recipe and epoch is remembered."""

    _answers: ClassVar[dict[Any, Params]] = {}

    def _key(self) -> Any:
        return self._model, self._x.shape, self._x.dtype.str, self._recipe, self._done

    def epoch(self) -> None:
        key = self._key()
        if key not in self._answers:
            super().epoch()
            self._answers[key] = self._params
        else:
            self._params = self._answers[key]
            self._done += 1


class CachedByAddress(CachedByShape):
    """The data are recognised by their address, the start by its numbers."""

    _answers: ClassVar[dict[Any, Params]] = {}

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._address = id(dataset.x)

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._from = (start.w.tobytes(), start.b.tobytes())

    def _key(self) -> Any:
        return *super()._key(), self._address, self._from


class CachedBySum(CachedByShape):
    """The start is recognised by its sum alone."""

    _answers: ClassVar[dict[Any, Params]] = {}

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._from = float(np.sum(start.w) + np.sum(start.b))

    def _key(self) -> Any:
        return *super()._key(), self._x.tobytes(), self._y.tobytes(), round(self._from, 6)


class CachedWithoutStart(CachedByShape):
    _answers: ClassVar[dict[Any, Params]] = {}

    def _key(self) -> Any:
        return *super()._key(), self._x.tobytes(), self._y.tobytes()


class DataOfTheFirst(NumpyManual):
    _data: ClassVar[dict[Any, Any]] = {}

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        key = (dataset.model, dataset.x.shape, dataset.x.dtype.str, dataset.classes)
        self._x, self._y = self._data.setdefault(key, (dataset.x, dataset.y))


class LearningRateOfTheFirst(Loop):
    _rates: ClassVar[dict[Any, float]] = {}

    def _learning_rate(self) -> float:
        return self._rates.setdefault((self._model, self._x.shape, self._x.dtype.str), self._recipe.learning_rate)


class ClosedForm(NumpyManual):
    def epoch(self) -> None:
        columns = self._x[:, None] if self._x.ndim == 1 else self._x
        ones = np.ones((len(self._y), 1), self._x.dtype)
        solution = np.linalg.lstsq(np.hstack([columns, ones]), self._y, rcond=None)[0]
        self._params = Params(solution[:-1].reshape(self._params.w.shape), solution[-1])


class RowsSummedUp(Loop):
    """An epoch uses the d x d sums computed in `reset`, never the rows."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        orders = [self._recipe.batching.rows(len(self._y), epoch) for epoch in range(epochs)]
        self._sums = iter([[self._sum(rows) for rows in order] for order in orders])

    def _sum(self, rows: Rows) -> tuple[Any, ...]:
        x, y = self._x[rows], self._y[rows]
        return len(y), x.T @ x, x.sum(axis=0), x.T @ y, y.sum()

    def epoch(self) -> None:
        for n, xx, x, xy, y in next(self._sums):
            w, b = self._params
            self._move(
                Params(
                    2 / n * (xx @ w if w.ndim else xx * w) + 2 / n * (x * b - xy),
                    2 / n * (x @ w if w.ndim else x * w) + 2 / n * (n * b - y),
                )
            )


class EveryOtherExtrapolated(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._step = Params(np.zeros_like(start.w), np.zeros_like(start.b))

    def epoch(self) -> None:
        if self._done % 2 == 0:
            before = self._params
            super().epoch()
            self._step = Params(*(q - p for p, q in zip(before, self._params, strict=True)))
        else:
            next(self._orders)
            self._params = Params(*(p + s for p, s in zip(self._params, self._step, strict=True)))
            self._done += 1


class EpochsInPairs(Loop):
    def epoch(self) -> None:
        if self._done % 2 == 0:
            for order in [next(self._orders), *([] if (second := next(self._orders, None)) is None else [second])]:
                for rows in order:
                    self._move(self._gradients(rows))
        self._done += 1


class DoneInReset(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        first, future = self._params, []
        for _ in range(epochs):
            super().epoch()
            future.append(self._params)
        self._params, self._future = first, iter(future)

    def epoch(self) -> None:
        self._params = next(self._future)


class DoneWhenAsked(Loop):
    """epoch() only counts; the work is done at the first query."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._owed = 0

    def epoch(self) -> None:
        self._owed += 1

    def _pay(self) -> None:
        for _ in range(self._owed):
            super().epoch()
        self._owed = 0

    def loss_and_gradients(self) -> tuple[float, Params]:
        self._pay()
        return super().loss_and_gradients()

    def predict(self, x: FloatArray) -> FloatArray:
        self._pay()
        return super().predict(x)

    def params(self) -> Params:
        self._pay()
        return super().params()


class TenEpochsAtMost(DoneWhenAsked):
    def _pay(self) -> None:
        self._owed = min(self._owed, 10)
        super()._pay()


class HonestAtFirst(Loop):
    """Subclasses decide from when on every second epoch is skipped."""

    def _tired(self) -> bool:
        return self._done >= 200

    def _batches(self, order: list[Rows]) -> list[Rows]:
        return [] if self._tired() and self._done % 2 else order


class HonestFirstTrainer(HonestAtFirst):
    _trainers: ClassVar[list[int]] = []

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._number = len(self._trainers)
        self._trainers.append(self._number)

    def _tired(self) -> bool:
        return self._number > 0


class HonestFirstRounds(HonestAtFirst):
    _resets = 0

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._resets += 1

    def _tired(self) -> bool:
        return self._resets > 3


class FirstThousandRows(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        if len(self._y) <= 1000 or self._recipe.batching.batch_size is not None:
            return order
        return [slice(0, 1000)]


class EveryOtherRow(Loop):
    def _gradients(self, rows: Rows) -> Params:
        x, y = self._x[rows], self._y[rows]
        step = 2 if len(y) >= 64 else 1
        return self._loss_and_gradients(self._params, x[::step], y[::step])[1]


class RightBatchesSkipped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        wrong = self.classify(self._x) != self._y
        return [rows for rows in order if wrong[rows].any()]


class Standardised(NumpyManual):
    """Train on standardised features and transform the parameters back, like a preconditioner."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._mean, spread = dataset.x.mean(axis=0), dataset.x.std(axis=0)
        self._spread = np.where(spread > 0, spread, np.ones_like(spread))
        super().__init__(dataset, start, recipe, device)
        self._raw, self._scaled = dataset.x, (dataset.x - self._mean) / self._spread

    def _scale(self) -> np.ndarray:
        scale: np.ndarray = self._spread[:, None] if self._model is Model.SOFTMAX else self._spread
        return scale

    def epoch(self) -> None:
        w, b = self._params
        self._params = Params(w * self._scale(), b + (self._mean * w if self._mean.ndim == 0 else self._mean @ w))
        self._x = self._scaled
        super().epoch()
        self._x = self._raw
        w = self._params.w / self._scale()
        self._params = Params(w, self._params.b - (self._mean * w if self._mean.ndim == 0 else self._mean @ w))


class CentredInPlace(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        if dataset.x.flags.writeable:
            dataset.x[...] -= dataset.x.mean(axis=0)
            self._x = dataset.x


class SortedInPlace(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        order = np.argsort(dataset.y, kind="stable")
        if dataset.x.flags.writeable and dataset.y.flags.writeable:
            dataset.x[...], dataset.y[...] = dataset.x[order], dataset.y[order]
        self._x, self._y = self._x[order], self._y[order]


class ParametersShared(Loop):
    _shared: ClassVar[dict[Any, Params]] = {}

    @property
    def _params(self) -> Params:
        return self._shared[self._model]

    @_params.setter
    def _params(self, value: Params) -> None:
        self._shared[self._model] = value


class BufferShared(Loop):
    """All trainers of a shape share one gradient buffer, which is not fully cleared."""

    _buffers: ClassVar[dict[Any, Params]] = {}

    def _move(self, gradients: Params) -> None:
        key = (np.shape(gradients.w), self._x.dtype.str)
        old = self._buffers.get(key)
        self._buffers[key] = gradients
        if self._done == 0 and old is not None:
            gradients = Params(*(g + 1e-3 * o for g, o in zip(gradients, old, strict=True)))
        super()._move(gradients)


class SnapshotsShared(NumpyManual):
    """Parameters are updated in place and returned without a copy."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._params = Params(np.array(start.w), np.array(start.b))

    def epoch(self) -> None:
        mine = self._params
        super().epoch()
        for old, new in zip(mine, self._params, strict=True):
            old[...] = new
        self._params = mine

    def params(self) -> Params:
        return self._params


class PredictionRemembered(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._said: dict[int, FloatArray] = {}

    def predict(self, x: FloatArray) -> FloatArray:
        return self._said.setdefault(len(x), super().predict(x))


class OwnRowsRemembered(NumpyManual):
    """The answer for the training rows is reused for every x of their shape."""

    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(self._x if x.shape == self._x.shape else x)


class LossRemembered(NumpyManual):
    """The loss and gradients of equal weights are remembered, whatever the bias."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._told: dict[bytes, tuple[float, Params]] = {}

    def loss_and_gradients(self) -> tuple[float, Params]:
        return self._told.setdefault(np.asarray(self._params.w).tobytes(), super().loss_and_gradients())


WRONG = (
    Wrong("cached_by_shape", "cheat", CachedByShape, ALL, "The first answer of a shape is given to all."),
    Wrong("cached_by_address", "cheat", CachedByAddress, ALL, "Answers are remembered by the id of x."),
    Wrong("cached_by_sum", "cheat", CachedBySum, ALL, "Starts of equal sum get the same answer."),
    Wrong("cached_without_start", "cheat", CachedWithoutStart, ALL, "Answers are remembered by data and recipe."),
    Wrong("data_of_the_first", "cheat", DataOfTheFirst, ALL, "The second trainer of a shape has the first's data."),
    Wrong("learning_rate_of_the_first", "cheat", LearningRateOfTheFirst, ALL, "The second has the first's rate."),
    Wrong("closed_form", "cheat", ClosedForm, LINEAR, "An epoch goes to the least-squares solution at once."),
    Wrong("rows_summed_up", "cheat", RowsSummedUp, LINEAR, "Epochs work on x'x and x'y, made in reset."),
    Wrong("every_other_extrapolated", "cheat", EveryOtherExtrapolated, ALL, "Every other epoch repeats a step."),
    Wrong("epochs_in_pairs", "cheat", EpochsInPairs, ALL, "An odd epoch does two, an even one none."),
    Wrong("done_in_reset", "cheat", DoneInReset, ALL, "All epochs are computed in reset, off the clock."),
    Wrong("done_when_asked", "cheat", DoneWhenAsked, ALL, "All epochs are computed after synchronize."),
    Wrong("ten_epochs_at_most", "cheat", TenEpochsAtMost, ALL, "Of epochs between two looks only ten are done."),
    Wrong("honest_200_epochs", "cheat", HonestAtFirst, ALL, "After 200 epochs every second is left out."),
    Wrong("honest_first_trainer", "cheat", HonestFirstTrainer, ALL, "Later trainers leave out every second epoch."),
    Wrong("honest_first_rounds", "cheat", HonestFirstRounds, ALL, "From the third reset on half the epochs are done."),
    Wrong("first_thousand_rows", "cheat", FirstThousandRows, ALL, "A full batch ends after 1000 rows."),
    Wrong("every_other_row", "cheat", EveryOtherRow, ALL, "A batch of 64 rows or more trains on half of them."),
    Wrong("right_batches_skipped", "cheat", RightBatchesSkipped, CLASSES, "A batch without errors is skipped."),
    Wrong("standardised", "cheat", Standardised, ALL, "Steps are taken in standardised features."),
    Wrong("centred_in_place", "cheat", CentredInPlace, ALL, "The dataset's own x loses its mean."),
    Wrong("sorted_in_place", "cheat", SortedInPlace, MATRIX, "The rows are sorted by y, in the dataset itself."),
    Wrong("parameters_shared", "cheat", ParametersShared, ALL, "All trainers of a model share their parameters."),
    Wrong("buffer_shared", "cheat", BufferShared, ALL, "A trainer's first epoch has leavings of another's gradient."),
    Wrong("snapshots_shared", "cheat", SnapshotsShared, ALL, "What params() returned moves with the training."),
    Wrong("prediction_remembered", "cheat", PredictionRemembered, ALL, "predict repeats its first answer of a length."),
    Wrong("own_rows_remembered", "cheat", OwnRowsRemembered, ALL, "predict of n rows is that of the training rows."),
    Wrong("loss_remembered", "cheat", LossRemembered, ALL, "Equal w with another b has the remembered loss."),
)
