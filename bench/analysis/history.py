"""The history of each cell over several runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.run import Raw
from bench.errors import BadInput
from bench.store.cell import Cell
from bench.store.comparable import CONDITIONS
from bench.store.tables import Timing
from datasets.dataset import Model


@dataclass(frozen=True)
class HistoryRow:
    """A cell in one of several runs.

    conditions   a number from 1: runs with the same number share the machine and the versions
    """

    run: str
    started: str
    commit: str
    conditions: int
    timing: Timing


def history(runs: Iterable[Raw]) -> list[HistoryRow]:
    """Return every cell of every timed run, earliest run first; BadInput if a run is named twice."""
    ordered = sorted((raw for raw in runs if raw.timed), key=lambda raw: str(raw.environment["started"]))
    names = [raw.environment["run"] for raw in ordered]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"run {twice} is named twice: a history has each run once")
    known: list[dict[str, Any]] = []
    return [
        HistoryRow(
            run=raw.environment["run"],
            started=raw.environment["started"],
            commit=raw.environment["machine"].get("commit") or "",
            conditions=_number(known, raw),
            timing=timing,
        )
        for raw in ordered
        for timing in raw.timings
    ]


def _number(known: list[dict[str, Any]], raw: Raw) -> int:
    identity = raw.environment.get("identity", {})
    own = {name: identity.get(name) for names in CONDITIONS.values() for name in names}
    if own not in known:
        known.append(own)
    return 1 + known.index(own)


def by_cell(entries: Sequence[HistoryRow]) -> list[list[HistoryRow]]:
    """Group the entries by cell, in the order of first occurrence."""
    cells: dict[Cell, list[HistoryRow]] = {}
    for entry in entries:
        cells.setdefault(entry.timing.cell, []).append(entry)
    return sorted(cells.values(), key=lambda group: list(Model).index(group[0].timing.cell.problem.model))
