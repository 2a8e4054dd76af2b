"""JSON output: the result of a command as one object, for --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bench.analysis.comparison import Between
from bench.analysis.history import HistoryRow
from bench.analysis.run import Raw
from bench.report.views import names, ranking
from bench.report.views.comparison import remarks, verdicts
from bench.store import csv_table
from bench.store.jsonl import plain, to_mapping
from bench.store.raw_rows import Verdict
from bench.store.tables import Timing


def of_run(
    raw: Raw, verdicts: Sequence[Verdict], rows: Sequence[Timing], files: Sequence[Path], exit_code: int
) -> dict[str, Any]:
    """Return the result of a run; `rows` are those of timings.csv, empty if nothing was to be timed.

    NaN and infinities, which JSON does not have, are the strings "nan", "inf" and "-inf".
    """
    return {
        "schema": raw.environment["schema"],
        "run": raw.environment["run"],
        "command": raw.environment["command"],
        "exit_code": exit_code,
        "files": [str(path) for path in files],
        "rankings": ranking.sentences(rows, names.of_rows(rows), quick=raw.quick),
        "agreement": [to_mapping(verdict) for verdict in verdicts],
        "timings": [_flat(row) for row in rows],
    }


def of_comparison(found: Between, old: Mapping[str, Any], new: Mapping[str, Any], exit_code: int) -> dict[str, Any]:
    """Return the comparison as strict JSON."""
    return {
        "schema": new["schema"],
        "old": old["run"],
        "new": new["run"],
        "exit_code": exit_code,
        "verdicts": verdicts(found),
        "remarks": remarks(found),
        "changes": [_flat(change) for change in found.changes],
    }


def of_history(entries: Sequence[HistoryRow]) -> dict[str, Any]:
    """Return the entries of a history as strict JSON can hold them."""
    own = [field.name for field in fields(HistoryRow) if field.name != "timing"]
    return {
        "entries": [{name: getattr(one, name) for name in own} | {"timing": _flat(one.timing)} for one in entries],
    }


def _flat(row: Any) -> dict[str, Any]:
    """Return a row of a table by the columns of its CSV file."""
    return {column: plain(value) for column, value in csv_table.flat(row).items()}
