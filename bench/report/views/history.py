"""A history of runs as table rows."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.history import HistoryRow
from bench.report.views import names, notation, ranking
from bench.report.views.names import Names

HEADERS = ("started (UTC)", "commit", "conditions", "time", "ratio", "interval", "verdict")
NUMBERS = HEADERS[3:6]

HOW = (
    "Ratio: the time over that of the baseline in the same run. Runs with the same conditions share the machine and "
    "the versions; compare their ratios, not their times."
)


def named(entries: Sequence[HistoryRow]) -> Names:
    """Return the names of the problems of these runs."""
    return names.of_rows(entry.timing for entry in entries)


def title(group: Sequence[HistoryRow], named: Names) -> str:
    """Return the name of the cell."""
    cell = group[0].timing.cell
    return f"{names.runner(cell.runner)} on {named.shaped(cell.contest)}"


def cells(entry: HistoryRow) -> tuple[str, ...]:
    """Return a row of a table with HEADERS."""
    time, _, ratio, interval = ranking.time_cells(entry.timing)
    started, verdict = notation.minute(entry.started), ranking.verdict(entry.timing)
    return started, entry.commit[:7], str(entry.conditions), time, ratio, interval, verdict
