"""Artificial runs of several sizes, whose times grow by a given function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from bench.analysis.run import Raw
from bench.store.cell import Cell, Problem
from datasets import synthetic
from datasets.dataset import Model
from impls import BASELINE
from tests.support.made_run import made_run

BLOCKS = 14

SIZES = (100, 1000, 10_000, 100_000)

Values = dict[Cell, dict[int, float]]

Seconds = Callable[[int], float]


def problem(n: int, batch_size: int | None = None, seed: int = 0) -> Problem:
    name = synthetic.name(Model.LOGISTIC, n, 16, 1, seed)
    return Problem(name, Model.LOGISTIC, n, 16, 1, "float32", 0.1, batch_size, False, False, 0)


def of(
    name: str, n: int, seconds: float, batch_size: int | None = None, *, blocks: int = BLOCKS, noise: float = 0.001
) -> Values:
    """Return the values of one cell, by turns up to `noise` above and below its time, which is their median."""
    cell = Cell(name, problem(n, batch_size), "cpu", 1)
    around = [(-1) ** block * (1 + (block - 1) // 2) / ((blocks + 1) // 2) for block in range(1, blocks + 1)]
    return {cell: {block: seconds * math.exp(noise * share) for block, share in enumerate(around, start=1)}}


def curve(name: str, seconds: Seconds, noise: float = 0.0, blocks: int = BLOCKS) -> Values:
    return {cell: own for n in SIZES for cell, own in of(name, n, seconds(n), noise=noise, blocks=blocks).items()}


def light(n: int) -> float:
    return 1e-5 + 4e-8 * n


def heavy(n: int) -> float:
    return 1e-4 + 1e-8 * n


def growing(*, crossing: bool, blocks: int = BLOCKS) -> Raw:
    """Return a run on several sizes of the same synthetic data."""
    seconds = {"numpy_manual": light, "torch_nn": lambda n: 2 * light(n), "jax_grad": heavy if crossing else light}
    return made_run([*seconds], [*map(problem, SIZES)], lambda name, one: seconds[name](one.n), blocks=blocks)


def on_an_accelerator(raw: Raw) -> Raw:
    """Return the run with all but the baseline on an accelerator; as in a plan, the baseline cells come last."""

    def moved(cell: Cell) -> Cell:
        return cell if cell.implementation == BASELINE else replace(cell, device="cuda:0")

    verdicts = [replace(one, cell=moved(one.cell)) for one in raw.verdicts]
    rounds = [replace(one, cell=moved(one.cell)) for one in raw.rounds]
    return replace(raw, verdicts=sorted(verdicts, key=lambda one: one.cell.device == "cpu"), rounds=rounds)
