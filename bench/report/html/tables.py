"""The tables of the page: each entry as shown, with the exact values of timings.csv as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.analysis.run import Raw
from bench.report.views import agreement_matrix, caveats, names, notation, ranking, self_comparison
from bench.report.views.names import Names
from bench.report.views.truncate import Numbered
from bench.store import csv_table
from bench.store.cell import Status
from bench.store.tables import Comparison, Timing

FACETS = ("model", "dataset", "implementation", "status")


@dataclass(frozen=True)
class Header:
    """A column.

    key     the column of timings.csv to sort by; empty to sort by the text
    number  right-aligned, and sorted as a number
    wide    hidden on narrow screens; the cell's dialog has it
    """

    text: str
    key: str = ""
    number: bool = False
    wide: bool = False


@dataclass(frozen=True)
class TableEntry:
    """An entry of a table.

    exact   values by column of timings.csv, as written there
    opens   the number of the cell whose dialog it opens
    kind    its CSS class
    """

    text: str
    exact: Mapping[str, str] = field(default_factory=dict)
    opens: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the filters of the page use `facets`."""

    name: str
    caption: str
    headers: tuple[Header, ...]
    rows: tuple[tuple[TableEntry, ...], ...]
    facets: tuple[Mapping[str, str], ...] = ()


def times(rows: Sequence[Numbered], named: Names, left_out: str) -> Table:
    """Return the table of these cells, with or without a time; `left_out` says how many more there are."""
    headers = (
        Header("model", "model", wide=True),
        Header("dataset", "dataset"),
        Header("n", "n", number=True, wide=True),
        Header("d", "d", number=True, wide=True),
        Header("k", "k", number=True, wide=True),
        Header("implementation", "implementation"),
        Header("time per epoch", "epoch_seconds", number=True),
        Header("time interval", "epoch_seconds_low", number=True, wide=True),
        Header("ratio", "ratio", number=True),
        Header("ratio interval", "ratio_low", number=True, wide=True),
        Header("verdict"),
        Header("budget used", "budget_share", number=True, wide=True),
        Header("final loss", "final_loss", number=True, wide=True),
        Header("accuracy", "accuracy", number=True, wide=True),
    )
    caption = "One row per implementation, problem and device. Click a name for its settings and raw timings."
    entries = tuple(_times(row, number, named) for number, row in rows)
    return Table(
        "times", f"{caption} {left_out}".rstrip(), headers, entries, tuple(facets(row, named) for _, row in rows)
    )


def _times(row: Timing, number: int, named: Names) -> tuple[TableEntry, ...]:
    time, interval, ratio, its_interval = ranking.time_cells(row)
    return (
        _exact(row, row.cell.problem.model, "model"),
        _exact(row, named.work(row.cell.problem), "dataset"),
        _exact(row, f"{row.cell.problem.n:,}", "n"),
        _exact(row, f"{row.cell.problem.d:,}", "d"),
        _exact(row, str(row.cell.problem.k), "k"),
        _runner(row, number),
        _exact(row, time, "epoch_seconds"),
        _exact(row, interval, "epoch_seconds_low", "epoch_seconds_high"),
        _exact(row, ratio, "ratio"),
        _exact(row, its_interval, "ratio_low", "ratio_high"),
        TableEntry(ranking.verdict(row), {"status": row.status, "comparison": row.comparison}, kind=_kind(row)),
        _exact(row, notation.share(row.budget_share), "budget_share"),
        _exact(row, "" if row.final_loss is None else f"{row.final_loss:.6g}", "final_loss"),
        _exact(row, "" if row.accuracy is None else f"{100 * row.accuracy:.1f} %", "accuracy"),
    )


def costs(rows: Sequence[Numbered], named: Names) -> Table:
    """Return the one-off costs of each timed cell."""
    headers: tuple[Header, ...] = (
        Header("dataset", "dataset"),
        Header("implementation", "implementation"),
        Header("import", "import_seconds", number=True),
        Header("data to device", "data_seconds", number=True),
        Header("compile", "compile_seconds", number=True),
        Header("first epoch", "first_epoch_seconds", number=True, wide=True),
        Header("epoch", "epoch_seconds", number=True, wide=True),
        Header("times the limit", "times_limit", number=True, wide=True),
        Header("peak memory", "peak_memory_bytes", number=True),
    )
    timed = [(number, row) for number, row in rows if row.epoch_seconds is not None]
    by_events = any(row.device_epoch_seconds is not None for _, row in timed)
    if by_events:
        headers += (Header("epoch by events", "device_epoch_seconds", number=True, wide=True),)
    entries = tuple(_costs(row, number, named, by_events=by_events) for number, row in timed)
    caption = (
        "Medians over processes, not included in the epoch times. The first epoch includes compilation. Times the "
        "limit: an epoch relative to the least that it must read and compute. Peak memory is that of the whole "
        "process, including libraries, earlier cells and the mapped data pages, which all workers share."
    )
    caption += f" {caveats.BY_EVENTS}" if by_events else ""
    return Table("costs", caption, headers, entries, tuple(facets(row, named) for _, row in timed))


