"""The rounds of each timed cell, process by process, for pictures and page."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.analysis.run import Raw
from bench.analysis.statistics import process_value
from bench.plan.controls import TWIN
from bench.report.views.names import Names, runner
from bench.store.cell import Cell, Status
from bench.store.raw_rows import Rounds


@dataclass(frozen=True)
class Process:
    """The rounds of one process.

    noisy    whether its cell had no quiet processor in this block
    counts   whether its block counts, because it was not stopped
    """

    rounds: Rounds
    noisy: bool
    counts: bool

    @property
    def block(self) -> int:
        """The block that it belongs to."""
        return self.rounds.block

    @property
    def epoch_seconds(self) -> tuple[float, ...]:
        """Seconds per epoch in each round, in order."""
        return tuple(seconds / self.rounds.epochs_per_round for seconds in self.rounds.round_seconds)

    @property
    def middle(self) -> float:
        """Their median, the value of this process."""
        return process_value(self.rounds)


@dataclass(frozen=True)
class History:
    """The rounds of one cell, or of its A/A twin, with what is known about the blocks of the run.

    excluded    the numbers of the blocks that do not count
    noisy       the numbers of those in which this cell had no quiet processor
    """

    cell: Cell
    twin: bool
    rounds: Sequence[Rounds]
    excluded: Container[int]
    noisy: Container[int]

    @cached_property
    def processes(self) -> tuple[Process, ...]:
        """Its processes, in the order of their blocks."""
        return tuple(
            Process(one, one.block in self.noisy, one.block not in self.excluded)
            for one in sorted(self.rounds, key=lambda one: one.block)
        )

    def name(self, named: Names) -> str:
        """Return the display name: "numpy_manual@aa on digits"."""
        return f"{runner(self.cell.runner)}{TWIN if self.twin else ''} on {named.work(self.cell.problem)}"


def histories(raw: Raw, cells: Container[Cell]) -> list[History]:
    """Return the history of each of these cells that has a time, each followed by its A/A twin's if any."""
    own, twins = raw.every
    found = []
    for verdict in raw.final:
        if verdict.status is Status.OK and verdict.cell in cells:
            noisy = raw.estimates[verdict.cell].noisy
            for every, twin in ((own, False), (twins, True)):
                if rounds := every.get(verdict.cell):
                    found.append(History(verdict.cell, twin, rounds, raw.excluded, noisy))
    return found
