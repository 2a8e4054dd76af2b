"""The rows that a chart of one model shows, in the order of their rank: for pictures and page alike."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.ranking import Ranking, is_baseline, rankings
from bench.report.views import notation, ranking, truncate
from bench.store.cell import Problem
from bench.store.layout import TIMINGS_CSV
from bench.store.tables import Timing

MOST_ROWS = 40  # nobody reads a chart of thousands


def title(row: Timing, *, compared: bool) -> str:
    """Return what a chart of the rows of a model shows, one of which is this."""
    what = f"an epoch against that of {row.baseline}" if compared else "time of an epoch"
    return f"{row.cell.problem.model}: {what}"


def timed(rows: Sequence[Timing]) -> list[Ranking]:
    """Return the ranking of every contest in which anything was timed."""
    return [one for one in rankings(rows) if one.timed]


def compared(rankings: Sequence[Ranking]) -> bool:
    """Return whether a chart of these shows ratios: their pairs share what load a block had, and times do not."""
    return any(row.ratio is not None for one in rankings for row in one.timed)


def first(rankings: Sequence[Ranking], most: int) -> list[Ranking]:
    """Return the first of these, one at least, that have no more than `most` timed rows in all."""
    return list(rankings[: truncate.first((len(one.timed) for one in rankings), most)])


def rest(count: int) -> str:
    """Say of a chart how many pieces of work are not in it, if any."""
    return f"{notation.number(count, 'more piece')} of work: {TIMINGS_CSV}." if count > 0 else ""


def bounds(row: Timing, *, compared: bool) -> tuple[float | None, float | None, float | None]:
    """Return value, lower and upper end: of the ratio, 1 for the baseline, or of the time."""
    if not compared:
        return row.epoch_seconds, row.epoch_seconds_low, row.epoch_seconds_high
    return (1.0, None, None) if is_baseline(row) else (row.ratio, row.ratio_low, row.ratio_high)


def said(row: Timing, *, compared: bool) -> str:
    """Return the numbers of a row in words: "1.30 (1.27 to 1.33), 2.61 ms"."""
    time, interval, ratio, its_interval = ranking.time_cells(row)
    if not compared:
        return f"{time} ({interval})" if interval else time
    if is_baseline(row):
        return f"baseline, {time}"
    return f"{ratio} ({its_interval}), {time}" if ratio else f"not compared, {time}"


def size(problem: Problem) -> str:
    """Return what the data measure: "1,797 x 64, 10 classes"."""
    classes = f", {problem.k} classes" if problem.k > 1 else ""
    return f"{problem.n:,} x {problem.d:,}{classes}"
