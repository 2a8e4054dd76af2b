"""Rank the times of each contest (a problem at one number of threads), and decide which is certainly fastest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.analysis.statistics import MARGIN
from bench.plan.controls import baseline_of
from bench.store.cell import Contest
from bench.store.tables import Timing

# Fixed before any run: a tenth of denormal numbers makes softmax 4x to 8x slower, so this share costs less than a
# hundredth.
MOST_DENORMAL = 1e-4


@dataclass(frozen=True)
class Ranking:
    """The rows of one contest, fastest first; those without a time come last."""

    contest: Contest
    rows: tuple[Timing, ...]

    @cached_property
    def timed(self) -> tuple[Timing, ...]:
        """The rows that have a time."""
        return tuple(row for row in self.rows if row.epoch_seconds is not None)

    @cached_property
    def rivals(self) -> tuple[Timing, ...]:
        """The rows that have a time, except the baseline's."""
        return tuple(row for row in self.timed if not is_baseline(row))

    @cached_property
    def compared(self) -> tuple[Timing, ...]:
        """The rivals that have a ratio to the baseline."""
        return tuple(row for row in self.rivals if row.ratio is not None)

    @cached_property
    def leader(self) -> Timing | None:
        """The row whose interval lies below all others by more than the margin, if any.

        All intervals of a table hold together at 95 %, so an interval that lies below another by more than the margin
        means faster.
        """
        rows = (*(row for row in self.timed if is_baseline(row)), *self.compared)
        first = min(rows, key=_high, default=None)
        others = [_low(row) for row in rows if row is not first]
        return first if first is not None and others and min(others) > _high(first) * (1 + MARGIN) else None


def rankings(rows: Iterable[Timing]) -> list[Ranking]:
    """Return the ranking of each contest, in the order of the rows."""
    groups: dict[Contest, list[Timing]] = {}
    for row in rows:
        groups.setdefault(row.cell.contest, []).append(row)
    return [Ranking(contest, tuple(_ranked(group))) for contest, group in groups.items()]


def _ranked(rows: Sequence[Timing]) -> list[Timing]:
    """Sort the rows of one contest by ratio, or by time without ratios."""

    def place(row: Timing) -> tuple[bool, bool, float]:
        ratio = 1.0 if is_baseline(row) else row.ratio
        return row.epoch_seconds is None, ratio is None, row.epoch_seconds or 0.0 if ratio is None else ratio

    compared = any(row.ratio is not None for row in rows)
    return sorted(rows, key=place if compared else lambda row: (row.epoch_seconds is None, row.epoch_seconds or 0.0))


def is_baseline(row: Timing) -> bool:
    """Return whether this row is the baseline of its table."""
    return row.cell == baseline_of(row.cell)


def saturated(row: Timing) -> bool:
    """Return whether denormal numbers among its probabilities affect the time."""
    return row.denormal_share is not None and row.denormal_share > MOST_DENORMAL


def _low(row: Timing) -> float:
    return 1.0 if row.ratio_low is None else row.ratio_low


def _high(row: Timing) -> float:
    return 1.0 if row.ratio_high is None else row.ratio_high
