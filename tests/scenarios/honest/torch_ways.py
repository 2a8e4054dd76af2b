"""torch.func: gradients of a pure function, with the losses written out."""

from __future__ import annotations

import numpy as np
import torch
from torch.func import grad_and_value

from impls.protocol import Array, Model
from tests.scenarios.honest.descent import State, Way


def _logits(model: Model, state: State, x: Array) -> Array:
    w, b = state
    return w * x + b if model is Model.SIMPLE_LINEAR else torch.tensordot(x, w, dims=1) + b


def _loss(state: State, model: Model, x: Array, y: Array) -> Array:
    z = _logits(model, state, x)
    if model is Model.LOGISTIC:
        return torch.logaddexp(torch.zeros_like(z), (1 - 2 * y) * z).mean()
    if model is Model.SOFTMAX:
        one_hot = torch.nn.functional.one_hot(y, z.shape[1]).to(z.dtype)
        return -(one_hot * z.log_softmax(dim=1)).sum() / len(y)
    return (z - y).square().mean()


def _compute(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    gradients, loss = grad_and_value(_loss)(state, model, x, y)
    return loss, gradients


def _predict(model: Model, state: State, x: Array) -> Array:
    z = _logits(model, state, x)
    if model is Model.LOGISTIC:
        return torch.special.expit(z)
    return z.log_softmax(dim=1).exp() if model is Model.SOFTMAX else z


def _place(array: np.ndarray) -> Array:
    return torch.tensor(array)


torch_func = Way(_compute, _predict, place=_place, runtime="torch")
