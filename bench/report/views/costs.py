"""What a cell costs beside its epochs: the columns that report.md and the page show, and what to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from bench.report.views import notation
from bench.report.views.caveats import BY_EVENTS
from bench.store.tables import Timing

# Each by its heading, and by its column of timings.csv.
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
    "Each is the median over processes, and none is in the time of an epoch. The first epoch includes compiling. "
    "The peak is of the whole process: libraries, earlier cells and the pages of the mapped data included, which "
    "all workers share."
)


def columns(rows: Sequence[Timing]) -> dict[str, str]:
    """Return the columns by heading; what a device's events tell is among them where any device has some."""
    return _COLUMNS | (_EVENTS if _by_events(rows) else {})


def explanation(rows: Sequence[Timing]) -> str:
    """Return what these columns hold."""
    return f"{_EXPLANATION} {BY_EVENTS}" if _by_events(rows) else _EXPLANATION


def text(row: Timing, column: str) -> str:
    """Return what a column of a row says, "" where nothing is known."""
    value: float | None = attrgetter(column)(row)
    if value is None:
        return ""
    if column == "times_limit":
        return notation.ratio(value)
    return notation.mebibytes(value) if column.endswith("_bytes") else notation.duration(value)


def _by_events(rows: Sequence[Timing]) -> bool:
    return any(row.device_epoch_seconds is not None for row in rows)
