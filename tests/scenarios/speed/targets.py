"""The speed targets of the tuned implementations.

`python -m tests.scenarios.speed.targets` prints each ratio and its target.

One process, one thread, alternating; ratios are not asserted, since they depend on the machine too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import impls
from bench.analysis import roofline
from bench.plan.data import DEFAULT_DATASETS
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rates
from bench.timing import rates_job
from bench.worker import rates
from datasets import load
from impls.protocol import Batching, Recipe, zeros
from tests.scenarios.speed.interleaved import as_a_worker, epochs, times, trained, words

SECONDS = 2.0


@dataclass(frozen=True)
class Target:
    """The target: `way` takes at most this multiple of the time of `other` on this dataset."""

    dataset: str
    way: str
    other: str
    most: float
    batch_size: int | None = None
    dtype: str = "float32"


def targets() -> Iterator[Target]:
    """Yield every target."""
    yield Target("synthetic:softmax,n=100000,d=64,k=10", "numpy_blocked", "scikit_learn", 0.6)
    yield Target("synthetic:softmax,n=1000000,d=16,k=2", "numpy_blocked", "scikit_learn", 0.5)
    yield Target("digits", "jax_scan", "jax_grad", 0.35, 64)
    for dataset in DEFAULT_DATASETS:
        for batch_size in (None, 64):
            for dtype in ("float32", "float64"):
                if batch_size is None or load(dataset, dtype="float32").n > batch_size:
                    yield Target(dataset, "numpy_blocked", "numpy_manual", 1.1, batch_size, dtype)


LIMITS = (
    ("synthetic:multivariate_linear,n=60000,d=784", 2.5),
    ("synthetic:logistic,n=60000,d=784", 2.5),
    ("synthetic:softmax,n=100000,d=64,k=10", 5.0),
)


def against_limit(name: str, spec: str, most: float) -> str:
    """Return the time of an implementation as a multiple of its limit, with rates and epochs alternating.

    The median decides; the shortest round is shown beside it, since the limit uses the machine's best rates.
    """
    dataset = load(spec, dtype="float32")
    trainer = trained(impls.load(name), dataset, Recipe(dataset.learning_rate))
    shape = (dataset.name, dataset.model, dataset.n, dataset.d, dataset.classes, "float32", dataset.learning_rate)
    cell = Cell(name, Problem(*shape, None, shuffle=False, drop_last=False, seed=0), "cpu", 1)
    job = rates_job.RatesJob(0, None, "float32", 1, (roofline.measured_size(cell.problem),), "")
    measured: list[Rates] = []
    seconds: list[float] = []
    for _ in range(8):
        measured.append(rates.measure(job))
        found = times({name: epochs(trainer)}, lambda number: trainer.reset(zeros(dataset), number), SECONDS / 8)
        seconds += found[name].values()
    least = roofline.seconds(cell, measured)
    assert least is not None, "the size was measured"
    median, shortest = float(np.median(seconds)), min(seconds)
    said = "within" if median <= most * least else "ABOVE "
    times_limit = f"{median / least:.2f} by the median, {shortest / least:.2f} by the shortest round"
    return f"{said} {most}: {name} / limit {times_limit}, {1e3 * shortest:.4g} ms, {spec}"


def main(wanted: list[str]) -> None:
    """Print the ratio of every target that matches all given words, or of all targets."""
    for target in targets():
        if all(word in str(target) for word in wanted):
            dataset = load(target.dataset, dtype=target.dtype)
            recipe = Recipe(dataset.learning_rate, Batching(target.batch_size))
            trainers = {name: trained(impls.load(name), dataset, recipe) for name in (target.way, target.other)}

            def ready(number: int, trainers=trainers, dataset=dataset) -> None:  # type: ignore[no-untyped-def]
                for trainer in trainers.values():
                    trainer.reset(zeros(dataset), number)

            found = times({name: epochs(trainer) for name, trainer in trainers.items()}, ready, SECONDS)
            batch = "" if target.batch_size is None else f" batch {target.batch_size}"
            said = words(found, target.way, target.other, target.most)
            print(f"{said}, {target.dataset} {target.dtype}{batch}", flush=True)


def limits(wanted: list[str]) -> None:
    """Print the same for the limits."""
    for spec, most in LIMITS:
        for name in ("numpy_blocked", "jax_scan"):
            if all(word in f"{name} {spec} limit" for word in wanted):
                print(against_limit(name, spec, most), flush=True)


if __name__ == "__main__":
    as_a_worker("tests.scenarios.speed.targets")
    main(sys.argv[1:])
    limits(sys.argv[1:])
