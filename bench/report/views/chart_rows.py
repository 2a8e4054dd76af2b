"""The rows that a chart of one model shows, ranked, for pictures and page."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.ranking import Ranking, is_baseline, rankings
from bench.report.views import ranking, truncate
from bench.store.cell import Problem
from bench.store.layout import TIMINGS_CSV
from bench.store.tables import Timing

MOST_ROWS = 40  # a chart of thousands of rows is unreadable


def title(row: Timing, *, compared: bool) -> str:
    """Return the title of a chart of one model, given any of its rows."""
    what = f"time per epoch relative to {row.baseline}" if compared else "time per epoch"
    return f"{row.cell.problem.model}: {what}"


def timed(rows: Sequence[Timing]) -> list[Ranking]:
    """Return the ranking of every contest that was timed."""
    return [one for one in rankings(rows) if one.timed]


def compared(rankings: Sequence[Ranking]) -> bool:
    """Return whether a chart of these shows ratios; both times of a ratio had the same load, plain times did not."""
    return any(row.ratio is not None for one in rankings for row in one.timed)


def first(rankings: Sequence[Ranking], most: int) -> list[Ranking]:
    """Return the first of these with no more than `most` timed rows in total, but at least one."""
    return list(rankings[: truncate.first((len(one.timed) for one in rankings), most)])


def rest(count: int) -> str:
    """Say how many problems a chart leaves out, if any."""
    return truncate.more(count, "problem", TIMINGS_CSV)


def bounds(row: Timing, *, compared: bool) -> tuple[float | None, float | None, float | None]:
    """Return value, lower and upper end of the ratio (1 for the baseline) or of the time."""
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
    """Return the size of the data: "1,797 x 64, 10 classes"."""
    classes = f", {problem.k} classes" if problem.k > 1 else ""
    return f"{problem.n:,} x {problem.d:,}{classes}"
