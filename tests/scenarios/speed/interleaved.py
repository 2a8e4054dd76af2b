"""Time several ways to do the same work in one process, alternating, and compute the ratios.

A disturbance longer than a round affects neighbouring rounds equally and cancels in their ratio.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

from bench.analysis.statistics import Ratio, paired_ratio
from bench.process import spawn
from datasets.dataset import Dataset
from impls.protocol import Device, Implementation, Recipe, Trainer, zeros

Way = Callable[[int], None]

# A round is long compared with the cost of the clock, and short compared with the time slices of a shared processor.
# An interval needs at least six rounds.
_ROUND_SECONDS, _LEAST_ROUNDS = 1e-3, 6


def as_a_worker(module: str) -> None:
    """Restart this program in the environment of a timing worker, on one processor, unless it already runs there.

    Libraries read the number of threads when they are loaded, and NumPy is already loaded.
    """
    if "LAYOUT_PADDING" not in os.environ:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        environment = spawn.environment(dtype="float32", threads=1, device="cpu")
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environment)  # noqa: S606 - ourselves


def epochs(trainer: Trainer) -> Way:
    """Return a way that trains for a number of epochs; resetting the trainer is off the clock."""

    def run(number: int) -> None:
        for _ in range(number):
            trainer.epoch()
        trainer.synchronize()

    return run


def trained(implementation: Implementation, dataset: Dataset, recipe: Recipe) -> Trainer:
    """Return a trainer of this dataset on the CPU, starting from zeros."""
    return implementation(dataset, zeros(dataset), recipe, Device("cpu"))


def times(ways: Mapping[str, Way], ready: Callable[[int], None], seconds: float) -> dict[str, dict[int, float]]:
    """Return the seconds per repetition of each way, by round; all do the same number per round.

    ready     called before each way with that number, off the clock
    seconds   how long this may take; there are at least six rounds
    """
    number = 1
    for way in ways.values():
        ready(1)
        way(1)
    while min(_seconds(way, number, ready) for way in ways.values()) < _ROUND_SECONDS:
        number *= 2
    found: dict[str, dict[int, float]] = {name: {} for name in ways}
    order, generator = list(ways), np.random.default_rng(0)
    gc.disable()
    began, one = time.perf_counter(), 0
    while one < _LEAST_ROUNDS or time.perf_counter() - began < seconds:
        generator.shuffle(order)
        for name in order:
            found[name][one] = _seconds(ways[name], number, ready) / number
        one += 1
    gc.enable()
    return found


def _seconds(way: Way, number: int, ready: Callable[[int], None]) -> float:
    ready(number)
    began = time.perf_counter()
    way(number)
    return time.perf_counter() - began


def ratio(found: Mapping[str, Mapping[int, float]], way: str, other: str) -> Ratio:
    """Return the ratio of the times of two ways, with its 95 % interval."""
    compared = paired_ratio(found[way], found[other], 1)
    assert compared is not None, "six rounds give an interval"
    return compared


def words(found: Mapping[str, Mapping[int, float]], way: str, other: str, most: float) -> str:
    """Return the verdict on the ratio of two ways, from the interval of all pairs.

    It is undecided if the interval contains `most`. The ratio of the shortest, undisturbed rounds is shown beside it.
    """
    seen, shortest = ratio(found, way, other), min(found[way].values()) / min(found[other].values())
    verdict = "within" if seen.high <= most else "ABOVE " if seen.low > most else "open  "
    pairs = f"{seen.ratio:.3f} ({seen.low:.3f} to {seen.high:.3f}) by {seen.blocks} pairs"
    least = f"{shortest:.3f} by the shortest rounds, {1e6 * min(found[way].values()):.4g} us"
    return f"{verdict} {most}: {way} / {other} {pairs}, {least}"
