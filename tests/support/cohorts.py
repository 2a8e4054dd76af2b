"""A real worker that takes its turns alone: for tests of what it finds, and of what is found out about it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np

from bench.store.cell import Cell
from bench.timing.cohort import Cohort
from bench.timing.contest import BlockContest, Outcome
from bench.timing.entrants import Racer, WorkerGroup, processors
from bench.timing.jobs import Entry, Job, Plan
from bench.timing.sentinel import Sentinel


def alone(cell: Cell, dataset: Path, plan: Plan, folder: Path, core: int | None = None) -> Outcome:
    """Return what comes of a contest in which this cell is the only one."""
    group = WorkerGroup(cell.implementation, (cell,))
    with Cohort(folder, processors()) as cohort:
        cohort.start(group.name, Job(cell.implementation, (Entry(cell, str(dataset)),), ""))
        contest = BlockContest(
            cohort, 1, [[Racer(group, cell)]], {cell: (plan, 1e-3)}, core, lambda _part: nullcontext()
        )
        return contest.run(np.random.default_rng(0), Sentinel())