def _costs(row: Timing, number: int, named: Names, *, by_events: bool) -> tuple[TableEntry, ...]:
    events = (_exact(row, _duration(row.device_epoch_seconds), "device_epoch_seconds"),) if by_events else ()
    memory = "" if row.peak_memory_bytes is None else f"{row.peak_memory_bytes / 2**20:.0f} MiB"
    return (
        _exact(row, named.work(row.cell.problem), "dataset"),
        _runner(row, number),
        _exact(row, _duration(row.import_seconds), "import_seconds"),
        _exact(row, _duration(row.data_seconds), "data_seconds"),
        _exact(row, _duration(row.compile_seconds), "compile_seconds"),
        _exact(row, _duration(row.first_epoch_seconds), "first_epoch_seconds"),
        _exact(row, _duration(row.epoch_seconds), "epoch_seconds"),
        _exact(row, "" if row.times_limit is None else notation.ratio(row.times_limit), "times_limit", "limit_seconds"),
        _exact(row, memory, "peak_memory_bytes"),
        *events,
    )


def unfinished(rows: Sequence[Numbered], left_out: str, named: Names) -> Table:
    """Return why each of these cells has no time; `left_out` says how many more there are."""
    headers = (Header("dataset", "dataset"), Header("implementation"), Header("status"), Header("detail"))
    entries = tuple(
        (
            _exact(row, named.work(row.cell.problem), "dataset"),
            _runner(row, number),
            TableEntry(row.status, {"status": row.status}, kind=_kind(row)),
            _exact(row, row.detail, "detail"),
        )
        for number, row in rows
    )
    caption = f"Cells without a time, and why. {left_out}".rstrip()
    return Table("unfinished", caption, headers, entries, tuple(facets(row, named) for _, row in rows))


def agreement(raw: Raw, order: Sequence[str]) -> Table:
    """Return the largest share of its budget per quantity and implementation, in this order."""
    table = agreement_matrix.by_quantity(raw.agreements, order)
    headers = (Header("quantity"), *(Header(name, number=True) for name in table.columns))
    entries = tuple(
        (TableEntry(row), *(_share(table.largest.get((row, column))) for column in table.columns)) for row in table.rows
    )
    return Table(
        "shares",
        "The largest share of its budget that any error used, over all data; above 100 % is a MISMATCH.",
        headers,
        entries,
    )


def _share(share: float | None) -> TableEntry:
    return TableEntry(notation.share(share), kind="" if share is None or share <= 1 else "bad")


def means(raw: Raw) -> Table:
    """Return the geometric means over cells, the baseline against itself last."""
    headers = tuple(
        Header(text, number=text in self_comparison.MEAN_HEADERS[1:6]) for text in self_comparison.MEAN_HEADERS
    )
    entries = tuple(_mean(self_comparison.mean_row(mean)) for mean in raw.means)
    return Table(
        "means",
        "Geometric means of the ratios over all cells of an implementation, one value per block.",
        headers,
        entries,
    )


def _mean(row: Sequence[str]) -> tuple[TableEntry, ...]:
    *numbers, verdict = row
    return *map(TableEntry, numbers), TableEntry(verdict, kind=verdict.lower() if verdict in {*Comparison} else "")


def plain(name: str, caption: str, titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Return a table of plain text."""
    return Table(name, caption, tuple(map(Header, titles)), tuple(tuple(map(TableEntry, row)) for row in rows))


def _runner(row: Timing, number: int) -> TableEntry:
    exact = {column: csv_table.value(row, column) for column in ("implementation", "device")}
    return TableEntry(names.runner(row.cell.runner), exact, opens=number)


def _exact(row: Timing, text: str, *columns: str) -> TableEntry:
    return TableEntry(text, {column: csv_table.value(row, column) for column in columns})


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else notation.duration(seconds)


def facets(row: Timing, named: Names) -> dict[str, str]:
    """Return the values of a row that the filters use."""
    return dict(
        zip(
            FACETS,
            (row.cell.problem.model, named.work(row.cell.problem), names.runner(row.cell.runner), row.status),
            strict=True,
        )
    )


def _kind(row: Timing) -> str:
    return (row.comparison or ("" if row.status is Status.OK else "bad")).lower()
