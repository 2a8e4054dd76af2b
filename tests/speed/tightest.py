"""Each of the four beside the tightest code of its library's ordinary interface: `python -m tests.speed.tightest`.

What is beside it is one function for one model, one dtype and all rows at once: no class, no rows to pick, no batches.
Both compute the loss and move the parameters. The four may take 1.1 times as long; docs/speed.md explains what more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import impls
from datasets import load
from datasets.dataset import Dataset, Model
from impls.protocol import Recipe, zeros
from tests.speed.interleaved import Way, as_a_worker, epochs, times, trained, words

SECONDS, MOST = 1.5, 1.1
CELLS = (
    *(f"synthetic:{model},n=442,d=10" for model in ("multivariate_linear", "logistic")),
    *(f"synthetic:{model},n=10000,d=64" for model in ("multivariate_linear", "logistic")),
    *(f"synthetic:{model},n=100000,d=64" for model in ("multivariate_linear", "logistic")),
    *(f"synthetic:softmax,n={n},d=64,k=10" for n in (10_000, 100_000)),
    "synthetic:softmax,n=442,d=10,k=10",
)


def numpy_manual(dataset: Dataset) -> Way:  # noqa: PLR0915 - three models
    """Return the way of NumPy: formulas as one would type them."""
    x, y, rate, n, rows = dataset.x, dataset.y, dataset.learning_rate, dataset.n, np.arange(dataset.n)
    w, b = zeros(dataset)

    def linear() -> None:
        nonlocal w, b
        r = x @ w + b - y
        r @ r / n
        w, b = w - rate * (2 / n * (r @ x)), b - rate * (2 / n * r.sum())

    def logistic() -> None:
        nonlocal w, b
        z = x @ w + b
        e = np.exp(-np.abs(z))
        np.mean(np.maximum(z, 0) - y * z + np.log1p(e))
        r = np.where(z >= 0, 1, e) / (1 + e) - y
        w, b = w - rate * (r @ x / n), b - rate * r.mean()

    def softmax() -> None:
        nonlocal w, b
        z = x @ w + b
        z -= z.max(axis=1, keepdims=True)
        z_y = z[rows, y]
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        np.mean(np.log(total[:, 0]) - z_y)
        z /= total
        z[rows, y] -= 1
        w, b = w - rate * (x.T @ z / n), b - rate * z.mean(axis=0)

    return _loop({Model.LOGISTIC: logistic, Model.SOFTMAX: softmax}.get(dataset.model, linear))


def torch_autograd(dataset: Dataset) -> Way:
    """Return the way of torch with `autograd.grad`."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    x, y = torch.tensor(dataset.x), torch.tensor(dataset.y)
    w, b = (torch.tensor(p, requires_grad=True) for p in zeros(dataset))
    rate = dataset.learning_rate
    loss_of = {Model.LOGISTIC: F.binary_cross_entropy_with_logits, Model.SOFTMAX: F.cross_entropy}
    criterion: Any = loss_of.get(dataset.model, F.mse_loss)

    def step() -> None:
        gw, gb = torch.autograd.grad(criterion(x @ w + b, y), (w, b))
        with torch.no_grad():
            w.sub_(gw, alpha=rate)
            b.sub_(gb, alpha=rate)

    return _loop(step)


def torch_nn(dataset: Dataset) -> Way:
    """Return the way of torch with a module, a criterion and an optimizer."""
    import torch
    from torch import nn

    x, y = torch.tensor(dataset.x), torch.tensor(dataset.y)
    y = y if dataset.model is Model.SOFTMAX else y[:, None]
    module = nn.Linear(dataset.d, dataset.classes, dtype=x.dtype)
    kind = {Model.LOGISTIC: nn.BCEWithLogitsLoss, Model.SOFTMAX: nn.CrossEntropyLoss}.get(dataset.model, nn.MSELoss)
    criterion, optimizer = kind(), torch.optim.SGD(module.parameters(), lr=dataset.learning_rate)

    def step() -> None:
        optimizer.zero_grad()
        criterion(module(x), y).backward()
        optimizer.step()

    return _loop(step)


def jax_grad(dataset: Dataset) -> Way:
    """Return the way of JAX: a jitted step of its own."""
    import jax
    import jax.numpy as jnp

    def linear(params, x, y):  # type: ignore[no-untyped-def]
        return jnp.mean((x @ params[0] + params[1] - y) ** 2)

    def logistic(params, x, y):  # type: ignore[no-untyped-def]
        z = x @ params[0] + params[1]
        return jnp.mean(jnp.logaddexp(0, z) - y * z)

    def softmax(params, x, y):  # type: ignore[no-untyped-def]
        z = x @ params[0] + params[1]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0])

    loss_of = {Model.LOGISTIC: logistic, Model.SOFTMAX: softmax}.get(dataset.model, linear)

    @jax.jit
    def step(params, rate, x, y):  # type: ignore[no-untyped-def]
        loss, (gw, gb) = jax.value_and_grad(loss_of)(params, x, y)
        return (params[0] - rate * gw, params[1] - rate * gb), loss

    x, y = jnp.array(dataset.x), jnp.array(dataset.y)
    rate = jnp.array(dataset.learning_rate, x.dtype)
    params = tuple(jnp.array(p) for p in zeros(dataset))

    def run(number: int) -> None:
        nonlocal params
        for _ in range(number):
            params, _ = step(params, rate, x, y)
        jax.block_until_ready(params)

    return run


def _loop(step: Callable[[], None]) -> Way:
    def run(number: int) -> None:
        for _ in range(number):
            step()

    return run


TIGHTEST = {each.__name__: each for each in (numpy_manual, torch_autograd, torch_nn, jax_grad)}


def main(wanted: list[str]) -> None:
    """Print the ratio of every cell and implementation whose words are all wanted; of all, without any."""
    for cell in CELLS:
        dataset = load(cell, dtype="float32")
        for name, tightest in TIGHTEST.items():
            if not all(word in f"{name} {cell}" for word in wanted):
                continue
            trainer = trained(impls.load(name), dataset, Recipe(dataset.learning_rate))
            ways = {name: epochs(trainer), "tightest": tightest(dataset)}
            found = times(ways, lambda number: trainer.reset(zeros(dataset), number), SECONDS)  # noqa: B023
            print(f"{words(found, name, 'tightest', MOST)}, {cell}", flush=True)


if __name__ == "__main__":
    as_a_worker("tests.speed.tightest")
    main(sys.argv[1:])
