"""Sweeps: sizes in geometric steps become drawn datasets and batch sizes; what is out of reach is left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import psutil

from bench.errors import BadInput, unknown
from datasets import synthetic
from datasets.dataset import Model

AXES = ("n", "d", "k", "batch_size")
# What is not swept: ten thousand rows of 16 features, and ten classes.
_BASE = {"n": 10_000, "d": 16, "k": 10}
# Two steps make ten times as much.
_STEP = math.sqrt(10)
_MOST_VALUES = 50

# A cell is left out that would take longer than this, by arithmetic at a slow machine's pace: 20 epochs a process at
# 2 Gflop/s and 2 GB/s, and half a millisecond a step.
MOST_SECONDS = 600.0
_EPOCHS, _FLOPS, _BYTES, _STEP_SECONDS = 20, 2e9, 2e9, 5e-4


@dataclass(frozen=True)
class Swept:
    """The datasets and batch sizes of a sweep, as options name them, and the datasets left out, with reasons."""

    datasets: tuple[str, ...]
    batch_sizes: tuple[str, ...]
    left_out: tuple[str, ...]


def expand(sweeps: Sequence[str], models: Sequence[str], dtypes: Sequence[str], blocks: int, seed: int) -> Swept:
    """Return what these sweeps stand for: every combination of the sizes, for every model.

    Raises BadInput for a sweep that cannot be read.
    """
    values = dict(map(_parse, sweeps))
    if len(values) < len(sweeps):
        raise BadInput("--sweep names an axis twice: give each once, such as n=1e2:1e6")
    sizes = [values.get(axis, [base]) for axis, base in _BASE.items()]
    batches = tuple(str(size) for size in values.get("batch_size", ()))
    itemsize = 8 if "float64" in dtypes else 4
    specs: dict[str, str] = {}
    for model in map(Model, models or list(Model)):
        for n, d, k in product(*sizes):
            shape = (n, 1 if model is Model.SIMPLE_LINEAR else d, k if model is Model.SOFTMAX else 1)
            why = _out_of_reach(*shape, itemsize, min(map(int, batches), default=n), blocks)
            specs[synthetic.name(model, *shape, seed)] = why
    within = tuple(name for name, why in specs.items() if not why)
    if not within:
        raise BadInput(f"--sweep: nothing is within reach: {next(iter(specs.values()))}; take smaller sizes")
    return Swept(within, batches, tuple(f"{name}: {why}" for name, why in specs.items() if why))


def _parse(text: str) -> tuple[str, list[int]]:
    axis, _, values = text.partition("=")
    if axis not in AXES:
        raise unknown("axis", axis, AXES)
    try:
        ends = [round(float(end)) for end in values.split(":")]
    except (ValueError, OverflowError):
        ends = []
    if len(ends) != 2 or not 1 <= ends[0] <= ends[1]:
        raise BadInput(f"--sweep {text}: write {axis}=FROM:TO with whole numbers from 1, such as {axis}=1e1:1e3")
    return axis, list(dict.fromkeys(_steps(*ends)))


def _steps(first: int, last: int) -> Iterator[int]:
    """Yield the numbers from the first to the last, both of them among, with two digits between."""
    for step in range(_MOST_VALUES):
        value = first * _STEP**step
        if value >= 0.99 * last:
            break
        digits = max(0, math.floor(math.log10(value)) - 1)
        yield round(round(value / 10**digits) * 10**digits)
    yield last


def _out_of_reach(n: int, d: int, k: int, itemsize: int, batch_size: int, blocks: int) -> str:
    """Return why a size is left out; empty if it is not.

    The rows lie in this process, and in a worker twice with six arrays of n x k.
    """
    need, total = itemsize * n * (3 * d + 6 * k), psutil.virtual_memory().total
    if need > total:
        return f"needs {need / 2**30:.1f} GiB of memory, the machine has {total / 2**30:.1f}"
    epoch = 4 * n * d * k / _FLOPS + itemsize * n * d / _BYTES + math.ceil(n / batch_size) * _STEP_SECONDS
    seconds = blocks * _EPOCHS * epoch
    return f"takes {seconds / 60:.0f} minutes for each implementation" if seconds > MOST_SECONDS else ""
