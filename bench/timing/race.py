"""The race: blocks of workers, each a fresh process, in seeded random order.

A block is every implementation once, back to back, so that what disturbs the machine disturbs neighbours
alike and falls out of their ratio. The baseline runs twice in every block, under its own name and as
"<name>@aa": the ratio of the two is known to be 1, and shows what the clock itself makes of it. The null
implementation, whose epoch does nothing, shows what the clock adds to a time.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import impls
from bench.analysis import roofline
from bench.analysis.blocks import disturbance, without
from bench.analysis.pairing import widest
from bench.analysis.statistics import MARGIN
from bench.machine.idle import Quiet
from bench.plan.controls import NULL
from bench.process.events import Listener, Note, Stage, Step, Timed
from bench.store import checkpoint, layout
from bench.store.cell import Cell
from bench.store.jsonl import append_line
from bench.store.raw_rows import Block, Paced, Rounds
from bench.timing import rates
from bench.timing.isolation import run_job
from bench.timing.jobs import Entry, Job, Pace, Plan
from bench.timing.sampling import null_plan, pilot_timeout_seconds, plans, timeout_seconds
from bench.timing.schedule import EXTENSION, next_block

# The number of the pilot where a block is asked for; the blocks count from 1.
PILOT = 0


@dataclass(frozen=True)
class WorkerGroup:
    """The cells that share a worker: those of one implementation, device, dtype and number of threads."""

    name: str
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        cell = self.cells[0]
        threads = f", {cell.threads} threads" if cell.threads != 1 else ""
        return f"{self.name} ({cell.device}, {cell.problem.dtype}{threads})"


@dataclass(frozen=True)
class Wanted:
    """How much is timed: `blocks`, and in tens up to `max_blocks` while a ratio's interval stays wide.

    quick   no pilot, twin, null implementation or rates, no waiting, nothing run again: there is nothing to compare
    """

    blocks: int
    max_blocks: int
    seed: int
    quick: bool


def worker_groups(cells: Sequence[Cell], *, controls: bool) -> list[WorkerGroup]:
    """Return the workers of a block; with `controls`, also the baseline's twins on the CPU, and the null worker."""
    shared: dict[tuple[str, str, str, int], list[Cell]] = {}
    for cell in cells:
        key = (cell.implementation, cell.device, cell.problem.dtype, cell.threads)
        shared.setdefault(key, []).append(cell)
    found = [WorkerGroup(key[0], tuple(group)) for key, group in shared.items()]
    if not controls or not cells:
        return found
    twins = [WorkerGroup(f"{group.name}@aa", group.cells) for group in found if group.name == impls.BASELINE]
    return [*found, *twins, WorkerGroup(NULL, (replace(cells[0], implementation=NULL, device="cpu"),))]


# The cells that are timed and their plans; with None a process finds its own pace.
_Planned = Mapping[Cell, Plan | None]


