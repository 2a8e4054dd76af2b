"""Which times are ranked, in which order, and which of them is the fastest beyond doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.analysis.statistics import MARGIN
from bench.plan.controls import baseline_of
from bench.store.cell import Contest
from bench.store.tables import Timing

# Fixed before any run: where a tenth of denormal numbers makes softmax take 4 to 8 times as long, so many cost less
# than a hundredth.
MOST_DENORMAL = 1e-4


@dataclass(frozen=True)
class Ranking:
    """The rows of one contest, the fastest first; those without a time come last."""

    contest: Contest
    rows: tuple[Timing, ...]

    @cached_property
    def timed(self) -> tuple[Timing, ...]:
        """The rows that have a time."""
        return tuple(row for row in self.rows if row.epoch_seconds is not None)

    @cached_property
    def rivals(self) -> tuple[Timing, ...]:
        """The rows that have a time, without the baseline's."""
        return tuple(row for row in self.timed if not is_baseline(row))

    @cached_property
    def compared(self) -> tuple[Timing, ...]:
        """The rivals that have a ratio to the baseline."""
        return tuple(row for row in self.rivals if row.ratio is not None)

    @cached_property
    def leader(self) -> Timing | None:
        """The row whose interval lies below all others by more than the margin, if there is one.

        All intervals of a table hold together with 95 %, so that one which lies below another, and below it by more
        than the margin, is faster.
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
    """Return the rows of one contest by ratio, else by time."""

    def place(row: Timing) -> tuple[bool, bool, float]:
        ratio = 1.0 if is_baseline(row) else row.ratio
        return row.epoch_seconds is None, ratio is None, row.epoch_seconds or 0.0 if ratio is None else ratio

    compared = any(row.ratio is not None for row in rows)
    return sorted(rows, key=place if compared else lambda row: (row.epoch_seconds is None, row.epoch_seconds or 0.0))


def is_baseline(row: Timing) -> bool:
    """Return whether this row is what the ratios of its table are over."""
    return row.cell == baseline_of(row.cell)


def saturated(row: Timing) -> bool:
    """Return whether more of its probabilities are denormal numbers than leave a time as it is."""
    return row.denormal_share is not None and row.denormal_share > MOST_DENORMAL


def _low(row: Timing) -> float:
    return 1.0 if row.ratio_low is None else row.ratio_low


def _high(row: Timing) -> float:
    return 1.0 if row.ratio_high is None else row.ratio_high
