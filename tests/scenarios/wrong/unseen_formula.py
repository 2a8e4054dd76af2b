"""Wrong or unstable losses and gradients."""

from __future__ import annotations

import numpy as np

from impls.numpy_manual import NumpyManual
from impls.protocol import Array, Params
from tests.scenarios.wrong.row import ALL, CLASSES, FLOAT64, LINEAR, LOGISTIC, SOFTMAX, Wrong
from tests.scenarios.wrong.seams import Formula, back, logits, one_hot, probabilities, residuals, sigmoid


class HalfTheGradient(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss, Params(g.w / 2, g.b / 2)


class HalfTheLoss(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss / 2, g


class RootOfTheLoss(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return np.sqrt(loss), g


class OneRowTooFew(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        c = len(y) / max(len(y) - 1, 1)
        return loss * c, Params(g.w * c, g.b * c)


class MeanOverClassesToo(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        k = len(g.b)
        return loss / k, Params(g.w / k, g.b / k)


class BiasGradientMissing(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss, Params(g.w, np.zeros_like(g.b))


class BiasGradientOverColumns(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss, Params(g.w, np.full_like(g.b, g.b.mean()))


class GradientReshaped(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss, Params(np.ascontiguousarray(g.w.T).reshape(g.w.shape), g.b)


class LastClassPinned(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        free = np.arange(len(g.b)) < len(g.b) - 1
        return loss, Params(g.w * free.astype(g.w.dtype), g.b * free.astype(g.b.dtype))


class LabelsFromOne(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(params, x, y - 1)


class LabelsRecoded(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(params, x, np.unique(y, return_inverse=True)[1])


class RidgeLeftIn(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        return loss + 5e-5 * np.sum(params.w**2), Params(g.w + 1e-4 * params.w, g.b)


class SquaredErrorOfProbabilities(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        p = sigmoid(logits(params, x))
        return self._right(params, x, y)[0], back(x, (p - y) * p * (1 - p) / len(y))


class BalancedClasses(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        counts = np.bincount(y.astype(np.int64))
        weight = (1 / counts[y.astype(np.int64)]).astype(x.dtype) / np.count_nonzero(counts)
        r = residuals(params, x, y)
        return self._right(params, x, y)[0], back(x, (weight * r.T).T)


class Huber(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        r = logits(params, x) - y
        size = np.abs(r)
        loss = np.mean(np.where(size <= 5, r * r, 10 * size - 25))
        return loss, back(x, 2 / len(y) * np.clip(r, -5, 5))


class TargetsCentred(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(params, x, y - y.mean())


class ConstantLeftOut(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        r = logits(params, x)
        _, g = self._right(params, x, y)
        return np.mean(r * r - 2 * r * y), g


class EqualRowsOnce(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        first = np.sort(np.unique(np.column_stack([x, y]), axis=0, return_index=True)[1])
        return self._right(params, x[first], y[first])


class SoftmaxWithoutMaximum(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        with np.errstate(all="ignore"):
            e = np.exp(logits(params, x))
            p = e / e.sum(axis=1, keepdims=True)
            loss = -np.mean(np.log(p[np.arange(len(y)), y]))
            return loss, back(x, (p - one_hot(y, p.shape[1], p.dtype)) / len(y))


class MaximumOfTheBatch(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        with np.errstate(all="ignore"):
            z = logits(params, x)
            z = z - z.max()
            e = np.exp(z)
            total = e.sum(axis=1, keepdims=True)
            loss = np.mean(np.log(total[:, 0]) - z[np.arange(len(y)), y])
            return loss, back(x, (e / total - one_hot(y, z.shape[1], z.dtype)) / len(y))


class NaiveLogistic(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        with np.errstate(all="ignore"):
            p = 1 / (1 + np.exp(-logits(params, x)))
            loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        return loss, back(x, (p - y) / len(y))


class EpsilonInLogarithm(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        p = sigmoid(logits(params, x))
        loss = -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))
        return loss, self._right(params, x, y)[1]


class ProbabilitiesClipped(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        p = np.clip(sigmoid(logits(params, x)), 1e-6, 1 - 1e-6)
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))
        return loss, back(x, (p - y) / len(y))


class LogitsClipped(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        z = np.clip(logits(params, x), -30, 30)
        return np.mean(np.logaddexp(0, z) - y * z), back(x, (sigmoid(z) - y) / len(y))


class EpsilonInDenominator(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        z = logits(params, x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / (e.sum(axis=1, keepdims=True) + 1e-8)
        return self._right(params, x, y)[0], back(x, (p - one_hot(y, p.shape[1], p.dtype)) / len(y))


class GradientClipped(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        loss, g = self._right(params, x, y)
        scale = min(1.0, 10 / max(float(np.sqrt(np.sum(g.w**2) + np.sum(g.b**2))), 1e-30))
        return loss, Params(g.w * scale, g.b * scale)


class SmallResidualsDropped(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        r = residuals(params, x, y)
        return self._right(params, x, y)[0], back(x, np.where(np.abs(r) < 1e-3, np.zeros_like(r), r) / len(y))


class SumOfSquaresExpanded(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        z = logits(params, x)
        loss = (z @ z - 2 * (z @ y) + y @ y) / len(y)
        return np.maximum(loss, 0), self._right(params, x, y)[1]


class LossOfTheHardLabel(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        p = probabilities(logits(params, x))
        p_y = p[np.arange(len(y)), y] if p.ndim == 2 else np.where(y > 0, p, 1 - p)
        return -np.mean(np.log(np.maximum(p_y, np.finfo(p.dtype).eps))), self._right(params, x, y)[1]


class LossBeforeTheUpdate(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._before = self._params

    def epoch(self) -> None:
        self._before = self._params
        super().epoch()

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, _ = self._loss_and_gradients(self._before, self._x, self._y)
        return float(loss), super().loss_and_gradients()[1]


class LossOfTheFirstBatch(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        rows = self._recipe.batching.rows(len(self._y), 0)[0]
        loss, _ = self._loss_and_gradients(self._params, self._x[rows], self._y[rows])
        return float(loss), super().loss_and_gradients()[1]


class MeanOfBatchMeans(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        batches = self._recipe.batching.rows(len(self._y), 0)
        losses = [self._loss_and_gradients(self._params, self._x[rows], self._y[rows])[0] for rows in batches]
        return float(np.mean(losses)), super().loss_and_gradients()[1]


WRONG = (
    Wrong("half_the_gradient", "formula", HalfTheGradient, LINEAR, "The factor 2 of the gradient is missing."),
    Wrong("half_the_loss", "formula", HalfTheLoss, LINEAR, "The loss has a factor 1/2 that its gradient has not."),
    Wrong("root_of_the_loss", "formula", RootOfTheLoss, LINEAR, "The loss told is the root of the mean square."),
    Wrong("one_row_too_few", "formula", OneRowTooFew, ALL, "Means are over n - 1 rows instead of n."),
    Wrong("mean_over_classes_too", "formula", MeanOverClassesToo, SOFTMAX, "The mean is over n k numbers."),
    Wrong("bias_gradient_missing", "formula", BiasGradientMissing, ALL, "b never moves."),
    Wrong("bias_gradient_over_columns", "formula", BiasGradientOverColumns, SOFTMAX, "Every class has the mean of db."),
    Wrong("gradient_reshaped", "formula", GradientReshaped, SOFTMAX, "dw is reshaped from (k, d), not transposed."),
    Wrong("last_class_pinned", "formula", LastClassPinned, SOFTMAX, "The last class's parameters are held fixed."),
    Wrong("labels_from_one", "formula", LabelsFromOne, SOFTMAX, "Labels are taken to start at 1; 0 is the last class."),
    Wrong("labels_recoded", "formula", LabelsRecoded, SOFTMAX, "Labels are renumbered in a batch that lacks a class."),
    Wrong("ridge_left_in", "formula", RidgeLeftIn, ALL, "Loss and gradient have a ridge of 1e-4 on w."),
    Wrong("brier_gradient", "formula", SquaredErrorOfProbabilities, LOGISTIC, "The gradient has p (1 - p) too many."),
    Wrong("balanced_classes", "formula", BalancedClasses, CLASSES, "The gradient weights rows by 1 / class frequency."),
    Wrong("huber", "formula", Huber, LINEAR, "Residuals beyond 5 count linearly."),
    Wrong("targets_centred", "formula", TargetsCentred, LINEAR, "y has its batch mean taken off."),
    Wrong("constant_left_out", "formula", ConstantLeftOut, LINEAR, "The loss lacks mean(y^2), constant in w and b."),
    Wrong("equal_rows_once", "formula", EqualRowsOnce, ALL, "Rows that occur twice in a batch count once."),
    Wrong("loss_before_the_update", "formula", LossBeforeTheUpdate, ALL, "The loss is that before the last epoch."),
    Wrong("loss_of_the_first_batch", "formula", LossOfTheFirstBatch, ALL, "The loss told is over one batch."),
    Wrong("mean_of_batch_means", "formula", MeanOfBatchMeans, ALL, "A short batch weighs as much as a full one."),
    Wrong("softmax_without_maximum", "stability", SoftmaxWithoutMaximum, SOFTMAX, "exp(z) overflows."),
    Wrong("maximum_of_the_batch", "stability", MaximumOfTheBatch, SOFTMAX, "Rows far below the largest z underflow."),
    Wrong("naive_logistic", "stability", NaiveLogistic, LOGISTIC, "log(0) and 0 log(0) when p rounds to 0 or 1."),
    Wrong("epsilon_in_logarithm", "stability", EpsilonInLogarithm, LOGISTIC, "The loss of a row ends at 27.6."),
    Wrong("probabilities_clipped", "stability", ProbabilitiesClipped, LOGISTIC, "p is clipped to 1e-6 .. 1 - 1e-6."),
    Wrong("logits_clipped", "stability", LogitsClipped, LOGISTIC, "z is clipped to -30 .. 30."),
    Wrong(
        "epsilon_in_denominator",
        "stability",
        EpsilonInDenominator,
        SOFTMAX,
        "The sum of exponentials has 1e-8 added, which float32 rounds away.",
        FLOAT64,
    ),
    Wrong("gradient_clipped", "stability", GradientClipped, ALL, "The gradient's norm is clipped to 10."),
    Wrong("small_residuals_dropped", "stability", SmallResidualsDropped, CLASSES, "|p - y| below 1e-3 counts as 0."),
    Wrong("sum_of_squares_expanded", "stability", SumOfSquaresExpanded, LINEAR, "The loss is lost to cancellation."),
    Wrong("loss_floor", "stability", LossOfTheHardLabel, CLASSES, "Probabilities below epsilon count as epsilon."),
)
