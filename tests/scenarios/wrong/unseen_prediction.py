"""Correct training, wrong predictions."""

from __future__ import annotations

import numpy as np

from impls.numpy_manual import NumpyManual
from impls.protocol import FloatArray, LabelArray, Model, Params
from tests.scenarios.wrong.row import ALL, CLASSES, LINEAR, LOGISTIC, SOFTMAX, Wrong
from tests.scenarios.wrong.seams import logits, probabilities


class Strictly(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return (self.predict(x) > 0.5).astype(np.int64)


class LastLargest(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        p = self.predict(x)
        labels: LabelArray = p.shape[1] - 1 - p[:, ::-1].argmax(axis=1)
        return labels


class RoundedThenLargest(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        labels: LabelArray = np.round(self.predict(x), 3).argmax(axis=1)
        return labels


class RoundedHalf(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return (np.round(self.predict(x), 4) >= 0.5).astype(np.int64)


class FrequencyThreshold(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        labels: LabelArray = (self.predict(x) >= self._y.mean()).astype(np.int64)
        return labels


class KnownClassesOnly(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        known = np.unique(self._y).astype(np.int64)
        labels: LabelArray = known[self.predict(x)[:, known].argmax(axis=1)]
        return labels


class RoundedNumbers(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return np.rint(np.clip(self.predict(x), -1e9, 1e9)).astype(np.int64)


class LabelsAsColumn(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return super().classify(x)[:, None]


class LabelsOfTraining(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return np.zeros(len(self._y), np.int64)


class BooleanLabels(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        return self.predict(x) >= 0.5  # type: ignore[return-value]


class BiasForgotten(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        z = logits(Params(self._params.w, np.zeros_like(self._params.b)), x)
        return probabilities(z) if self._model.classifies else z


class StartPredicts(NumpyManual):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._before = self._params

    def epoch(self) -> None:
        self._before = self._params
        super().epoch()

    def predict(self, x: FloatArray) -> FloatArray:
        z = logits(self._before, x)
        return probabilities(z) if self._model.classifies else z


class LogitsPredicted(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return logits(self._params, x)

    def classify(self, x: FloatArray) -> LabelArray:
        z = self.predict(x)
        return (z >= 0).astype(np.int64) if z.ndim == 1 else z.argmax(axis=1)


class OtherClass(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return 1 - super().predict(x)

    def classify(self, x: FloatArray) -> LabelArray:
        return (super().predict(x) >= 0.5).astype(np.int64)


class ProbabilitiesClippedInPredict(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return np.clip(super().predict(x), 1e-7, 1 - 1e-7)


class RoundedPrediction(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return np.round(super().predict(x), 6)


class NaivePrediction(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            e = np.exp(logits(self._params, x))
            p: FloatArray = e / (1 + e) if e.ndim == 1 else e / e.sum(axis=1, keepdims=True)
        return p


class MaximumOfAllRows(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            z = logits(self._params, x)
            p: FloatArray = np.exp(z - z.max())
            p /= p.sum(axis=1, keepdims=True)
        return p


class OneAgainstTheRest(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        e = np.exp(-np.abs(z := logits(self._params, x)))
        p: FloatArray = np.where(z >= 0, 1, e) / (1 + e)
        p /= np.maximum(p.sum(axis=1, keepdims=True), np.finfo(p.dtype).tiny)
        return p


class TwoColumns(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        p = super().predict(x)
        return np.stack([1 - p, p], axis=1)

    def classify(self, x: FloatArray) -> LabelArray:
        return (super().predict(x) >= 0.5).astype(np.int64)


class InputOverwritten(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        if not x.flags.writeable:
            return super().predict(x)
        x *= self._params.w
        x += self._params.b
        return x


class NonNegative(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return np.maximum(super().predict(x), 0) if self._y.min() >= 0 else super().predict(x)


class WithinTraining(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return np.clip(super().predict(x), self._y.min(), self._y.max())


class CentredOnItsBatch(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(x - x.mean(axis=0) + self._x.mean(axis=0))


class ScalarsWithAxes(NumpyManual):
    def params(self) -> Params:
        w, b = super().params()
        return Params(np.atleast_1d(w), np.atleast_1d(b))


class GradientsOfAColumn(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return loss, Params(g.w, g.b[None])


WRONG = (
    Wrong("strictly", "prediction", Strictly, LOGISTIC, "p = 0.5 is class 0."),
    Wrong("last_largest", "prediction", LastLargest, SOFTMAX, "Of equal probabilities the last wins."),
    Wrong("rounded_then_largest", "prediction", RoundedThenLargest, SOFTMAX, "Near ties go to the first class."),
    Wrong("rounded_half", "prediction", RoundedHalf, LOGISTIC, "p from 0.49995 on is class 1."),
    Wrong("frequency_threshold", "prediction", FrequencyThreshold, LOGISTIC, "The threshold is the mean of y."),
    Wrong(
        "known_classes_only", "prediction", KnownClassesOnly, SOFTMAX, "A class without training rows is never told."
    ),
    Wrong("rounded_numbers", "prediction", RoundedNumbers, LINEAR, "Labels of the linear models are not zeros."),
    Wrong("labels_as_column", "prediction", LabelsAsColumn, ALL, "Labels have the shape (n, 1)."),
    Wrong("labels_of_training", "prediction", LabelsOfTraining, LINEAR, "As many zeros as training rows, not as x."),
    Wrong("boolean_labels", "prediction", BooleanLabels, LOGISTIC, "Labels are booleans."),
    Wrong("bias_forgotten", "prediction", BiasForgotten, ALL, "predict leaves b out."),
    Wrong("start_predicts", "prediction", StartPredicts, ALL, "predict is one epoch behind."),
    Wrong("logits_predicted", "prediction", LogitsPredicted, CLASSES, "predict returns z."),
    Wrong("other_class", "prediction", OtherClass, LOGISTIC, "predict returns p(class 0)."),
    Wrong("clipped_in_predict", "prediction", ProbabilitiesClippedInPredict, CLASSES, "p is clipped to 1e-7."),
    Wrong("rounded_prediction", "prediction", RoundedPrediction, ALL, "Predictions have six decimals."),
    Wrong("naive_prediction", "prediction", NaivePrediction, CLASSES, "exp(z) overflows in predict alone."),
    Wrong("maximum_of_all_rows", "prediction", MaximumOfAllRows, SOFTMAX, "A row far below the others is 0 / 0."),
    Wrong("one_against_the_rest", "prediction", OneAgainstTheRest, SOFTMAX, "Normalised sigmoids, not softmax."),
    Wrong("two_columns", "prediction", TwoColumns, LOGISTIC, "predict has two columns."),
    Wrong("input_overwritten", "prediction", InputOverwritten, frozenset({Model.SIMPLE_LINEAR}), "predict fills x."),
    Wrong("non_negative", "prediction", NonNegative, LINEAR, "Predictions below 0 are 0 if no target is below 0."),
    Wrong("within_training", "prediction", WithinTraining, LINEAR, "Predictions end at the range of the targets."),
    Wrong("centred_on_its_batch", "prediction", CentredOnItsBatch, ALL, "A row's answer depends on the other rows."),
    Wrong("scalars_with_axes", "prediction", ScalarsWithAxes, ALL - SOFTMAX, "Scalars come back as (1,)."),
    Wrong("gradients_of_a_column", "prediction", GradientsOfAColumn, ALL - SOFTMAX, "db has the shape (1,)."),
)
