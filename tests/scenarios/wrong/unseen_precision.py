"""Wrong arithmetic: a different precision than the dataset's somewhere."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import numpy as np

from impls.numpy_manual import NumpyManual
from impls.protocol import Array, Dataset, Device, FloatArray, LabelArray, Model, Params, Recipe
from tests.scenarios.wrong.row import ALL, FLOAT32, FLOAT64, LINEAR, Wrong
from tests.scenarios.wrong.seams import Formula, Loop


def _shortened(a: Array, bits: int) -> Array:
    """Return a rounded to even at `bits` bits off float32's significand, in a's dtype."""
    words = np.asarray(a, np.float32).view(np.uint32)
    half = np.uint32((1 << (bits - 1)) - 1)
    kept = (words + half + ((words >> np.uint32(bits)) & np.uint32(1))) & ~np.uint32((1 << bits) - 1)
    return kept.view(np.float32).astype(np.asarray(a).dtype)


class Recast(NumpyManual):
    """Everything is computed in `inner` and returned in the dataset's dtype."""

    inner: ClassVar[str]

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._asked: Any = dataset.x.dtype
        super().__init__(dataset.astype(self.inner), start, recipe, device)

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(Params(start.w.astype(self.inner), start.b.astype(self.inner)), epochs)

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return loss, Params(g.w.astype(self._asked), g.b.astype(self._asked))

    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(x.astype(self.inner)).astype(self._asked)

    def params(self) -> Params:
        w, b = super().params()
        return Params(w.astype(self._asked), b.astype(self._asked))


class Float64Inside(Recast):
    inner = "float64"


class Float32Inside(Recast):
    inner = "float32"


class Float32Epochs(Loop):
    def epoch(self) -> None:
        x, y = self._x, self._y
        self._x = x.astype(np.float32)
        self._y = y if self._model is Model.SOFTMAX else y.astype(np.float32)
        self._params = Params(*(np.asarray(p, np.float32) for p in self._params))
        super().epoch()
        self._x, self._y = x, y
        self._params = Params(*(np.asarray(p, x.dtype) for p in self._params))


class MasterWeights(Loop):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._master = Params(start.w.astype(np.float64), start.b.astype(np.float64))

    def _move(self, gradients: Params) -> None:
        rate = self._recipe.learning_rate
        self._master = Params(
            *(m - rate * np.asarray(g, np.float64) for m, g in zip(self._master, gradients, strict=True))
        )
        self._params = Params(*(np.asarray(m, self._x.dtype) for m in self._master))


class Float64LearningRate(Loop):
    def _move(self, gradients: Params) -> None:
        rate = np.float64(self._recipe.learning_rate)
        w, b = self._params
        self._params = Params(w - rate * gradients.w, b - rate * gradients.b)


class Float64LearningRateHidden(Float64LearningRate):
    def params(self) -> Params:
        w, b = super().params()
        return Params(w.astype(self._x.dtype), b.astype(self._x.dtype))

    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return loss, Params(g.w.astype(self._x.dtype), g.b.astype(self._x.dtype))

    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(x).astype(x.dtype)


class Float32BetweenEpochs(Loop):
    def epoch(self) -> None:
        super().epoch()
        self._params = Params(*(np.asarray(p, np.float32).astype(self._x.dtype) for p in self._params))


class BiasInFloat32(Loop):
    def _move(self, gradients: Params) -> None:
        super()._move(gradients)
        w, b = self._params
        self._params = Params(w, np.asarray(b, np.float32).astype(self._x.dtype))


