"""Faults that torch invites."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from impls.protocol import Dataset, Device, Model, Params, Recipe
from impls.torch_autograd import TorchAutograd
from impls.torch_nn import TorchNN
from tests.scenarios.wrong.row import ALL, FLOAT32, FLOAT64, LINEAR, LOGISTIC, SOFTMAX, Wrong


class ZeroGradForgotten(TorchNN):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._optimizer.zero_grad()

    def epoch(self) -> None:
        for rows in next(self._orders):
            self._criterion(self._module(self._x[rows]), self._y[rows]).backward()
            self._optimizer.step()


class ZeroGradOnceAnEpoch(ZeroGradForgotten):
    def epoch(self) -> None:
        self._optimizer.zero_grad()
        super().epoch()


class ZeroGradAfterStep(TorchNN):
    """The evaluation's backward leaves a gradient behind, which the next step takes along."""

    def epoch(self) -> None:
        for rows in next(self._orders):
            self._criterion(self._module(self._x[rows]), self._y[rows]).backward()
            self._optimizer.step()
            self._optimizer.zero_grad()

    def loss_and_gradients(self) -> tuple[float, Params]:
        answer = super().loss_and_gradients()
        self._criterion(self._module(self._x), self._y).backward()
        return answer


class Optimizer(TorchNN):
    """Subclasses give the optimizer more than a learning rate."""

    settings: dict[str, Any]

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._optimizer = torch.optim.SGD(self._module.parameters(), lr=recipe.learning_rate, **self.settings)


class SGDMomentum(Optimizer):
    settings = {"momentum": 0.9}  # noqa: RUF012  # read only


class SGDWeightDecay(Optimizer):
    settings = {"weight_decay": 1e-4}  # noqa: RUF012  # read only


class SGDMaximize(Optimizer):
    settings = {"maximize": True}  # noqa: RUF012  # read only


class SchedulerGoesOn(TorchNN):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._scheduler = torch.optim.lr_scheduler.StepLR(self._optimizer, step_size=50, gamma=0.5)

    def epoch(self) -> None:
        super().epoch()
        self._scheduler.step()


class GradNormClipped(TorchNN):
    def epoch(self) -> None:
        for rows in next(self._orders):
            self._optimizer.zero_grad()
            self._criterion(self._module(self._x[rows]), self._y[rows]).backward()
            nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
            self._optimizer.step()


class Autocast(TorchNN):
    def epoch(self) -> None:
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            super().epoch()


class DropoutLeftIn(TorchNN):
    def epoch(self) -> None:
        for rows in next(self._orders):
            self._optimizer.zero_grad()
            x = functional.dropout(self._x[rows], 0.01)
            self._criterion(self._module(x), self._y[rows]).backward()
            self._optimizer.step()


class OwnInitialization(TorchNN):
    """The bias is given, the weights are left as nn.Linear drew them."""

    @torch.no_grad()
    def reset(self, start: Params, epochs: int) -> None:
        drawn = getattr(self, "_drawn", None)
        self._drawn = self._module.weight.clone() if drawn is None else drawn
        super().reset(start, epochs)
        self._module.weight.copy_(self._drawn)


class StartNotTransposed(TorchNN):
    @torch.no_grad()
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._module.weight.copy_(torch.tensor(start.w).reshape(self._module.weight.shape))


class DataThroughLists(TorchNN):
    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        x = torch.tensor(dataset.x.tolist(), device=self._device)
        self._x = self._columns(x).to(self._x.dtype)


class StartShared(TorchAutograd):
    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        if all(p.flags.writeable for p in start):
            self._params = Params(*(torch.from_numpy(np.asarray(p)).requires_grad_() for p in start))


class ParamsAreViews(TorchAutograd):
    def params(self) -> Params:
        return Params(*(p.detach().cpu().numpy() for p in self._params))


