"""The participants of a block: workers, the contests of their cells, and which trainers exist at the same time."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

import impls
from bench.plan.controls import NULL, twin
from bench.store.cell import CPU, Cell, Contest, Problem


@dataclass(frozen=True)
class WorkerGroup:
    """The cells that share a worker: those of one implementation, device, dtype and number of threads.

    implementation   its name; "<name>@aa" for the baseline's twin
    """

    implementation: str
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """Its unique name: "numpy_manual (cpu, float32)"."""
        cell = self.cells[0]
        threads = f", {cell.threads} threads" if cell.threads != 1 else ""
        return f"{self.implementation} ({cell.device}, {cell.problem.dtype}{threads})"


@dataclass(frozen=True)
class Racer:
    """A participant of a contest: a worker's group, with one of its cells."""

    group: WorkerGroup
    cell: Cell


def worker_groups(cells: Sequence[Cell], *, controls: bool) -> list[WorkerGroup]:
    """Return the workers of a block; with `controls`, also the baseline's twins on the CPU, and the null worker."""
    shared: dict[tuple[str, str, str, int], list[Cell]] = {}
    for cell in cells:
        key = (cell.implementation, cell.device, cell.problem.dtype, cell.threads)
        shared.setdefault(key, []).append(cell)
    found = [WorkerGroup(key[0], tuple(group)) for key, group in shared.items()]
    if not controls or not cells:
        return found
    twins = [WorkerGroup(twin(one.implementation), one.cells) for one in found if one.implementation == impls.BASELINE]
    return [*found, *twins, WorkerGroup(NULL, (null(cells),))]


def null(cells: Sequence[Cell]) -> Cell:
    """Return the cell of the null implementation, which takes part in one contest."""
    return replace(cells[0], implementation=NULL, device=CPU)


def contests(groups: Sequence[WorkerGroup]) -> list[list[Racer]]:
    """Return the contests: all cells of one problem with the same number of threads, whatever their devices."""
    found: dict[Contest, list[Racer]] = {}
    for group in groups:
        for cell in group.cells:
            found.setdefault(cell.contest, []).append(Racer(group, cell))
    return [*found.values()]


def together(runners: Sequence[Racer], memory_bytes: float, *, compared: bool = True) -> list[list[Racer]]:
    """Return groups whose trainers exist at the same time, one group after another: all of them if memory allows.

    If it does not, pairs of the baseline and one other; if two do not fit or nothing is `compared`, each alone.
    """
    fitting = int(memory_bytes // _trainer_bytes(runners[0].cell.problem))
    baseline = [one for one in runners if one.group.implementation == impls.BASELINE]
    if fitting >= len(runners):
        return [[*runners]]
    if fitting >= 2 and baseline and compared:
        return [[baseline[0], one] for one in runners if one is not baseline[0]]
    return [[one] for one in runners]


def _trainer_bytes(problem: Problem) -> int:
    """Estimate the memory of a trainer: its rows twice, and six arrays of n x k; the same for data on disk."""
    return int(np.dtype(problem.dtype).itemsize * problem.n * (2 * problem.d + 6 * problem.k))


def processors() -> frozenset[int]:
    """Return the processors that this program may use."""
    if sys.platform == "linux":
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def core(runners: Sequence[Racer], block: int) -> int | None:
    """Return the processor on which all take turns: another one in each block.

    None means all processors: with several threads or a device, and on systems that cannot pin.
    """
    if sys.platform != "linux" or not all(one.cell.on_one_processor for one in runners):
        return None
    return next_core(block)


def next_core(block: int) -> int | None:
    """Return the processor of a block, or None on systems that cannot pin."""
    allowed = sorted(processors())
    return allowed[block % len(allowed)] if sys.platform == "linux" else None