class FeaturesInFloat16(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._x = np.clip(dataset.x, -65504, 65504).astype(np.float16).astype(dataset.x.dtype)


class FeaturesInFloat32(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._x = dataset.x.astype(np.float32).astype(dataset.x.dtype)


class TargetsInFloat32(NumpyManual):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._y = dataset.y.astype(np.float32).astype(dataset.x.dtype)


class OperandsInTF32(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(Params(_shortened(params.w, 13), params.b), _shortened(x, 13), y)


class GradientsInBfloat16(Loop):
    def _move(self, gradients: Params) -> None:
        super()._move(Params(_shortened(gradients.w, 16), _shortened(gradients.b, 16)))


class LossInHalfPrecision(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return float(_shortened(np.asarray(loss), 16)), g


class LossInFloat32(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return float(np.float32(loss)), g


class GradientsInFloat64(NumpyManual):
    def loss_and_gradients(self) -> tuple[float, Params]:
        loss, g = super().loss_and_gradients()
        return loss, Params(g.w.astype(np.float64), g.b.astype(np.float64))


class ResidualsInFloat32(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        z = x * params.w + params.b if x.ndim == 1 else x @ params.w + params.b
        r = (z - y).astype(np.float32).astype(x.dtype)
        return r @ r / len(y), Params(2 / len(y) * (x.T @ r), 2 / len(y) * r.sum())


class ParametersPrinted(NumpyManual):
    def params(self) -> Params:
        w, b = super().params()
        return Params(np.round(w, 7), np.round(b, 7))


class LabelsInInt8(Formula):
    def _formula(self, params: Params, x: Array, y: Array) -> tuple[Array, Params]:
        return self._right(params, x, y.astype(np.int8))


class PredictionsInFloat32(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(x).astype(np.float32)


class PredictionsInFloat64(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        return super().predict(x).astype(np.float64)


class PredictedInFloat32(NumpyManual):
    def predict(self, x: FloatArray) -> FloatArray:
        params = self._params
        self._params = Params(*(np.asarray(p, np.float32) for p in params))
        p = super().predict(x.astype(np.float32)).astype(x.dtype)
        self._params = params
        return p


class LabelsInInt32(NumpyManual):
    def classify(self, x: FloatArray) -> LabelArray:
        labels: Any = super().classify(x).astype(np.int32)
        return cast(LabelArray, labels)


WRONG = (
    Wrong("float64_inside", "precision", Float64Inside, ALL, "float32 is computed in float64.", FLOAT32),
    Wrong("float32_inside", "precision", Float32Inside, ALL, "float64 is computed in float32.", FLOAT64),
    Wrong(
        "float32_epochs", "precision", Float32Epochs, ALL, "float64 is trained in float32, evaluated right.", FLOAT64
    ),
    Wrong("master_weights", "precision", MasterWeights, ALL, "float32 parameters are kept in float64.", FLOAT32),
    Wrong(
        "float64_learning_rate",
        "precision",
        Float64LearningRate,
        ALL,
        "The learning rate is a NumPy float64, which promotes the parameters.",
        FLOAT32,
    ),
    Wrong(
        "float64_learning_rate_hidden",
        "precision",
        Float64LearningRateHidden,
        ALL,
        "The same, rounded back to float32 where it is handed out.",
        FLOAT32,
    ),
    Wrong("float32_between_epochs", "precision", Float32BetweenEpochs, ALL, "Kept in float32 each epoch.", FLOAT64),
    Wrong("bias_in_float32", "precision", BiasInFloat32, ALL, "b is kept in float32.", FLOAT64),
    Wrong("features_in_float16", "precision", FeaturesInFloat16, ALL, "x is stored in float16, exact for integers."),
    Wrong("features_in_float32", "precision", FeaturesInFloat32, ALL, "x is stored in float32.", FLOAT64),
    Wrong("targets_in_float32", "precision", TargetsInFloat32, LINEAR, "y is stored in float32.", FLOAT64),
    Wrong("operands_in_tf32", "precision", OperandsInTF32, ALL, "x and w have ten bits in the product x w."),
    Wrong("gradients_in_bfloat16", "precision", GradientsInBfloat16, ALL, "The update's gradients are bfloat16."),
    Wrong("loss_in_half_precision", "precision", LossInHalfPrecision, ALL, "The loss told is rounded to bfloat16."),
    Wrong("loss_in_float32", "precision", LossInFloat32, ALL, "The loss told is rounded to float32.", FLOAT64),
    Wrong("gradients_in_float64", "precision", GradientsInFloat64, ALL, "Gradients told are float64.", FLOAT32),
    Wrong("residuals_in_float32", "precision", ResidualsInFloat32, LINEAR, "z - y is rounded to float32.", FLOAT64),
    Wrong("parameters_printed", "precision", ParametersPrinted, ALL, "Parameters told have seven decimals."),
    Wrong("labels_in_int8", "precision", LabelsInInt8, frozenset({Model.SOFTMAX}), "Labels beyond 127 wrap."),
    Wrong("predictions_in_float32", "prediction", PredictionsInFloat32, ALL, "predict returns float32.", FLOAT64),
    Wrong("predictions_in_float64", "prediction", PredictionsInFloat64, ALL, "predict returns float64.", FLOAT32),
    Wrong("predicted_in_float32", "prediction", PredictedInFloat32, ALL, "predict computes in float32.", FLOAT64),
    Wrong("labels_in_int32", "prediction", LabelsInInt32, ALL, "classify returns int32."),
)
