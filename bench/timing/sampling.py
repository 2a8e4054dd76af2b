"""How much is timed: epochs per round, rounds, warm-up, time limits, and what all of it will cost. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.store.cell import Cell, Problem
from bench.timing.jobs import Plan

# A round lasts 1 ms or more in the fastest implementation, so that the clock's cost of 0.3 us is below 0.1 %; the aim
# is above that, since the pilot of a busy machine takes an epoch for longer than it is. It lasts 20 ms or less in the
# slowest, which wins where both cannot be had, unless one epoch is longer.
_LEAST_ROUND_SECONDS, _AIM_SECONDS, _MOST_ROUND_SECONDS = 1e-3, 1.25e-3, 20e-3


@dataclass(frozen=True)
class Effort:
    """How long a cell is timed in one process.

    There are `rounds` of them, more while they take less than `seconds`, fewer where they would take more than
    `most_seconds`, and never fewer than `least_rounds`. The same holds for the warm-up.
    """

    rounds: int
    seconds: float
    warmup_rounds: int
    warmup_seconds: float
    most_seconds: float
    least_rounds: int


# The unit of evidence is the process, and longer ones buy nothing: from 0.25 s to 2 s of rounds the intervals were
# equally wide. So a process of four cells times each for about 0.1 s, and what that saves goes into more blocks.
FULL = Effort(rounds=20, seconds=0.08, warmup_rounds=10, warmup_seconds=0.04, most_seconds=0.15, least_rounds=5)
QUICK = Effort(rounds=10, seconds=0.03, warmup_rounds=5, warmup_seconds=0.03, most_seconds=0.2, least_rounds=3)


def epochs_per_round(epoch_seconds: Sequence[float]) -> int:
    """Return the number for a problem, from the pace of every implementation of it: all of them get the same."""
    fastest, slowest = min(epoch_seconds), max(epoch_seconds)
    if fastest >= _LEAST_ROUND_SECONDS:
        return 1
    wanted = math.ceil(_AIM_SECONDS / fastest)
    return max(1, min(wanted, int(_MOST_ROUND_SECONDS / slowest)))


def plans(epoch_seconds: Mapping[Cell, float]) -> dict[Cell, Plan]:
    """Return the plan of every cell whose pace is known."""
    of_problem: dict[Problem, list[float]] = {}
    for cell, seconds in epoch_seconds.items():
        of_problem.setdefault(cell.problem, []).append(seconds)
    return {
        cell: _plan(epochs_per_round(of_problem[cell.problem]), seconds, FULL)
        for cell, seconds in epoch_seconds.items()
    }


def _plan(epochs: int, epoch_seconds: float, effort: Effort) -> Plan:
    round_seconds = epochs * epoch_seconds
    most = max(effort.least_rounds, int(effort.most_seconds / round_seconds))
    rounds = max(effort.rounds, math.ceil(effort.seconds / round_seconds))
    return Plan(epochs, min(most, rounds), min(most, effort.warmup_rounds), effort.warmup_seconds)


def quick_plan(epoch_seconds: float) -> Plan:
    """Return the plan of a cell that is compared with none: its own pace decides."""
    return _plan(epochs_per_round([epoch_seconds]), epoch_seconds, QUICK)


def null_plan(like: Plan) -> Plan:
    """Return the plan of the null implementation: rounds of as many epochs, and no more for being short."""
    return Plan(like.epochs_per_round, FULL.rounds, FULL.warmup_rounds, 0.0)


def timeout_seconds(pilot_seconds: float, work: Sequence[tuple[Plan, float]]) -> float:
    """Return when a timing worker is given up: a minute and ten times what it should take.

    pilot_seconds   how long the pilot of the same cells took, start-up and compilation included
    work            the plan of each of its cells and its seconds per epoch
    """
    planned = sum(
        plan.warmup_seconds + (plan.warmup_rounds + plan.rounds) * plan.epochs_per_round * seconds
        for plan, seconds in work
    )
    return 60 + 10 * (pilot_seconds + planned)


def pilot_timeout_seconds(cells: int) -> float:
    """Return when a pilot is given up. Nothing is known yet: two minutes a cell, for large data and slow compilers."""
    return 60 + 120 * cells
