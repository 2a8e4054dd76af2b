"""How a history reads: as table rows and as CSV. Nothing is printed or written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter

import pandas as pd

from bench.analysis.history import Entry
from bench.report.views import names, notation, ranking
from bench.store import csv_table
from bench.store.tables import Timing

HEADERS = ("started (UTC)", "commit", "conditions", "time", "ratio", "interval", "verdict")
NUMBERS = HEADERS[3:6]
_OWN = tuple(field.name for field in fields(Entry) if field.name != "timing")

HOW = (
    "Ratio: the time over that of the baseline in the same run. Runs with the same conditions are of one machine "
    "and of the same versions; their ratios may be held side by side, times may not."
)


def title(group: Sequence[Entry]) -> str:
    """Return which cell this is the history of."""
    return f"{names.runner(group[0].timing)} on {names.shaped(group[0].timing)}"


def cells(entry: Entry) -> tuple[str, ...]:
    """Return a row of a table with HEADERS."""
    time, _, ratio, interval = ranking.time_cells(entry.timing)
    started, verdict = notation.minute(entry.started), ranking.verdict(entry.timing)
    return started, entry.commit[:7], str(entry.conditions), time, ratio, interval, verdict


def csv(entries: Iterable[Entry]) -> str:
    """Return history.csv: the columns of timings.csv behind those that name the run."""
    columns = [*_OWN, *(f"timing.{field.name}" for field in fields(Timing))]
    rows = [map(csv_table.exact, attrgetter(*columns)(one)) for one in entries]
    header = [column.removeprefix("timing.") for column in columns]
    found: str = pd.DataFrame(rows, columns=header, dtype=object).to_csv(index=False, lineterminator="\n")
    return found
