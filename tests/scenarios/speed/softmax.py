"""Where the time of a softmax epoch goes, and how close NumPy code comes to the limit.

Run `python -m tests.scenarios.speed.softmax`.

100,000 x 64 x 10 in float32: `numpy_blocked` alternates with the tightest code for this one shape and with the
machine's rates; then each of its passes is timed separately over all blocks, beside its part of the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

import impls
from bench.analysis import roofline
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rates
from bench.timing import rates_job
from bench.worker import rates
from datasets import load
from datasets.dataset import Dataset, FloatArray, LabelArray
from impls.protocol import Recipe, zeros
from tests.scenarios.speed.interleaved import Way, as_a_worker, epochs, times, trained, words

SPEC, SECONDS, TURNS = "synthetic:softmax,n=100000,d=64,k=10", 8.0, 8
# As many rows per block as numpy_blocked: half a megabyte of x, and a product that OpenBLAS computes without packing.
ROWS = 1_562


def tightest(dataset: Dataset) -> tuple[Way, Callable[[], None]]:
    """Return a function for this shape, and its reset to zeros; blocks and label positions are computed once."""
    n, rate = dataset.n, dataset.learning_rate
    blocks = [_block(dataset, first, min(n, first + ROWS)) for first in range(0, n, ROWS)]
    each = np.ones(dataset.classes, dataset.x.dtype)
    w, b = zeros(dataset)

    def sums() -> tuple[FloatArray, FloatArray]:
        gw, gb, loss = np.zeros_like(w), np.zeros_like(b), 0.0
        for x_t, place, z, t, s, ones in blocks:
            np.matmul(w.T, x_t, out=z)
            np.add(z, b[:, None], out=z)
            np.subtract(z, np.maximum.reduce(z, axis=0, out=t), out=z)
            z_y = z.take(place)
            np.exp(z, out=z)
            each.dot(z, t)
            loss += np.add.reduce(np.subtract(np.log(t, out=s), z_y, out=s))
            np.multiply(z, np.reciprocal(t, out=t), out=z)
            z.reshape(-1)[place] -= 1
            gw += x_t @ z.T
            gb += z.dot(ones)
        return gw, gb

    def reset() -> None:
        nonlocal w, b
        w, b = zeros(dataset)

    def run(number: int) -> None:
        nonlocal w, b
        for _ in range(number):
            gw, gb = sums()
            w, b = w - rate / n * gw, b - rate / n * gb

    return run, reset


class Block(NamedTuple):
    """x' of some rows, the positions of their labels in class-major logits, scratch arrays z, t and s, and ones."""

    x_t: FloatArray
    place: LabelArray
    z: FloatArray
    t: FloatArray
    s: FloatArray
    ones: FloatArray


def _block(dataset: Dataset, first: int, last: int) -> Block:
    rows, dtype = last - first, dataset.x.dtype
    place = (dataset.y[first:last] * rows + np.arange(rows)).astype(np.int64)
    z, (t, s) = np.empty((dataset.classes, rows), dtype), np.empty((2, rows), dtype)
    return Block(dataset.x[first:last].T, place, z, t, s, np.ones(rows, dtype))


def beside_the_limit(dataset: Dataset) -> None:
    """Print the two side by side with the limit measured between them."""
    trainer, (tight, reset) = (
        trained(impls.load("numpy_blocked"), dataset, Recipe(dataset.learning_rate)),
        tightest(dataset),
    )
    shape = (dataset.name, dataset.model, dataset.n, dataset.d, dataset.classes, "float32", dataset.learning_rate)
    cell = Cell("numpy_blocked", Problem(*shape, None, shuffle=False, drop_last=False, seed=0), "cpu", 1)
    job = rates_job.RatesJob(0, None, "float32", 1, (roofline.measured_size(cell.problem),), "")
    measured: list[Rates] = []
    found: dict[str, dict[int, float]] = {"numpy_blocked": {}, "tightest": {}}

    def ready(number: int) -> None:
        trainer.reset(zeros(dataset), number)
        reset()

    for _ in range(TURNS):
        measured.append(rates.measure(job))
        turn = times({"numpy_blocked": epochs(trainer), "tightest": tight}, ready, SECONDS / TURNS)
        for name, rounds in turn.items():
            found[name] |= {len(found[name]) + one: seconds for one, seconds in rounds.items()}
    least = roofline.seconds(cell, measured)
    assert least is not None, "the size was measured"
    print(words(found, "numpy_blocked", "tightest", 1.1))
    for name, rounds in found.items():
        best, median = min(rounds.values()) / least, np.median(list(rounds.values())) / least
        print(f"{name}: {best:.2f} times its limit at best, {median:.2f} by the median")
    flops = max(one.flops_per_second for one in measured)
    exponentials = max(one.exponentials_per_second for one in measured)
    print(f"limit {1e3 * least:.3f} ms, of {flops / 1e9:.0f} Gflop/s and {exponentials / 1e9:.2f} G exponentials/s")


def passes(dataset: Dataset) -> dict[str, Callable[[], object]]:
    """Return each pass over a block that stays in cache, by name."""
    x, y, k = dataset.x[:ROWS], dataset.y[:ROWS], dataset.classes
    generator = np.random.default_rng(0)
    w, b = (generator.standard_normal(shape).astype(x.dtype) for shape in ((dataset.d, k), k))
    z, t, ones, each = np.empty((k, ROWS), x.dtype), np.ones(ROWS, x.dtype), np.ones(ROWS, x.dtype), np.ones(k, x.dtype)
    place, flat, out = np.asarray(y, np.int64) * ROWS + np.arange(ROWS), z.reshape(-1), np.empty((k, ROWS), x.dtype)
    np.matmul(w.T, x.T, out=z)
    return {
        "x w": partial(np.matmul, w.T, x.T, out=out),
        "x' r": partial(np.matmul, x.T, z.T),
        "+ b": partial(np.add, z, b[:, None], out=out),
        "maximum": partial(np.maximum.reduce, z, axis=0, out=t),
        "- maximum": partial(np.subtract, z, t, out=out),
        "exponential": partial(np.exp, -np.abs(z), out=out),
        "sum over classes": partial(each.dot, z, t),
        "* 1 / sum": partial(np.multiply, z, t, out=out),
        "sum over rows": partial(z.dot, ones),
        "labels": lambda: flat.take(place),
        "losses": partial(np.log, ones, out=t),
    }


def where_it_goes(dataset: Dataset) -> None:
    """Print each pass's share of an epoch, and its speed."""
    found = times({name: _repeated(one) for name, one in passes(dataset).items()}, lambda _: None, SECONDS)
    shortest = {name: min(rounds.values()) for name, rounds in found.items()}
    blocks, products = dataset.n / ROWS, 2 * ROWS * dataset.d * dataset.classes
    for name, seconds in shortest.items():
        speed = f", {products / seconds / 1e9:.0f} Gflop/s" if name in ("x w", "x' r") else ""
        print(f"{name:<18}{1e3 * blocks * seconds:7.3f} ms, {100 * seconds / sum(shortest.values()):4.1f} %{speed}")
    print(f"{'together':<18}{1e3 * blocks * sum(shortest.values()):7.3f} ms, of blocks that stay in cache")


def _repeated(one: Callable[[], object]) -> Way:
    def run(number: int) -> None:
        for _ in range(number):
            one()

    return run


if __name__ == "__main__":
    as_a_worker("tests.scenarios.speed.softmax")
    made = load(SPEC, dtype="float32")
    beside_the_limit(made)
    where_it_goes(made)
