"""JAX: the gradient of one row's loss, mapped over the rows and averaged."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from impls.protocol import Array, Model
from tests.scenarios.honest.descent import State, Way


def _logits(state: State, x: Array) -> Array:
    w, b = state
    return jnp.dot(x, w) + b


def _loss_of_row(state: State, x: Array, y: Array, model: Model) -> Array:
    z = _logits(state, x)
    if model is Model.LOGISTIC:
        return jax.nn.softplus((1 - 2 * y) * z)
    if model is Model.SOFTMAX:
        return -jax.nn.log_softmax(z) @ jax.nn.one_hot(y, len(z), dtype=z.dtype)
    return (z - y) ** 2


@partial(jax.jit, static_argnames="model")
def _compiled(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    rows = jax.vmap(partial(jax.value_and_grad(_loss_of_row), model=model), in_axes=(None, 0, 0))(state, x, y)
    loss, gradients = jax.tree.map(lambda values: values.mean(axis=0), rows)
    return loss, gradients


def _mapped(model: Model, state: State, x: Array, y: Array) -> tuple[Array, State]:
    """Select batches and update parameters in NumPy, since JAX would compile both for every shape."""
    found: tuple[Array, State] = jax.tree.map(np.asarray, _compiled(model, state, x, y))
    return found


@partial(jax.jit, static_argnames="model")
def _predict(model: Model, state: State, x: Array) -> Array:
    z = jax.vmap(_logits, in_axes=(None, 0))(state, x)
    if model is Model.LOGISTIC:
        return jax.nn.sigmoid(z)
    return jax.nn.softmax(z) if model is Model.SOFTMAX else z


jax_vmap = Way(_mapped, _predict, runtime="jax")
