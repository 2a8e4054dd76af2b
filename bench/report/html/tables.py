"""The tables of the page: each entry as shown, with the exact values of timings.csv as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.analysis.run import Raw
from bench.report.views import agreement_matrix, names, notation, ranking, self_comparison
from bench.report.views import costs as costs_view
from bench.report.views.names import Names
from bench.report.views.truncate import Numbered
from bench.store import csv_table
from bench.store.cell import Status
from bench.store.tables import Comparison, Timing

# Columns that are hidden on narrow screens, and columns whose entries also carry the exact values of others.
_WIDE = frozenset({"first_epoch_seconds", "epoch_seconds", "times_limit", "device_epoch_seconds"})
_BESIDE = {"times_limit": ("limit_seconds",)}

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
        _exact(row, notation.loss(row.final_loss), "final_loss"),
        _exact(row, notation.accuracy(row.accuracy), "accuracy"),
    )


def costs(rows: Sequence[Numbered], named: Names) -> Table:
    """Return the one-off costs of each timed cell."""
    timed = [(number, row) for number, row in rows if row.epoch_seconds is not None]
    columns = costs_view.columns([row for _, row in timed])
    headers = (
        Header("dataset", "dataset"),
        Header("implementation", "implementation"),
        *(Header(text, column, number=True, wide=column in _WIDE) for text, column in columns.items()),
    )
    entries = tuple(_costs(row, number, named, columns.values()) for number, row in timed)
    said = costs_view.explanation([row for _, row in timed])
    caption = f"{said} Times the limit: an epoch relative to the least that it must read and compute."
    return Table("costs", caption, headers, entries, tuple(facets(row, named) for _, row in timed))


def _costs(row: Timing, number: int, named: Names, columns: Iterable[str]) -> tuple[TableEntry, ...]:
    return (
        _exact(row, named.work(row.cell.problem), "dataset"),
        _runner(row, number),
        *(_exact(row, costs_view.text(row, column), column, *_BESIDE.get(column, ())) for column in columns),
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
        agreement_matrix.EXPLANATION,
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
        self_comparison.MEANS,
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
