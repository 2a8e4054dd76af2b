"""What was seen of each timed cell, process by process: for pictures and page alike."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from bench.blocks import without
from bench.compared import TWIN, by_cell
from bench.records import Cell, Rounds, Status
from bench.report import summary, words
from bench.report.summary import Raw
from bench.statistics import process_value


@dataclass(frozen=True)
class Process:
    """The rounds of one process.

    disturbed   what kept a process of its block from its processor; empty if nothing did
    counts      whether its block counts, in whose place no other was run
    """

    rounds: Rounds
    disturbed: str
    counts: bool

    @property
    def block(self) -> int:
        """The block that it belongs to."""
        return self.rounds.block

    @property
    def epoch_seconds(self) -> tuple[float, ...]:
        """Seconds of an epoch in each round, in the order in which they ran."""
        return tuple(seconds / self.rounds.epochs_per_round for seconds in self.rounds.round_seconds)

    @property
    def middle(self) -> float:
        """Their median: the value of this process."""
        return process_value(self.rounds)


@dataclass(frozen=True)
class History:
    """The processes of one cell, or of its A/A twin, in the order of their blocks."""

    cell: Cell
    twin: bool
    processes: tuple[Process, ...]

    @property
    def name(self) -> str:
        """Who ran what: "numpy_manual@aa on digits"."""
        return f"{words.runner(self.cell)}{TWIN if self.twin else ''} on {words.work(self.cell.problem)}"


def histories(raw: Raw, cells: Container[Cell]) -> list[History]:
    """Return the history of each of these cells that has a time, followed by that of its twin if it has one."""
    own, twins = by_cell(raw.rounds, twins=False), by_cell(raw.rounds, twins=True)
    excluded = without(raw.blocks)
    disturbed = {one.number: one.disturbed for one in raw.blocks}
    found = []
    for verdict in summary.final_verdicts(raw):
        if verdict.status is Status.OK and verdict.cell in cells:
            for rounds, twin in ((own, False), (twins, True)):
                processes = _processes(rounds.get(verdict.cell, []), excluded, disturbed)
                found += [History(verdict.cell, twin, processes)] if processes else []
    return found


def _processes(rounds: Sequence[Rounds], excluded: set[int], disturbed: dict[int, str]) -> tuple[Process, ...]:
    return tuple(
        Process(one, disturbed.get(one.block, ""), one.block not in excluded)
        for one in sorted(rounds, key=lambda one: one.block)
    )
