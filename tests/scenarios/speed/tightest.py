"""Compare each of the four with the tightest code that its library's ordinary interface allows.

Run `python -m tests.scenarios.speed.tightest`.

The tight code is one function for one model, one dtype and full batches: no class, no row selection, no batches,
but the same formulas and layout. Both compute the loss and update the parameters, begin each round at zeros, and must
end at the same parameters. The four may be 1.1x slower; docs/speed.md explains larger ratios.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import impls
from datasets import load
from datasets.dataset import Dataset, Model
from impls.protocol import Recipe, zeros
from tests.scenarios.speed.interleaved import Way, as_a_worker, epochs, times, trained, words

SECONDS, MOST = 1.5, 1.1
CELLS = (
    *(f"synthetic:simple_linear,n={n}" for n in (442, 10_000, 100_000)),
    *(
        f"synthetic:{model},{size}"
        for size in ("n=442,d=10", "n=10000,d=64", "n=100000,d=64")
        for model in ("multivariate_linear", "logistic")
    ),
    *(f"synthetic:softmax,{size},k=10" for size in ("n=442,d=10", "n=10000,d=64", "n=100000,d=64")),
)


class Tight(NamedTuple):
    """Tight code: its epochs, its reset to zeros, and the current w and b, each flattened."""

    run: Way
    reset: Callable[[], None]
    params: Callable[[], Sequence[Any]]


def numpy_manual(dataset: Dataset) -> Tight:  # noqa: PLR0915 - four models
    """Return the tight code for NumPy: formulas as one would type them, in place."""
    x, y, rate, n, rows = dataset.x, dataset.y, dataset.learning_rate, dataset.n, np.arange(dataset.n)
    w, b = zeros(dataset)

    def reset() -> None:
        nonlocal w, b
        w, b = zeros(dataset)

    def simple_linear() -> None:
        nonlocal w, b
        r = x * w
        r += b
        r -= y
        r @ r / n
        w, b = w - rate * 2 / n * (r @ x), b - rate * 2 / n * r.sum()

    def multivariate_linear() -> None:
        nonlocal w, b
        r = x @ w
        r += b
        r -= y
        r @ r / n
        w, b = w - rate * 2 / n * (r @ x), b - rate * 2 / n * r.sum()

    def logistic() -> None:
        nonlocal w, b
        z = x @ w
        z += b
        e = np.abs(z)
        np.negative(e, out=e)
        np.exp(e, out=e)
        losses = np.log1p(e)
        losses += np.maximum(z, 0)
        losses -= y * z
        losses.sum() / n
        r = np.where(z >= 0, 1, e)
        e += 1
        r /= e
        r -= y
        w, b = w - rate / n * (r @ x), b - rate / n * r.sum()

    def softmax() -> None:
        nonlocal w, b
        z = x @ w
        z += b
        z -= z.max(axis=1, keepdims=True)
        z_y = z[rows, y]
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        (np.log(total[:, 0]) - z_y).sum() / n
        z /= total
        z[rows, y] -= 1
        w, b = w - rate / n * (x.T @ z), b - rate / n * z.sum(axis=0)

    steps = {each.__name__: each for each in (simple_linear, multivariate_linear, logistic, softmax)}
    return Tight(_loop(steps[dataset.model]), reset, lambda: (w, b))


def torch_autograd(dataset: Dataset) -> Tight:
    """Return the tight code for torch with `autograd.grad`."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    x, y = torch.tensor(dataset.x), torch.tensor(dataset.y)
    w, b = (torch.tensor(p, requires_grad=True) for p in zeros(dataset))
    rate = dataset.learning_rate
    loss_of = {Model.LOGISTIC: F.binary_cross_entropy_with_logits, Model.SOFTMAX: F.cross_entropy}
    criterion: Any = loss_of.get(dataset.model, F.mse_loss)
    product = torch.mul if dataset.model is Model.SIMPLE_LINEAR else torch.matmul

    def step() -> None:
        gw, gb = torch.autograd.grad(criterion(product(x, w) + b, y), (w, b))
        with torch.no_grad():
            w.sub_(gw, alpha=rate)
            b.sub_(gb, alpha=rate)

    @torch.no_grad()
    def reset() -> None:
        w.zero_()
        b.zero_()

    return Tight(_loop(step), reset, lambda: (w.detach().numpy(), b.detach().numpy()))


