"""Statistics of cells and pairs of cells from the rounds of many processes.

The unit of evidence is the process: its rounds give one value, and processes are compared within their block. Between
undisturbed processes the median of rounds varies ten times as much as the standard error computed from the rounds of
one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean, median

from bench.store.raw_rows import Rounds
from bench.store.tables import Comparison

# Fixed before any run: a ratio closer to 1 than this is of no practical interest.
MARGIN = 0.03

# The m intervals of a table hold together at 95 %: each misses with probability 0.05/m (Bonferroni).
ERROR = 0.05


@dataclass(frozen=True)
class Ratio:
    """A takes `ratio` times the time of B; the interval holds it with probability at least `level`."""

    ratio: float
    low: float
    high: float
    level: float
    blocks: int

    @property
    def half_width(self) -> float:
        """How far the interval reaches to either side, as a share: 0.03 means +-3 %."""
        return math.sqrt(self.high / self.low) - 1

    def overlaps(self, other: Ratio) -> bool:
        """Return whether some value lies in both intervals."""
        return self.low <= other.high and other.low <= self.high


def process_value(rounds: Rounds) -> float:
    """Return the seconds per epoch of one process under the load of the run: the median of its rounds."""
    return median(rounds.round_seconds) / rounds.epochs_per_round


def level(comparisons: int) -> float:
    """Return the least level of each interval in a table with this number of comparisons."""
    return 1 - ERROR / comparisons


def order_interval(values: Sequence[float], level: float) -> tuple[float, float, float] | None:
    """Return (low, high, true level) of the interval of the median at `level` or just above; None if too few values.

    The interval from the k-th smallest to the k-th largest of n values misses the median with the
    probability 2 P(Bin(n, 1/2) <= k - 1), whatever their distribution. n >= 6 is needed for 95 %.
    Source: the sign test; Hahn and Meeker, Statistical Intervals, 5.2.
    """
    ordered, n = sorted(values), len(values)
    k, reached = _rank(n, level)
    return (ordered[k - 1], ordered[n - k], reached) if k else None


@cache
def _rank(n: int, level: float) -> tuple[int, float]:
    """Return the largest k whose interval of n values holds at `level` (0 if none), and its exact level."""
    k, missed = 0, 0.0
    while k < n // 2:
        more = missed + 2 * math.comb(n, k) / 2**n
        if 1 - more < level:
            break
        k, missed = k + 1, more
    return k, 1 - missed


def least_blocks(comparisons: int) -> int:
    """Return how many blocks an interval needs, in a table with this number of comparisons."""
    return math.ceil(1 - math.log2(ERROR / comparisons))


def paired_ratio(a: Mapping[int, float], b: Mapping[int, float], comparisons: int) -> Ratio | None:
    """Return the ratio of A's time to B's over the blocks that have both; None if there are too few.

    `a` and `b` map a block to its process value. The ratio is exp of the median of the logs of the paired ratios, and
    its interval is at the `level` of a table with that many comparisons.
    """
    return _ratio([math.log(a[block] / b[block]) for block in a if block in b], comparisons)


def mean_ratio(pairs: Sequence[tuple[Mapping[int, float], Mapping[int, float]]], comparisons: int) -> Ratio | None:
    """Return the geometric mean over cells of the ratio of A's time to B's; None if there are too few blocks.

    Each pair is a cell's process values by block, of A and of B. A block that has all of them gives one value, the
    geometric mean of its ratios (Fleming and Wallace, CACM 1986). Blocks that lack a cell are taken together, in their
    order, until they have all cells between them, and then give one value. No block is in two values, so these are
    treated as the ratios of one cell: the interval is exact, and accounts for what the cells of a block have in common.
    """
    cells = [{block: math.log(a[block] / b[block]) for block in a.keys() & b.keys()} for a, b in pairs]
    values: list[float] = []
    waiting: list[list[float]] = [[] for _ in cells]
    for block in sorted(set().union(*cells)):
        if all(block in cell for cell in cells):
            values.append(fmean(cell[block] for cell in cells))
            continue
        for number, cell in enumerate(cells):
            if block in cell:
                waiting[number].append(cell[block])
        if all(waiting):
            values.append(fmean(map(fmean, waiting)))
            waiting = [[] for _ in cells]
    return _ratio(values, comparisons)


def _ratio(logs: Sequence[float], comparisons: int) -> Ratio | None:
    """Return the ratio from one logarithm per block; None if there are too few."""
    interval = order_interval(logs, level(comparisons))
    if interval is None:
        return None
    low, high, reached = interval
    return Ratio(math.exp(median(logs)), math.exp(low), math.exp(high), reached, len(logs))


def compare(ratio: Ratio | None, margin: float = MARGIN) -> Comparison:
    """Return what the interval says: outside the margin on one side, entirely inside it, or neither."""
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