class Loss(TorchAutograd):
    """Its loss is `_wrong`."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._loss = self._wrong

    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        raise NotImplementedError


class TargetsBroadcast(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        w, b = params
        z = x * w + b if x.ndim == 1 else x @ w + b
        # The mean of (z[:, None] - y) ** 2, multiplied out so that many rows don't fill the memory.
        loss: Tensor = (z * z).mean() - 2 * z.mean() * y.mean() + (y * y).mean()
        return loss


class SoftmaxTwice(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(torch.softmax(x @ params.w + params.b, dim=1), y)


class SoftmaxOverRows(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        return functional.nll_loss(torch.log_softmax(x @ params.w + params.b, dim=0), y)


class LabelsSmoothed(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(x @ params.w + params.b, y, label_smoothing=1e-3)


class LastClassIgnored(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        k = params.b.shape[0]
        return functional.cross_entropy(x @ params.w + params.b, y, ignore_index=k - 1 if k > 3 else -100)


class ClampedLogarithm(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        return functional.binary_cross_entropy(torch.sigmoid(x @ params.w + params.b), y)


class KinkAtZero(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        z = x @ params.w + params.b
        return torch.mean(z.clamp(min=0) - y * z + torch.log1p(torch.exp(-z.abs())))


class SoftplusThreshold(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        z = x @ params.w + params.b
        return torch.mean(functional.softplus(z, threshold=5) - y * z)


class BiasDetached(Loss):
    """The bias is taught by the second half of the batch alone."""

    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        w, b = params
        half = len(y) // 2
        b_rows = torch.where(torch.arange(len(y), device=y.device) < half, b.detach(), b)
        z = x * w + b_rows if x.ndim == 1 else x @ w + b_rows
        return functional.mse_loss(z, y)


class HalfPrecisionLogits(Loss):
    def _wrong(self, params: Params, x: Tensor, y: Tensor) -> Tensor:
        w, b = params
        z = (x * w + b if x.ndim == 1 else x @ w + b).to(torch.bfloat16).to(x.dtype)
        return functional.mse_loss(z, y)


WRONG = (
    Wrong("zero_grad_forgotten", "loop", ZeroGradForgotten, ALL, "Gradients pile up from batch to batch."),
    Wrong("zero_grad_once_an_epoch", "loop", ZeroGradOnceAnEpoch, ALL, "Gradients pile up within an epoch."),
    Wrong("zero_grad_after_step", "loop", ZeroGradAfterStep, ALL, "An evaluation's gradient joins the next step."),
    Wrong("sgd_momentum", "loop", SGDMomentum, ALL, "SGD has a momentum of 0.9, which reset does not clear."),
    Wrong("sgd_weight_decay", "loop", SGDWeightDecay, ALL, "SGD has a weight decay of 1e-4."),
    Wrong("sgd_maximize", "loop", SGDMaximize, ALL, "SGD climbs."),
    Wrong("scheduler_goes_on", "loop", SchedulerGoesOn, ALL, "The rate halves every 50 epochs, resets included."),
    Wrong("grad_norm_clipped", "stability", GradNormClipped, ALL, "The gradient's norm is clipped to 1."),
    Wrong("autocast", "precision", Autocast, ALL - {Model.SIMPLE_LINEAR}, "Matrix products are bfloat16.", FLOAT32),
    Wrong("dropout_left_in", "formula", DropoutLeftIn, ALL, "One feature in a hundred is dropped."),
    Wrong("own_initialization", "start", OwnInitialization, ALL, "w starts as nn.Linear drew it."),
    Wrong("start_not_transposed", "start", StartNotTransposed, SOFTMAX, "The start's w is reshaped to (k, d)."),
    Wrong("data_through_lists", "precision", DataThroughLists, ALL, "x is rounded to torch's default dtype.", FLOAT64),
    Wrong("start_shared", "start", StartShared, ALL, "The caller's start is trained in place."),
    Wrong("params_are_views", "cheat", ParamsAreViews, ALL, "What params() returned moves with the training."),
    Wrong("targets_broadcast", "formula", TargetsBroadcast, LINEAR, "(n, 1) - (n,) is (n, n)."),
    Wrong("softmax_twice", "formula", SoftmaxTwice, SOFTMAX, "cross_entropy is given probabilities."),
    Wrong("softmax_over_rows", "formula", SoftmaxOverRows, SOFTMAX, "log_softmax runs along the rows."),
    Wrong("labels_smoothed", "formula", LabelsSmoothed, SOFTMAX, "Labels are smoothed by 1e-3."),
    Wrong(
        "last_class_ignored", "formula", LastClassIgnored, SOFTMAX, "Of more than three classes the last is ignored."
    ),
    Wrong("clamped_logarithm", "stability", ClampedLogarithm, LOGISTIC, "log p ends at -100, and p rounds to 1."),
    Wrong("kink_at_zero", "formula", KinkAtZero, LOGISTIC, "The derivative at z = 0 is 1, not 1/2."),
    Wrong("softplus_threshold", "stability", SoftplusThreshold, LOGISTIC, "log(1 + exp z) is z from z = 5 on."),
    Wrong("bias_detached", "formula", BiasDetached, LINEAR, "Half the rows teach b nothing."),
    Wrong("half_precision_logits", "precision", HalfPrecisionLogits, LINEAR, "z is rounded to bfloat16."),
)
