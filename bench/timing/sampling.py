"""How much is timed: epochs per round, cycles, warm-up, time limits. Pure functions; decision 9 has the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.store.cell import Cell
from bench.timing.jobs import Plan

# All rounds of a contest have the same length, as near as whole epochs allow: a short round finds quiet moments that a
# long one never has.
ROUND_SECONDS = 5e-3
# Before its timed round a worker runs this share of a round untimed, to warm its caches.
_UNTIMED_SHARE = 0.25


@dataclass(frozen=True)
class Effort:
    """How long a cell is timed in one process.

    A contest has `cycles` cycles, or fewer if rounds must be longer, but at least `least_cycles`; the warm-up takes
    `warmup_seconds` or `warmup_rounds`, whichever is longer.
    """

    cycles: int
    least_cycles: int
    warmup_rounds: int
    warmup_seconds: float


FULL = Effort(cycles=50, least_cycles=20, warmup_rounds=3, warmup_seconds=0.05)
QUICK = Effort(cycles=12, least_cycles=3, warmup_rounds=2, warmup_seconds=0.03)


def round_seconds(epoch_seconds: Mapping[Cell, float]) -> float:
    """Return how long the rounds of a contest last: as long as its slowest epoch, but no shorter than the least."""
    return max(ROUND_SECONDS, *epoch_seconds.values())


def plans(epoch_seconds: Mapping[Cell, float], effort: Effort) -> dict[Cell, Plan]:
    """Return the plan of every cell of a contest, from the pace of each."""
    if not epoch_seconds:
        return {}
    length = round_seconds(epoch_seconds)
    cycles = max(effort.least_cycles, round(effort.cycles * ROUND_SECONDS / length))
    return {cell: _plan(length, seconds, cycles, effort) for cell, seconds in epoch_seconds.items()}


def _plan(length: float, epoch_seconds: float, cycles: int, effort: Effort) -> Plan:
    epochs = max(1, round(length / epoch_seconds))
    untimed = max(1, round(_UNTIMED_SHARE * epochs))
    return Plan(epochs, cycles, untimed, effort.warmup_rounds, effort.warmup_seconds)


# A worker is given up after a minute plus ten times the expected duration. Nothing is known yet of a cell that is being
# prepared: it gets two minutes more, for large data and slow compilers.
_LEAST_SECONDS, PREPARING_SECONDS = 60.0, 180.0


def turn_seconds(plan: Plan, epoch_seconds: float) -> float:
    """Return when a worker is given up that is asked for one round."""
    return _LEAST_SECONDS + 10 * plan.epochs_per_round * epoch_seconds


def warm_up_seconds(plan: Plan, epoch_seconds: float) -> float:
    """Return when a worker is given up that warms up."""
    round_seconds = plan.epochs_per_round * epoch_seconds
    return _LEAST_SECONDS + 10 * (plan.warmup_seconds + (1 + plan.warmup_rounds) * round_seconds)


def finishing_seconds(plan: Plan, epoch_seconds: float, checks: int) -> float:
    """Return when a worker is given up that gathers its evidence: some thirty rounds, and the checked ones again."""
    return _LEAST_SECONDS + 10 * (30 + checks) * plan.epochs_per_round * epoch_seconds
