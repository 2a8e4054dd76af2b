"""What the rounds of many processes say of a cell, and of two cells: pure functions of numbers.

The unit of evidence is the process: the rounds of one process only give its median, and processes
are compared within their block. Between clean processes the median moves ten times as much as the
standard error computed from the rounds of one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from bench.records import Comparison, Rounds

__all__ = ["MARGIN", "Ratio", "compare", "geometric_mean", "order_interval", "paired_ratio", "process_value"]

# Fixed before any run: a ratio nearer to 1 than this is of no practical interest.
MARGIN = 0.03


@dataclass(frozen=True)
class Ratio:
    """A takes `ratio` times the time of B; the interval holds it with probability `level`, at least."""

    ratio: float
    low: float
    high: float
    level: float
    blocks: int


def process_value(rounds: Rounds) -> float:
    """Return the seconds per epoch of one process: the median of its rounds."""
    return median(rounds.round_seconds) / rounds.epochs_per_round


def order_interval(values: Sequence[float], level: float) -> tuple[float, float, float] | None:
    """Return (low, high, true level) of the interval of the median at `level` or just above; None if too few values.

    The interval from the k-th smallest to the k-th largest of n values misses the median with the
    probability 2 P(Bin(n, 1/2) <= k - 1), whatever their distribution. n >= 6 is needed for 95 %.
    Source: the sign test; Hahn and Meeker, Statistical Intervals, 5.2.
    """
    ordered, n = sorted(values), len(values)
    best = None
    missed = 0.0
    for k in range(1, n // 2 + 1):
        missed += 2 * math.comb(n, k - 1) / 2**n
        if 1 - missed < level:
            break
        best = (ordered[k - 1], ordered[n - k], 1 - missed)
    return best


def paired_ratio(a: Mapping[int, float], b: Mapping[int, float], comparisons: int) -> Ratio | None:
    """Return the time of A over the time of B over the blocks that have both; None if they are too few.

    `a` and `b` map a block to its process value. The ratio is exp of the median of the logs of the paired ratios, and
    its interval is at the level 1 - 0.05 / comparisons, for a table with that many comparisons.
    """
    shared = sorted(a.keys() & b.keys())
    logs = [math.log(a[block] / b[block]) for block in shared]
    interval = order_interval(logs, 1 - 0.05 / comparisons)
    if interval is None:
        return None
    low, high, level = interval
    return Ratio(math.exp(median(logs)), math.exp(low), math.exp(high), level, len(shared))


def compare(ratio: Ratio | None, margin: float = MARGIN) -> Comparison:
    """Return what the interval says: outside the margin on one side, wholly inside it, or neither."""
    if ratio is None:
        return Comparison.NONE
    least, most = 1 / (1 + margin), 1 + margin
    if ratio.high < least:
        return Comparison.FASTER
    if ratio.low > most:
        return Comparison.SLOWER
    if least <= ratio.low and ratio.high <= most:
        return Comparison.SAME
    return Comparison.AMBIGUOUS
