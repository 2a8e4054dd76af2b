"""Expand sweeps: geometric steps become synthetic datasets, batch sizes and threads, within reach of this machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import psutil

from bench.errors import BadInput, unknown
from datasets import synthetic
from datasets.dataset import Model

AXES = ("n", "d", "k", "batch_size", "threads")
# The values of axes that are not swept.
_BASE = {"n": 10_000, "d": 16, "k": 10}
# Two steps multiply by ten; threads are doubled.
_STEP, _THREADS_STEP = math.sqrt(10), 2.0
_MOST_VALUES = 50

# Leave out a cell that would take longer than this on a slow machine: 20 epochs per process at 2 Gflop/s and 2 GB/s,
# and half a millisecond per step.
MOST_SECONDS = 600.0
_EPOCHS, _FLOPS, _BYTES, _STEP_SECONDS = 20, 2e9, 2e9, 5e-4


@dataclass(frozen=True)
class Swept:
    """The dataset names, batch sizes and numbers of threads to combine.

    beyond    the (dataset, batch size) pairs among them that are left out
    left_out  what is left out, with its reason: a pair, or a dataset at every batch size
    """

    datasets: tuple[str, ...]
    batch_sizes: tuple[int | None, ...]
    threads: tuple[int, ...]
    beyond: frozenset[tuple[str, int | None]] = frozenset()
    left_out: tuple[str, ...] = ()


def expand(
    sweeps: Sequence[str],
    *,
    models: Sequence[str],
    dtypes: Sequence[str],
    batch_sizes: Sequence[int | None],
    threads: int,
    blocks: int,
    seed: int,
) -> Swept:
    """Expand these sweeps into every combination of sizes, for every model.

    Raises BadInput for a sweep that cannot be read.
    """
    values = dict(map(_parse, sweeps))
    if len(values) < len(sweeps):
        raise BadInput("--sweep names an axis twice: give each once, such as n=1e2:1e6")
    if "threads" in values and threads != 1:
        raise BadInput(f"--sweep threads=FROM:TO replaces --threads {threads}: leave one of them out")
    shapes = _shapes([values.get(axis, [base]) for axis, base in _BASE.items()], models, seed)
    batches = tuple(dict.fromkeys((*batch_sizes, *values.get("batch_size", ())))) or (None,)
    itemsize = 8 if "float64" in dtypes else 4
    pairs = {
        (name, size): _out_of_reach(*shapes[name], itemsize, size, blocks) for name, size in product(shapes, batches)
    }
    within = tuple(name for name in shapes if not all(pairs[name, size] for size in batches))
    if not within:
        raise BadInput(f"--sweep: nothing is within reach: {next(iter(pairs.values()))}; use smaller sizes")
    beyond = frozenset(pair for pair, why in pairs.items() if why and pair[0] in within)
    whole = [f"{name}: {next(pairs[name, size] for size in batches)}" for name in shapes if name not in within]
    parts = [f"{name}, {_batch(size)}: {why}" for (name, size), why in pairs.items() if (name, size) in beyond]
    return Swept(within, batches, tuple(values.get("threads", (threads,))), beyond, (*whole, *parts))


def _shapes(sizes: Sequence[Sequence[int]], models: Sequence[str], seed: int) -> dict[str, tuple[int, int, int]]:
    """Return n, d and k of every dataset by name; sizes that a model does not have add no datasets."""
    found = {}
    for model in map(Model, models or list(Model)):
        for n, d, k in product(*sizes):
            shape = (n, 1 if model is Model.SIMPLE_LINEAR else d, k if model is Model.SOFTMAX else 1)
            found[synthetic.name(model, *shape, seed)] = shape
    return found


def _batch(size: int | None) -> str:
    return "all rows at once" if size is None else f"batches of {size}"


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
    step = _THREADS_STEP if axis == "threads" else _STEP
    return axis, list(dict.fromkeys(_steps(ends[0], ends[1], step)))


def _steps(first: int, last: int, by: float) -> Iterator[int]:
    """Yield the numbers from first to last, inclusive, rounded to two digits in between."""
    for step in range(_MOST_VALUES):
        value = first * by**step
        if value >= 0.99 * last:
            break
        digits = max(0, math.floor(math.log10(value)) - 1)
        yield round(round(value / 10**digits) * 10**digits)
    yield last


def _out_of_reach(n: int, d: int, k: int, itemsize: int, batch_size: int | None, blocks: int) -> str:
    """Return why a size is left out; empty if it is not.

    The rows are in memory once in this process, and twice in a worker, with six arrays of n x k.
    """
    need, total = itemsize * n * (3 * d + 6 * k), psutil.virtual_memory().total
    if need > total:
        return f"needs {need / 2**30:.1f} GiB of memory, the machine has {total / 2**30:.1f}"
    seconds = blocks * work_seconds(n, d, k, itemsize, batch_size)
    return f"takes {seconds / 60:.0f} minutes for each implementation" if seconds > MOST_SECONDS else ""


def work_seconds(n: int, d: int, k: int, itemsize: int, batch_size: int | None) -> float:
    """Return the seconds that the epochs of a cell take in one process on a slow machine."""
    steps = math.ceil(n / (batch_size or n))
    return _EPOCHS * (4 * n * d * k / _FLOPS + itemsize * n * d / _BYTES + steps * _STEP_SECONDS)
