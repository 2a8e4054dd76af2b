"""What a run says of the time of one cell: its time, its ratio, what stands beside them, and how sure all that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from bench.analysis import estimand
from bench.analysis.quiet import Estimates
from bench.analysis.statistics import Ratio, compare, least_blocks, level, order_interval, paired_ratio
from bench.store.tables import Company, Comparison


@dataclass(frozen=True)
class Times:
    """The columns of a row of timings.csv that are about time; None where there is nothing to show."""

    comparison: Comparison = Comparison.NONE
    epoch_seconds: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    ratio: Ratio | None = None
    floor: Ratio | None = None
    median: Ratio | None = None
    floor_seconds: float | None = None
    median_seconds: float | None = None
    slow_share: float | None = None
    uneven: bool = False
    could_have_found: float | None = None
    company: Company | None = None

    @property
    def depends_on_load(self) -> bool | None:
        """Whether the ratio under the load of the run is another one beyond doubt."""
        return None if self.ratio is None or self.median is None else not self.ratio.overlaps(self.median)


def under_load(own: Estimates, comparison: Comparison = Comparison.NONE) -> Times:
    """Return the median under load and nothing that is compared: of a quick look, or where no quiet moments were."""
    seconds = median(own.median.values())
    return Times(comparison, seconds, floor_seconds=median(own.floor.values()), median_seconds=seconds)


def alone(own: Estimates, comparisons: int) -> Times:
    """Return the times of a cell that is compared with none: the baseline, or one whose baseline has no time."""
    if not own.quiet or _lacks_quiet(own, own, comparisons):
        return under_load(own, Comparison.NO_QUIET)
    low, high, reached = _interval(own.quiet, comparisons)
    return replace(under_load(own), epoch_seconds=median(own.quiet.values()), low=low, high=high, level=reached)


def of_other(own: Estimates, baseline: Estimates, comparisons: int) -> Times:
    """Return the times of another implementation: its time is the baseline's, multiplied by the ratio."""
    if not own.quiet or _lacks_quiet(own, baseline, comparisons):
        return under_load(own, Comparison.NO_QUIET)
    ratio = paired_ratio(own.quiet, baseline.quiet, comparisons)
    low, high, reached = _interval(own.quiet, comparisons)
    uneven = own.company > 0 and own.slow.met < estimand.MET and estimand.uneven(own.slow.share, baseline.shares)
    if ratio is not None and uneven:
        ratio = _with_slow_rounds(own, baseline, comparisons) or ratio
        low, high = (end * median(baseline.quiet.values()) for end in (ratio.low, ratio.high))
    return replace(
        under_load(own, compare(ratio)),
        epoch_seconds=median(own.quiet.values()) if ratio is None else median(baseline.quiet.values()) * ratio.ratio,
        low=low,
        high=high,
        level=reached,
        ratio=ratio,
        floor=paired_ratio(own.floor, baseline.floor, comparisons),
        median=paired_ratio(own.median, baseline.median, comparisons),
        slow_share=own.slow.share if own.company else None,
        uneven=uneven,
        could_have_found=estimand.could_have_found(_logs(own.quiet, baseline.quiet), comparisons),
        company=(Company.ALONE, Company.PAIRS, Company.ALL)[own.company],
    )


def _lacks_quiet(own: Estimates, baseline: Estimates, comparisons: int) -> bool:
    """Return whether the blocks would be enough for an interval, had all of them met a quiet processor."""
    both = own.quiet.keys() & baseline.quiet.keys()
    return len(both) < least_blocks(comparisons) <= len(own.median.keys() & baseline.median.keys())


def _interval(values: Mapping[int, float], comparisons: int) -> tuple[float | None, float | None, float | None]:
    return order_interval(list(values.values()), level(comparisons)) or (None, None, None)


def _logs(own: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    return [math.log(own[block] / baseline[block]) for block in own if block in baseline]


def _with_slow_rounds(own: Estimates, baseline: Estimates, comparisons: int) -> Ratio | None:
    logs = _logs(own.slow.without, baseline.quiet)
    found = estimand.mean_with_slow_rounds(logs, own.slow.beyond, own.slow.count, comparisons)
    if found is None:
        return None
    low, middle, high = found
    return Ratio(middle, low, high, level(comparisons), len(logs))
