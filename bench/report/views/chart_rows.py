"""The rows that a chart of one model shows, in the order of their rank: for pictures and page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.views import ranking, truncate
from bench.store.tables import Timing


@dataclass(frozen=True)
class Ranked:
    """The timed rows of one piece of work, the fastest first; `compared` when ratios rank them, else times do."""

    work: str
    rows: tuple[Timing, ...]
    compared: bool


def ranked(rows: Sequence[Timing]) -> list[Ranked]:
    """Return every piece of work that was timed.

    Where there are ratios they rank, since their pairs share what load a block had; times do not.
    """
    groups = []
    for work, group in ranking.by_work(rows).items():
        timed = [row for row in group if row.epoch_seconds is not None]
        compared = any(row.ratio is not None for row in timed)
        if timed:
            groups.append(Ranked(work, tuple(ranking.ranked(timed)), compared))
    return groups


def first(groups: Sequence[Ranked], most: int) -> list[Ranked]:
    """Return the first pieces of work, one at least, that have no more than `most` rows in all."""
    return list(groups[: truncate.first((len(group.rows) for group in groups), most)])


def rest(works: int) -> str:
    """Say of a chart that so many pieces of work are not in it, if any."""
    return f"{works:,} more piece{'s'[: works != 1]} of work: timings.csv." if works > 0 else ""


def bounds(row: Timing, *, compared: bool) -> tuple[float | None, float | None, float | None]:
    """Return value, lower and upper end: of the ratio, 1 for the baseline, or of the time."""
    if not compared:
        return row.epoch_seconds, row.epoch_seconds_low, row.epoch_seconds_high
    return (1.0, None, None) if ranking.is_baseline(row) else (row.ratio, row.ratio_low, row.ratio_high)


def said(row: Timing, *, compared: bool) -> str:
    """Return the numbers of a row in words: "1.30 (1.27 to 1.33), 2.61 ms"."""
    time, interval, ratio, its_interval = ranking.time_cells(row)
    if not compared:
        return f"{time} ({interval})" if interval else time
    if ranking.is_baseline(row):
        return f"baseline, {time}"
    return f"{ratio} ({its_interval}), {time}" if ratio else f"not compared, {time}"


def size(row: Timing) -> str:
    """Return what the data measure: "1,797 x 64, 10 classes"."""
    classes = f", {row.k} classes" if row.k > 1 else ""
    return f"{row.n:,} x {row.d:,}{classes}"
