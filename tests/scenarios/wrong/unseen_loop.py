"""Wrong loops and wrong starts."""

from __future__ import annotations

import numpy as np

from datasets.dataset import Rows
from impls.numpy_manual import NumpyManual
from impls.protocol import Batching, Params
from tests.scenarios.wrong.row import ALL, FLOAT64, Wrong
from tests.scenarios.wrong.seams import Loop


def _row_numbers(rows: Rows, n: int) -> np.ndarray:
    return np.arange(n)[rows]


class Momentum(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._velocity = Params(np.zeros_like(start.w), np.zeros_like(start.b))

    def _move(self, gradients: Params) -> None:
        self._velocity = Params(*(0.01 * v + g for v, g in zip(self._velocity, gradients, strict=True)))
        super()._move(self._velocity)


class WeightDecay(Loop):
    def _gradients(self, rows: Rows) -> Params:
        g = super()._gradients(rows)
        return Params(g.w + 1e-6 * self._params.w, g.b)


class LearningRateOff(Loop):
    def _learning_rate(self) -> float:
        return self._recipe.learning_rate * (1 + 1e-5)


class LearningRateInFloat32(Loop):
    def _learning_rate(self) -> float:
        return float(np.float32(self._recipe.learning_rate))


class LearningRatePrinted(Loop):
    def _learning_rate(self) -> float:
        return float(f"{self._recipe.learning_rate:.4g}")


class LearningRateCapped(Loop):
    def _learning_rate(self) -> float:
        return min(self._recipe.learning_rate, 0.5)


class LearningRateDecays(Loop):
    def _learning_rate(self) -> float:
        return self._recipe.learning_rate / (1 + 1e-5 * self._done)


class LearningRateDrops(Loop):
    def _learning_rate(self) -> float:
        return self._recipe.learning_rate * (1 if self._done < 100 else 0.1)


class WarmUp(Loop):
    def _learning_rate(self) -> float:
        return self._recipe.learning_rate * (0.1 if self._done == 0 else 1)


class BiasTwiceAsFast(Loop):
    def _move(self, gradients: Params) -> None:
        super()._move(Params(gradients.w, 2 * gradients.b))


class BiasAfterWeights(Loop):
    def epoch(self) -> None:
        for rows in next(self._orders):
            w, b = self._params
            self._params = Params(w - self._learning_rate() * self._gradients(rows).w, b)
            self._params = Params(self._params.w, b - self._learning_rate() * self._gradients(rows).b)


class StaleGradient(Loop):
    def epoch(self) -> None:
        pending: Params | None = None
        for rows in next(self._orders):
            gradients = self._gradients(rows)
            if pending is not None:
                self._move(pending)
            pending = gradients
        if pending is not None:
            self._move(pending)


class UpdateOwed(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._owed: Params | None = None

    def _gradients(self, rows: Rows) -> Params:
        if self._owed is not None:
            super()._move(self._owed)
        return super()._gradients(rows)

    def _move(self, gradients: Params) -> None:
        self._owed = gradients


class OneUpdateAnEpoch(Loop):
    def epoch(self) -> None:
        gradients = [self._gradients(rows) for rows in next(self._orders)]
        for g in gradients:
            self._move(g)


class EveryHundredthSkipped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        return [] if self._done % 100 == 99 else order


class StopsWhenFlat(Loop):
    def epoch(self) -> None:
        _, g = self.loss_and_gradients()
        if np.sqrt(np.sum(g.w**2) + np.sum(g.b**2)) < 1e-3:
            return
        super().epoch()


class StepsUphillUndone(Loop):
    def epoch(self) -> None:
        before, params = self.loss_and_gradients()[0], self._params
        super().epoch()
        if self.loss_and_gradients()[0] > before:
            self._params = params


class BestParametersKept(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._best = (np.inf, self._params)

    def epoch(self) -> None:
        super().epoch()
        loss, _ = self.loss_and_gradients()
        if loss <= self._best[0]:
            self._best = (loss, self._params)

    def params(self) -> Params:
        w, b = self._best[1]
        return Params(np.array(w), np.array(b))


class ParametersAveraged(Loop):
    def _move(self, gradients: Params) -> None:
        before = self._params
        super()._move(gradients)
        self._params = Params(*(p + 1e-3 * (q - p) for p, q in zip(self._params, before, strict=True)))


class ExtraUpdateOnShortBatch(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        sizes = [len(self._y[rows]) for rows in order]
        return [*order, order[-1]] if sizes and sizes[-1] < sizes[0] else order


class ShuffleIgnored(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        batching = self._recipe.batching
        return Batching(batching.batch_size, drop_last=batching.drop_last).rows(len(self._y), 0)


class ShuffledOnce(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        return self._recipe.batching.rows(len(self._y), 0)


class SeedIgnored(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        batching = self._recipe.batching
        return Batching(batching.batch_size, batching.shuffle, batching.drop_last).rows(len(self._y), self._done)


class EpochsCountedOn(Loop):
    _past = 0

    def reset(self, start: Params, epochs: int) -> None:
        self._past += getattr(self, "_done", 0)
        super().reset(start, epochs)

    def _batches(self, order: list[Rows]) -> list[Rows]:
        return self._recipe.batching.rows(len(self._y), self._past + self._done)


class EpochsFromOne(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        return self._recipe.batching.rows(len(self._y), self._done + 1)


class BatchesBackwards(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        return order[::-1]


class BatchesOfAlternateRows(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        n, count = len(self._y), len(order)
        return order if self._recipe.batching.shuffle else [np.arange(i, n, count) for i in range(count)]


class ShortBatchDropped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        sizes = [len(self._y[rows]) for rows in order]
        return [rows for rows, size in zip(order, sizes, strict=True) if size == sizes[0]]


class DropLastIgnored(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        batching = self._recipe.batching
        return Batching(batching.batch_size, batching.shuffle, False, batching.seed).rows(len(self._y), self._done)


class FullBatchDropped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        batching = self._recipe.batching
        size = batching.batch_size or len(self._y)
        return order[:-1] if batching.drop_last and len(self._y) % size == 0 else order


class ShortBatchWrapped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        n = len(self._y)
        if len(order) < 2:
            return order
        first, last = _row_numbers(order[0], n), _row_numbers(order[-1], n)
        return [*order[:-1], np.concatenate([last, first[: len(first) - len(last)]])]


class ShortBatchPadded(Loop):
    def _gradients(self, rows: Rows) -> Params:
        g = super()._gradients(rows)
        size = min(self._recipe.batching.batch_size or len(self._y), len(self._y))
        share = len(self._y[rows]) / size
        return Params(g.w * share, g.b * share)


class SingleRowSkipped(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        return order if self._recipe.batching.batch_size == 1 else [r for r in order if len(self._y[r]) > 1]


class LastRowOfSliceLost(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        last = order[-1] if order else None
        if not isinstance(last, slice) or last.start == 0 or last.stop - last.start < 2:
            return order
        return [*order[:-1], slice(last.start, last.stop - 1)]


class RowsInInt16(Loop):
    def _batches(self, order: list[Rows]) -> list[Rows]:
        n = len(self._y)
        return [rows if isinstance(rows, slice) else rows.astype(np.int16).astype(np.int64) % n for rows in order]


class EvaluationTakesAStep(Loop):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, gradients = super().loss_and_gradients()
        if self._done:
            self._move(Params(1e-2 * gradients.w, 1e-2 * gradients.b))
        return loss, gradients


class StartIgnored(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(Params(np.zeros_like(start.w), np.zeros_like(start.b)), epochs)


class BiasStartsAtZero(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(Params(start.w, np.zeros_like(start.b)), epochs)


class FirstStartForEver(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        self._first = getattr(self, "_first", None) or Params(start.w.copy(), start.b.copy())
        super().reset(self._first, epochs)


class WarmStart(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        present = getattr(self, "_params", start)
        super().reset(start, epochs)
        self._params = present


class BiasStaysOnReset(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        b = getattr(self, "_params", start).b
        super().reset(start, epochs)
        self._params = Params(self._params.w, b)


class ResetForNothing(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        if epochs > 0 or not hasattr(self, "_params"):
            super().reset(start, epochs)


class StartJittered(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        jitter = 1e-6 * np.random.default_rng(0).standard_normal(start.w.shape)
        super().reset(Params((start.w + jitter).astype(start.w.dtype), start.b), epochs)


class StartNotCopied(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._params = start


class StartWrittenTo(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._params = start if all(p.flags.writeable for p in start) else self._params

    def epoch(self) -> None:
        given = self._params
        if not all(p.flags.writeable for p in given):
            return super().epoch()
        super().epoch()
        for mine, new in zip(given, self._params, strict=True):
            mine[...] = new
        self._params = given
        return None


class StartInFloat32(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(Params(*(p.astype(np.float32).astype(p.dtype) for p in start)), epochs)


WRONG = (
    Wrong("momentum", "loop", Momentum, ALL, "One hundredth of the last step is added to the next."),
    Wrong("weight_decay", "loop", WeightDecay, ALL, "The update shrinks w by 1e-6 learning_rate."),
    Wrong("learning_rate_off", "loop", LearningRateOff, ALL, "The learning rate is 1e-5 too large, relatively."),
    Wrong(
        "learning_rate_in_float32",
        "loop",
        LearningRateInFloat32,
        ALL,
        "The learning rate is rounded to float32, which only float64 can tell, and not of a power of 2.",
        FLOAT64,
    ),
    Wrong("learning_rate_printed", "loop", LearningRatePrinted, ALL, "It went through a text with four digits."),
    Wrong("learning_rate_capped", "loop", LearningRateCapped, ALL, "A learning rate beyond 0.5 is taken as 0.5."),
    Wrong("learning_rate_decays", "loop", LearningRateDecays, ALL, "The learning rate falls by 1e-5 per epoch."),
    Wrong("learning_rate_drops", "loop", LearningRateDrops, ALL, "It falls tenfold after 100 epochs."),
    Wrong("warm_up", "loop", WarmUp, ALL, "The first epoch has a tenth of the learning rate."),
    Wrong("bias_twice_as_fast", "loop", BiasTwiceAsFast, ALL, "b has twice the learning rate."),
    Wrong("bias_after_weights", "loop", BiasAfterWeights, ALL, "b's gradient is taken at the new w."),
    Wrong("stale_gradient", "loop", StaleGradient, ALL, "A batch's gradient is applied one batch late."),
    Wrong("update_owed", "loop", UpdateOwed, ALL, "The last update waits for the next epoch."),
    Wrong("one_update_an_epoch", "loop", OneUpdateAnEpoch, ALL, "All batches' gradients are of the epoch's start."),
    Wrong("every_hundredth_skipped", "loop", EveryHundredthSkipped, ALL, "Epoch 100, 200 .. does nothing."),
    Wrong("stops_when_flat", "loop", StopsWhenFlat, ALL, "It stands still once the gradient is below 1e-3."),
    Wrong("steps_uphill_undone", "loop", StepsUphillUndone, ALL, "An epoch that raises the loss is undone."),
    Wrong("best_parameters_kept", "loop", BestParametersKept, ALL, "The parameters told are the best so far."),
    Wrong("parameters_averaged", "loop", ParametersAveraged, ALL, "A thousandth of every update is taken back."),
    Wrong("extra_update_on_short_batch", "loop", ExtraUpdateOnShortBatch, ALL, "A short last batch runs twice."),
    Wrong("shuffle_ignored", "loop", ShuffleIgnored, ALL, "Rows come in their own order."),
    Wrong("shuffled_once", "loop", ShuffledOnce, ALL, "Every epoch has epoch 0's order."),
    Wrong("seed_ignored", "loop", SeedIgnored, ALL, "The order is drawn from seed 0."),
    Wrong("epochs_counted_on", "loop", EpochsCountedOn, ALL, "After a second reset the orders go on, not back."),
    Wrong("epochs_from_one", "loop", EpochsFromOne, ALL, "The orders are those of the next epoch."),
    Wrong("batches_backwards", "loop", BatchesBackwards, ALL, "The last batch comes first."),
    Wrong("alternate_rows", "loop", BatchesOfAlternateRows, ALL, "Unshuffled batches take every m-th row."),
    Wrong("short_batch_dropped", "loop", ShortBatchDropped, ALL, "A short last batch is always left out."),
    Wrong("drop_last_ignored", "loop", DropLastIgnored, ALL, "A short last batch is never left out."),
    Wrong("full_batch_dropped", "loop", FullBatchDropped, ALL, "drop_last leaves out a full last batch too."),
    Wrong("short_batch_wrapped", "loop", ShortBatchWrapped, ALL, "A short last batch is filled with the first rows."),
    Wrong("short_batch_padded", "loop", ShortBatchPadded, ALL, "A short batch's mean is over batch_size rows."),
    Wrong("single_row_skipped", "loop", SingleRowSkipped, ALL, "A last batch of one row is skipped."),
    Wrong("last_row_lost", "loop", LastRowOfSliceLost, ALL, "The last slice, if not the only one, ends a row early."),
    Wrong("rows_in_int16", "loop", RowsInInt16, ALL, "Shuffled row numbers beyond 32767 wrap."),
    Wrong("evaluation_takes_a_step", "loop", EvaluationTakesAStep, ALL, "loss_and_gradients moves the parameters."),
    Wrong("start_ignored", "start", StartIgnored, ALL, "It starts from zeros, whatever the start."),
    Wrong("bias_starts_at_zero", "start", BiasStartsAtZero, ALL, "The start's b is ignored."),
    Wrong("first_start_for_ever", "start", FirstStartForEver, ALL, "reset goes back to the first start."),
    Wrong("warm_start", "start", WarmStart, ALL, "reset keeps the present parameters."),
    Wrong("bias_stays_on_reset", "start", BiasStaysOnReset, ALL, "reset keeps the present b."),
    Wrong("reset_for_nothing", "start", ResetForNothing, ALL, "A reset for 0 epochs is not done."),
    Wrong("start_jittered", "start", StartJittered, ALL, "1e-6 of noise is added to w."),
    Wrong(
        "start_not_copied", "start", StartNotCopied, ALL, "The caller's arrays are kept, so the caller can move them."
    ),
    Wrong("start_written_to", "start", StartWrittenTo, ALL, "The caller's start is trained in place."),
    Wrong("start_in_float32", "start", StartInFloat32, ALL, "The start is rounded to float32.", FLOAT64),
)
