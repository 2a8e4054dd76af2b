"""The race: blocks of workers, each a fresh process, in seeded random order.

A block is every implementation once, back to back, so that what disturbs the machine disturbs neighbours
alike and falls out of their ratio. The baseline runs twice in every block, under its own name and as
"<name>@aa": the ratio of the two is known to be 1, and shows what the clock itself makes of it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import impls
from bench.attempts import run_job
from bench.effort import FULL, QUICK, pilot_timeout_seconds, plans, timeout_seconds
from bench.jsonl import append_line
from bench.records import Cell, Failure, Rounds
from bench.worker.pace import Pace
from bench.worker.timing import Entry, Job, Plan

# The number of the pilot where a block is asked for; the blocks count from 1.
PILOT = 0


@dataclass(frozen=True)
class Lane:
    """The cells that share a worker: those of one implementation, device, dtype and number of threads."""

    name: str
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        cell = self.cells[0]
        return f"{self.name} ({cell.device}, {cell.problem.dtype})"


@dataclass(frozen=True)
class Pilot:
    """What the pilot found: seconds per epoch of each cell, and how long each lane's worker took."""

    epoch_seconds: dict[Cell, float]
    lane_seconds: dict[tuple[Cell, ...], float]


def lanes(cells: Sequence[Cell], *, twin: bool) -> list[Lane]:
    """Return the workers of a block; with `twin`, the baseline's on the CPU once more under its A/A name."""
    shared: dict[tuple[str, str, str, int], list[Cell]] = {}
    for cell in cells:
        key = (cell.implementation, cell.device, cell.problem.dtype, cell.threads)
        shared.setdefault(key, []).append(cell)
    found = [Lane(key[0], tuple(group)) for key, group in shared.items()]
    return found + [Lane(f"{lane.name}@aa", lane.cells) for lane in found if twin and lane.name == impls.BASELINE]


@dataclass(frozen=True)
class _Race:
    folders: Mapping[tuple[str, str], Path]
    seed: int
    raw: Path
    say: Callable[[str], None]

    def pilot(self, entrants: Sequence[Lane]) -> tuple[Pilot, list[Failure]]:
        """Find the pace of every cell, in processes of its own."""
        found, failures = Pilot({}, {}), []
        for position, lane in enumerate(entrants):
            self.say(f"pilot: {lane}")
            began = time.monotonic()
            job = self._job(lane, PILOT, position, [self._entry(cell) for cell in lane.cells])
            limit = pilot_timeout_seconds(len(lane.cells))
            paces, failed = run_job("bench.worker.pilot", Pace, job, timeout_seconds=limit)
            found.lane_seconds[lane.cells] = time.monotonic() - began
            found.epoch_seconds.update((pace.cell, pace.epoch_seconds) for pace in paces)
            failures += self._keep(failed)
        return found, failures

    def block(
        self, number: int, entrants: Sequence[Lane], pilot: Pilot, planned: Mapping[Cell, Plan]
    ) -> tuple[list[Rounds], list[Failure]]:
        """Run every lane once, in the random order of this block; only cells that have a plan run."""
        generator = np.random.default_rng((self.seed, number))
        rounds: list[Rounds] = []
        failures: list[Failure] = []
        for position, chosen in enumerate(generator.permutation(len(entrants))):
            lane = entrants[chosen]
            cells = [lane.cells[i] for i in generator.permutation(len(lane.cells)) if lane.cells[i] in planned]
            job = self._job(lane, number, position, [self._entry(cell, planned[cell]) for cell in cells])
            work = [(planned[cell], pilot.epoch_seconds[cell]) for cell in cells]
            limit = timeout_seconds(pilot.lane_seconds[lane.cells], work)
            target = self.raw / "pytest" / f"{number:03d}_{position}_{re.sub(r'[^A-Za-z0-9@_-]+', '_', lane.name)}.json"
            timed, failed = run_job("bench.worker.time_cells", Rounds, job, timeout_seconds=limit, keep_json=target)
            for record in timed:
                append_line(self.raw / "rounds.jsonl", record)
            rounds += timed
            failures += self._keep(failed)
        return rounds, failures

    def _keep(self, failures: list[Failure]) -> list[Failure]:
        for failure in failures:
            append_line(self.raw / "failures.jsonl", failure)
        return failures

    def _entry(self, cell: Cell, plan: Plan | None = None) -> Entry:
        folder = self.folders[cell.problem.dataset, cell.problem.dtype]
        return Entry(cell, str(folder.resolve()), plan)

    def _job(self, lane: Lane, block: int, position: int, entries: Sequence[Entry]) -> Job:
        return Job(lane.name, block, position, self.seed, _core(lane.cells[0], block), tuple(entries), folder="")


def race(
    cells: Sequence[Cell],
    folders: Mapping[tuple[str, str], Path],
    *,
    blocks: int,
    seed: int,
    quick: bool,
    raw: Path,
    on_progress: Callable[[str], None],
) -> tuple[list[Rounds], list[Failure]]:
    """Return the rounds of every cell in every block, and why there are none where there are none.

    folders   of each (dataset, dtype), where `datasets.prepared` saved it
    raw       rounds.jsonl and failures.jsonl grow in this folder as each worker ends, and pytest-benchmark's
              own files lie in pytest/

    A cell that failed once, in the pilot or in a block, does not run again, under either of its names.
    """
    (raw / "pytest").mkdir(parents=True, exist_ok=True)
    course = _Race(folders, seed, raw, on_progress)
    pilot, failures = course.pilot(lanes(cells, twin=False))
    planned = plans(pilot.epoch_seconds, QUICK if quick else FULL)
    rounds: list[Rounds] = []
    for number in range(1, blocks + 1):
        on_progress(f"block {number} of {blocks}")
        timed, failed = course.block(number, lanes(cells, twin=not quick), pilot, planned)
        rounds += timed
        failures += failed
        for failure in failed:
            planned.pop(failure.cell, None)
    return rounds, failures


def estimate_seconds(cells: Sequence[Cell], blocks: int, quick: bool) -> float:
    """Return how long `race` will take: so much for the start of a worker, so much for a cell in it.

    The constants are processor times of the four implementations on the default datasets, on two cores of
    a Xeon, rounded. A start is the mean of 0.5 s (NumPy) to 4.5 s (torch with its optimisers).
    """
    start, pilot_cell, timed_cell = 2.2, 0.1, 0.35 if quick else 0.75
    pilot, block = lanes(cells, twin=False), lanes(cells, twin=not quick)
    timed = sum(len(lane.cells) for lane in block)
    return start * (len(pilot) + blocks * len(block)) + pilot_cell * len(cells) + timed_cell * blocks * timed


def _core(cell: Cell, block: int) -> int | None:
    """Return the core of all workers of a block: the next one in each block, None where several threads may run."""
    if sys.platform != "linux" or cell.threads != 1 or cell.device != "cpu":
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[block % len(allowed)]