@dataclass(frozen=True)
class _Race:
    """One run of it; what is finished lies in `raw`, from which another process can go on."""

    folders: Mapping[tuple[str, str], Path]
    wanted: Wanted
    raw: Path
    tell: Listener
    quiet: Quiet
    done: checkpoint.Done = field(repr=False)

    def pilot(self, entrants: Sequence[WorkerGroup]) -> None:
        """Find the pace of every cell that has none, in processes of its own."""
        known = {paced.cell for paced in self.done.paces} | {failure.cell for failure in self.done.failures}
        for position, group in enumerate(entrants):
            cells = [cell for cell in group.cells if cell not in known]
            if not cells:
                continue
            self.tell(Step(Stage.PILOT, f"pilot: {group}", "", position, len(entrants)))
            began = time.monotonic()
            job = self._job(group, PILOT, position, [self._entry(cell) for cell in cells])
            limit = pilot_timeout_seconds(len(cells))
            found, failed = run_job(
                "bench.worker.pilot", Pace, job, timeout_seconds=limit, folder=self.raw / layout.WORKER
            )
            took = time.monotonic() - began
            self._keep("pilot.jsonl", self.done.paces, [Paced(one.cell, one.epoch_seconds, took) for one in found])
            self._keep("failures.jsonl", self.done.failures, failed)
        self.tell(Step(Stage.PILOT, "", "", len(entrants), len(entrants)))

    def block(
        self,
        number: int,
        replaces: int | None,
        target: int,
        entrants: Sequence[WorkerGroup],
        planned: _Planned,
    ) -> None:
        """Run every group once, in the random order of this block; only cells that have a plan run."""
        line = f"block {number}" + (f", in place of block {replaces}" if replaces else f" of {target}")
        ended, total = len(self.done.blocks) * len(entrants), max(number, target) * len(entrants)
        self.tell(Step(Stage.BLOCKS, line, "waits for the machine to be quiet", ended, total))
        waited = 0.0 if self.wanted.quick else self.quiet.wait()
        if waited:
            self.tell(Note(f"block {number}: waited {waited:.0f} s for the machine to be quiet"))
        began = time.monotonic()
        generator = np.random.default_rng((self.wanted.seed, number))
        disturbed = []
        for position, chosen in enumerate(generator.permutation(len(entrants))):
            group = entrants[chosen]
            order = generator.permutation(len(group.cells))
            cells = [group.cells[i] for i in order if group.cells[i] in planned]
            if cells:
                self.tell(Step(Stage.BLOCKS, line, str(group), ended + position, total))
                disturbed.append(
                    disturbance(self._run_group(number, position, group, {one: planned[one] for one in cells}))
                )
        because = ""
        if not self.wanted.quick:
            self._rates(number, [cell for cell in planned if cell.implementation != NULL])
            because = next(filter(None, disturbed), "")
        block = Block(number, replaces, round(waited, 3), round(time.monotonic() - began, 3), because)
        self._keep("blocks.jsonl", self.done.blocks, [block])
        if because:
            self.tell(Note(f"block {number} was disturbed: {because}"))

    def _run_group(self, number: int, position: int, group: WorkerGroup, planned: _Planned) -> list[Rounds]:
        job = self._job(group, number, position, [self._entry(cell, plan) for cell, plan in planned.items()])
        target = self.raw / "pytest" / f"{number:03d}_{position}_{re.sub(r'[^A-Za-z0-9@_-]+', '_', group.name)}.json"
        timed, failed = run_job(
            "bench.worker.time_cells",
            Rounds,
            job,
            timeout_seconds=self._limit(planned),
            folder=self.raw / layout.WORKER,
            keep_json=target,
        )
        self._keep("rounds.jsonl", self.done.rounds, timed)
        self.tell(Timed(tuple(timed)))
        self._keep("failures.jsonl", self.done.failures, failed)
        return timed

    def _rates(self, number: int, cells: Sequence[Cell]) -> None:
        """Measure how fast the machine is, on one thread: for each dtype, at the sizes of the data."""
        groups: dict[str, list[Cell]] = {}
        for cell in cells:
            if (cell.device, cell.threads) == ("cpu", 1):
                groups.setdefault(cell.problem.dtype, []).append(cell)
        for dtype, group in groups.items():
            sizes = sorted({roofline.measured_size(cell.problem) for cell in group})
            core, folder = _core(group[0], number), self.raw / "gauge"
            measured = rates.measured(number, core, dtype=dtype, threads=1, sizes=sizes, folder=folder)
            self._keep("rates.jsonl", self.done.rates, measured)

    def _limit(self, planned: _Planned) -> float:
        paces = {paced.cell: paced for paced in self.done.paces}
        known = [(plan, paces[cell].epoch_seconds if cell in paces else 0.0) for cell, plan in planned.items() if plan]
        if not known:
            return pilot_timeout_seconds(len(planned))
        pilots = [paces[cell].worker_seconds for cell in planned if cell in paces]
        return timeout_seconds(max(pilots, default=0.0), known)

    def _keep(self, file: str, known: list[checkpoint.Row], new: Sequence[checkpoint.Row]) -> None:
        for record in new:
            append_line(self.raw / file, record)
        known += new

    def planned(self, cells: Sequence[Cell]) -> _Planned:
        """Return the plans of the cells that are still to be timed: one that failed once does not run again."""
        failed = {failure.cell for failure in self.done.failures}
        if self.wanted.quick:
            return dict.fromkeys(cell for cell in cells if cell not in failed)
        paces = {paced.cell: paced.epoch_seconds for paced in self.done.paces}
        found = {cell: plan for cell, plan in plans(paces).items() if cell not in failed}
        null = worker_groups(cells, controls=True)[-1].cells[0]
        like = next((plan for cell, plan in found.items() if cell.problem == null.problem), None)
        return found | ({null: null_plan(like)} if like and null not in failed else {})

    def _entry(self, cell: Cell, plan: Plan | None = None) -> Entry:
        folder = self.folders[cell.problem.dataset, cell.problem.dtype]
        return Entry(cell, str(folder.resolve()), plan)

    def _job(self, group: WorkerGroup, block: int, position: int, entries: Sequence[Entry]) -> Job:
        core = _core(group.cells[0], block)
        return Job(group.name, block, position, self.wanted.seed, core, tuple(entries), folder="")


def race(
    cells: Sequence[Cell],
    folders: Mapping[tuple[str, str], Path],
    wanted: Wanted,
    *,
    raw: Path,
    on_progress: Listener,
    quiet: Quiet | None = None,
) -> None:
    """Put into `raw` the rounds of every cell in every block, and why there are none where there are none.

    folders   of each (dataset, dtype), where `datasets.prepared` saved it
    raw       pilot.jsonl, rounds.jsonl, failures.jsonl and blocks.jsonl grow in this folder as each worker ends, and
              pytest-benchmark's own files lie in pytest/; what an earlier process of this run left there is not
              done again

    A cell that failed once, in the pilot or in a block, does not run again, under either of its names.
    """
    (raw / "pytest").mkdir(parents=True, exist_ok=True)
    course = _Race(folders, wanted, raw, on_progress, quiet or Quiet(), checkpoint.take_over(raw))
    if not wanted.quick:
        course.pilot(worker_groups(cells, controls=False))
    entrants = worker_groups(cells, controls=not wanted.quick)
    target = wanted.blocks
    while planned := course.planned(cells):
        following = next_block(course.done.blocks, target)
        if following is not None:
            number, replaces = following
            course.block(number, replaces, target, entrants, planned)
        elif wanted.quick or target >= wanted.max_blocks or not _still_wide(course.done, planned):
            break
        else:
            target = min(target + EXTENSION, wanted.max_blocks)


def _still_wide(done: checkpoint.Done, planned: _Planned) -> bool:
    """Return whether some ratio's interval is wider than the margin; on which side of 1 it lies does not count."""
    excluded = without(done.blocks)
    return widest([one for one in done.rounds if one.block not in excluded], planned) > MARGIN


def _core(cell: Cell, block: int) -> int | None:
    """Return the core of all workers of a block: the next one in each block, None where several threads may run."""
    if sys.platform != "linux" or cell.threads != 1 or cell.device != "cpu":
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[block % len(allowed)]
