"""One-off costs of a cell: the columns that report.md and report.html show, and their explanation."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from bench.report.views import notation
from bench.report.views.caveats import BY_EVENTS
from bench.store.tables import Timing

# Headings, with their columns of timings.csv.
_COLUMNS = {
    "import": "import_seconds",
    "data to device": "data_seconds",
    "compile": "compile_seconds",
    "first epoch": "first_epoch_seconds",
    "epoch": "epoch_seconds",
    "times the limit": "times_limit",
    "peak memory": "peak_memory_bytes",
}
_EVENTS = {"epoch by events": "device_epoch_seconds"}

_EXPLANATION = (
    "Medians over processes, not included in the epoch times. The first epoch includes compilation. Peak memory is "
    "that of the whole process: it includes libraries, what earlier cells used, and the pages of the mapped data, "
    "which all workers share."
)


def columns(rows: Sequence[Timing]) -> dict[str, str]:
    """Return the columns by heading, with a device's own timing if any device has one."""
    return _COLUMNS | (_EVENTS if _by_events(rows) else {})


def explanation(rows: Sequence[Timing]) -> str:
    """Explain these columns."""
    return f"{_EXPLANATION} {BY_EVENTS}" if _by_events(rows) else _EXPLANATION


def text(row: Timing, column: str) -> str:
    """Return a column of a row as text, "" where nothing is known."""
    value: float | None = attrgetter(column)(row)
    if value is None:
        return ""
    if column == "times_limit":
        return notation.ratio(value)
    return notation.mebibytes(value) if column.endswith("_bytes") else notation.duration(value)


def _by_events(rows: Sequence[Timing]) -> bool:
    return any(row.device_epoch_seconds is not None for row in rows)