def torch_nn(dataset: Dataset) -> Tight:
    """Return the tight code for torch with a module, a criterion and an optimizer."""
    import torch
    from torch import nn

    x, y = torch.tensor(dataset.x).reshape(dataset.n, dataset.d), torch.tensor(dataset.y)
    y = y if dataset.model is Model.SOFTMAX else y[:, None]
    module = nn.Linear(dataset.d, dataset.classes, dtype=x.dtype)
    kind = {Model.LOGISTIC: nn.BCEWithLogitsLoss, Model.SOFTMAX: nn.CrossEntropyLoss}.get(dataset.model, nn.MSELoss)
    criterion, optimizer = kind(), torch.optim.SGD(module.parameters(), lr=dataset.learning_rate)

    def step() -> None:
        optimizer.zero_grad()
        criterion(module(x), y).backward()
        optimizer.step()

    def reset() -> None:
        nn.init.zeros_(module.weight)
        nn.init.zeros_(module.bias)

    return Tight(_loop(step), reset, lambda: (module.weight.detach().numpy().T, module.bias.detach().numpy()))


def jax_grad(dataset: Dataset) -> Tight:
    """Return the tight code for JAX: its own jitted step."""
    import jax
    import jax.numpy as jnp

    def linear(params, x, y):  # type: ignore[no-untyped-def]
        z = x * params[0] if x.ndim == 1 else x @ params[0]
        return jnp.mean((z + params[1] - y) ** 2)

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
    start = params = tuple(jnp.array(p) for p in zeros(dataset))

    def reset() -> None:
        nonlocal params
        params = start

    def run(number: int) -> None:
        nonlocal params
        for _ in range(number):
            params, _ = step(params, rate, x, y)
        jax.block_until_ready(params)

    return Tight(run, reset, lambda: params)


def _loop(step: Callable[[], None]) -> Way:
    def run(number: int) -> None:
        for _ in range(number):
            step()

    return run


TIGHTEST = {each.__name__: each for each in (numpy_manual, torch_autograd, torch_nn, jax_grad)}
# The number of epochs after which both must agree within rounding.
TOGETHER, WITHIN = 3, 1e-4


def beside(name: str, dataset: Dataset) -> tuple[dict[str, Way], Callable[[int], None]]:
    """Return both ways and their resets.

    Raises AssertionError if they do not end at the same parameters after a few epochs.
    """
    trainer, tight = trained(impls.load(name), dataset, Recipe(dataset.learning_rate)), TIGHTEST[name](dataset)
    ways = {name: epochs(trainer), "tightest": tight.run}

    def ready(number: int) -> None:
        trainer.reset(zeros(dataset), number)
        tight.reset()

    ready(TOGETHER)
    for way in ways.values():
        way(TOGETHER)
    for own, tightest in zip(trainer.params(), tight.params(), strict=True):
        np.testing.assert_allclose(np.ravel(own), np.ravel(tightest), rtol=WITHIN, atol=WITHIN * np.abs(own).max())
    return ways, ready


def main(wanted: list[str]) -> None:
    """Print the ratio of every cell and implementation that matches all given words, or of all."""
    for cell in CELLS:
        dataset = load(cell, dtype="float32")
        for name in TIGHTEST:
            if all(word in f"{name} {cell}" for word in wanted):
                found = times(*beside(name, dataset), SECONDS)
                print(f"{words(found, name, 'tightest', MOST)}, {cell}", flush=True)


if __name__ == "__main__":
    as_a_worker("tests.scenarios.speed.tightest")
    main(sys.argv[1:])
