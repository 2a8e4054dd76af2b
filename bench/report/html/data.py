"""The data of the page's dialogs: all columns of timings.csv, the conditions read back, and the raw rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.analysis.run import Raw
from bench.report.views import samples
from bench.report.views.names import Names
from bench.report.views.samples import History
from bench.report.views.truncate import Numbered
from bench.store import csv_table
from bench.store.raw_rows import Environment
from bench.store.tables import Timing

# Further rounds are only in raw/rounds.jsonl: a page of many megabytes opens slowly.
MOST_ROUNDS = 200_000

Conditions = tuple[tuple[str, str], ...]


def of_cells(raw: Raw, rows: Sequence[Numbered], named: Names) -> dict[str, Any]:
    """Return the columns, and the values, conditions and rounds by cell number.

    Conditions shared by several cells are stored once.
    """
    number_of = {row.cell: number for number, row in rows}
    conditions: dict[Conditions, int] = {}
    conditions_of: dict[int, int] = {}
    rounds: dict[int, list[dict[str, Any]]] = {}
    room = MOST_ROUNDS
    for history in samples.histories(raw, number_of):
        number = number_of[history.cell]
        found = _conditions(history.processes[0].rounds.environment)
        conditions_of.setdefault(number, conditions.setdefault(found, len(conditions)))
        room -= sum(len(process.rounds.round_seconds) for process in history.processes)
        if room >= 0:
            rounds.setdefault(number, []).append(_rounds(history, named))
    return {
        "columns": csv_table.columns(Timing),
        "cells": {number: [*map(csv_table.exact, csv_table.flat(row).values())] for number, row in rows},
        "names": {number: named.cell(row.cell) for number, row in rows},
        "conditions": list(conditions),
        "conditionsOf": conditions_of,
        "rounds": rounds,
    }


def _conditions(environment: Environment) -> Conditions:
    versions = [(f"version of {name}", version) for name, version in environment.versions.items()]
    return tuple(sorted({**environment.found, **dict(versions)}.items()))


def _rounds(history: History, named: Names) -> dict[str, Any]:
    return {
        "name": history.name(named),
        "processes": [
            {
                "block": process.block,
                "counts": process.counts,
                "noisy": process.noisy,
                "epochsPerRound": process.rounds.epochs_per_round,
                "firstEpochSeconds": process.rounds.first_epoch_seconds,
                "roundSeconds": process.rounds.round_seconds,
            }
            for process in history.processes
        ],
    }
