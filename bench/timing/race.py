"""The race: blocks of resident workers, each a fresh process, that take turns round by round.

All workers of a block are resident at once, and one is awake at a time, so that a disturbance of the machine affects
all of them alike and cancels in their ratios. The baseline takes part twice, under its own name and as "<name>@aa": the
true ratio of the two is 1, so the measured one shows the error of the clock. The null implementation, whose epoch
does nothing, shows what the clock adds to a time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from bench.analysis import roofline
from bench.analysis.blocks import without
from bench.analysis.pairing import estimates, quiet_blocks, widest
from bench.analysis.statistics import MARGIN
from bench.machine import host
from bench.machine.idle import Quiet
from bench.plan.controls import NULL
from bench.process.events import Listener, Note, Stage, Step, Timed
from bench.store import checkpoint, layout
from bench.store.cell import Cell
from bench.store.jsonl import append_line
from bench.store.raw_rows import Block, HostTime, Paced, Rounds
from bench.timing import contest, entrants, kept_files, rates, sampling
from bench.timing.cohort import Cohort
from bench.timing.contest import BlockContest
from bench.timing.entrants import Racer, WorkerGroup
from bench.timing.jobs import Entry, Job, Plan
from bench.timing.schedule import EXTENSION, next_block
from bench.timing.sentinel import Sentinel

# The number of the pilot where a block is asked for; the blocks count from 1.
PILOT = 0
# The share of the memory that is free which trainers may have together.
_MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class Wanted:
    """How much is timed: `blocks`, then ten more at a time, up to `max_blocks`, while a ratio's interval is wide.

    precision      the half-width above which an interval is wide
    limit_seconds  total duration of the blocks after which no more are added
    quick          no pilot, twin, null implementation or rates, no waiting, no reruns: there is nothing to compare
    """

    blocks: int
    max_blocks: int
    seed: int
    quick: bool
    precision: float = MARGIN
    limit_seconds: float = math.inf


@dataclass(frozen=True)
class _Race:
    """One race; what is finished is stored in `raw`, from which another process can resume it."""

    folders: Mapping[tuple[str, str], Path]
    wanted: Wanted
    raw: Path
    tell: Listener
    quiet: Quiet
    memory_bytes: float
    sentinel: Sentinel
    parts: checkpoint.PartTimer
    done: checkpoint.Done = field(repr=False)

    def pilot(self, cells: Sequence[Cell]) -> None:
        """Measure the pace of every cell that has none yet, in separate processes."""
        known = {paced.cell for paced in self.done.paces} | {failure.cell for failure in self.done.failures}
        groups = entrants.worker_groups([cell for cell in cells if cell not in known], controls=False)
        every = entrants.contests(groups)
        if not every:
            return
        with self._spent(PILOT, "pilot"), self._cohort() as cohort:
            for number, runners in enumerate(every):
                problem = runners[0].cell.problem
                self.tell(Step(Stage.PILOT, f"pilot: {problem.dataset}", "", number, len(every)))
                for group in entrants.together(runners, self.memory_bytes, compared=False):
                    self._start(cohort, group, every[number:])
                    found, failed = contest.paces(cohort, group, PILOT)
                    self._keep(layout.PACES, self.done.paces, [Paced(*one) for one in found.items()])
                    self._keep(layout.FAILURES, self.done.failures, failed)
        self.tell(Step(Stage.PILOT, "", "", len(every), len(every)))

    def block(self, number: int, line: str, cells: Sequence[Cell], *, extra: bool) -> None:
        """Let these cells take turns, one problem after another, in the random order of this block."""
        groups = entrants.worker_groups(cells, controls=not self.wanted.quick)
        waited, began = self._wait(number, line), time.monotonic()
        self.sentinel.begin_block()
        with self._cohort() as cohort:
            seen = self._contests(cohort, number, line, groups)
            with self._spent(number, "leaving"):
                cohort.dismiss()
            kept_files.keep(self.raw, number, cohort.folders, [group.name for group in groups])
        if not self.wanted.quick:
            with self._spent(number, "rates"):
                self._rates(number, cells)
        took = round(time.monotonic() - began, 3)
        block = Block(number, extra, round(waited, 3), took, host=host.total(seen))
        self._keep(layout.BLOCKS, self.done.blocks, [block])
        if not self.wanted.quick and (names := self._disturbed(number)):
            self.tell(Note(f"block {number}: no quiet processor for {', '.join(names)}"))

    def _wait(self, number: int, line: str) -> float:
        if self.wanted.quick:
            return 0.0
        with self._spent(number, "waiting"):
            waited = self.quiet.wait()
        if waited:
            self.tell(Note(f"{line}: waited {waited:.0f} s for the machine to be quiet"))
        return waited

    def _contests(self, cohort: Cohort, number: int, line: str, groups: Sequence[WorkerGroup]) -> list[HostTime]:
        """Run the contests of a block and store their results; return the system's counters during each."""
        generator = np.random.default_rng((self.wanted.seed, number))
        every = entrants.contests(groups)
        drawn = [every[place] for place in generator.permutation(len(every))]
        ended = len(self.done.blocks) * len(drawn)
        seen = []
        for place, runners in enumerate(drawn):
            problem = runners[0].cell.problem
            total = max(ended + len(drawn), self.wanted.blocks * len(drawn))
            self.tell(Step(Stage.BLOCKS, line, f"{problem.model}, {problem.dataset}", ended + place, total))
            with self._spent(number, "start-up"):
                self._start(cohort, runners, drawn[place:])
            plans = {} if self.wanted.quick else self._plans(runners)
            together = entrants.together(runners, self.memory_bytes, compared=not self.wanted.quick)
            core = entrants.core(runners, number)
            course = BlockContest(cohort, number, together, plans, core, partial(self._spent, number))
            outcome = course.run(generator, self.sentinel)
            self._keep(layout.ROUNDS, self.done.rounds, outcome.rounds)
            self._keep(layout.FAILURES, self.done.failures, outcome.failures)
            self.tell(Timed(tuple(outcome.rounds)))
            seen += outcome.host
        return seen

    def _start(self, cohort: Cohort, runners: Sequence[Racer], left: Sequence[Sequence[Racer]]) -> None:
        """Start the workers that are not running yet, with their cells in the order of the remaining contests."""
        for group in (one.group for one in runners):
            cells = [one.cell for contest in left for one in contest if one.group == group]
            entries = tuple(Entry(cell, str(self._folder(cell).resolve())) for cell in cells)
            cohort.start(group.name, Job(group.implementation, entries, folder=""))

    def _folder(self, cell: Cell) -> Path:
        return self.folders[cell.problem.dataset, cell.problem.dtype]

    def _cohort(self) -> Cohort:
        return Cohort(self.raw / layout.WORKERS, entrants.processors())

    def _plans(self, runners: Sequence[Racer]) -> dict[Cell, tuple[Plan, float]]:
        """Return the plan and pace of each cell of a contest; the null implementation uses those of another cell."""
        paces = {paced.cell: paced.epoch_seconds for paced in self.done.paces}
        known = {one.cell: paces[one.cell] for one in runners if one.cell in paces}
        found = {cell: (plan, known[cell]) for cell, plan in sampling.plans(known, sampling.FULL).items()}
        like = next(iter(found.values()))
        return found | {one.cell: like for one in runners if one.cell.implementation == NULL}

    def _rates(self, number: int, cells: Sequence[Cell]) -> None:
        """Measure the speed of the machine on one thread, for each dtype, at the sizes of the data."""
        groups: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.on_one_processor:
                groups.setdefault(cell.problem.dtype, []).append(cell)
        for dtype, group in groups.items():
            sizes = sorted({roofline.measured_size(cell.problem) for cell in group})
            core, folder = entrants.next_core(number), self.raw / "rates"
            measured = rates.measured(number, core, dtype=dtype, threads=1, sizes=sizes, folder=folder)
            self._keep(layout.RATES, self.done.rates, measured)

    def _disturbed(self, number: int) -> list[str]:
        """Return the problems for which some process of this block had no quiet processor."""
        found = estimates(self._counted())
        return [*dict.fromkeys(str(cell.problem.dataset) for cell, its in found.items() if number in its.noisy)]

    def _counted(self) -> list[Rounds]:
        excluded = without(self.done.blocks)
        return [one for one in self.done.rounds if one.block not in excluded]

    def short(self, cells: Sequence[Cell], target: int) -> list[Cell]:
        """Return the cells of the contests that have fewer blocks with a quiet processor than they should have."""
        if self.wanted.quick:
            return []
        enough = {contest for contest, number in quiet_blocks(self._counted(), cells).items() if number >= target}
        return [cell for cell in cells if cell.contest not in enough]

    def still_wide(self, cells: Sequence[Cell]) -> bool:
        """Return whether some ratio's interval is wide; on which side of 1 it lies does not count."""
        return widest(self._counted(), cells) > self.wanted.precision

    def late(self) -> bool:
        """Return whether the time for further blocks is up."""
        return sum(block.waited_seconds + block.seconds for block in self.done.blocks) > self.wanted.limit_seconds

    def _spent(self, block: int, part: str) -> AbstractContextManager[None]:
        return self.parts.part(part, block)

    def _keep(self, file: str, known: list[checkpoint.Row], new: Sequence[checkpoint.Row]) -> None:
        for record in new:
            append_line(self.raw / file, record)
        known += new

    def timed(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return the cells that are still to be timed: one that failed once does not run again."""
        failed = {failure.cell for failure in self.done.failures}
        paced = {paced.cell for paced in self.done.paces}
        return [cell for cell in cells if cell not in failed and (self.wanted.quick or cell in paced)]


def race(
    cells: Sequence[Cell],
    folders: Mapping[tuple[str, str], Path],
    wanted: Wanted,
    *,
    raw: Path,
    on_progress: Listener,
    quiet: Quiet | None = None,
    memory_bytes: float | None = None,
) -> None:
    """Store in `raw` the rounds of every cell in every block, or why there are none.

    folders       of each (dataset, dtype), where `datasets.prepared` saved it
    raw           pilot.jsonl, rounds.jsonl, failures.jsonl, blocks.jsonl and spent.jsonl grow in this folder as each
                  contest ends, and pytest-benchmark's own files lie in pytest/; what an earlier process of this run
                  left there is not done again
    memory_bytes  that the trainers of a contest may have together; None for most of what is free

    A cell that failed once, in the pilot or in a block, does not run again, under either of its names.
    """
    (raw / "pytest").mkdir(parents=True, exist_ok=True)
    free = _MEMORY_SHARE * psutil.virtual_memory().available
    memory = free if memory_bytes is None else memory_bytes
    done = checkpoint.take_over(raw)
    course = _Race(
        folders, wanted, raw, on_progress, quiet or Quiet(), memory, Sentinel(), checkpoint.PartTimer(raw), done
    )
    if not wanted.quick:
        course.pilot(cells)
    target = wanted.blocks
    while left := course.timed(cells):
        short = course.short(left, target)
        following = next_block(done.blocks, target, short=bool(short))
        if following is not None:
            if target > wanted.blocks and course.late():
                break
            number, extra = following
            line = f"block {number}, extra for noisy datasets" if extra else f"block {number} of {target}"
            course.block(number, line, short if extra else left, extra=extra)
        elif wanted.quick or target >= wanted.max_blocks or not course.still_wide(left):
            break
        else:
            target = min(target + EXTENSION, wanted.max_blocks)
