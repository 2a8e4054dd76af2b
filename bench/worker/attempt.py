"""A worker's job: its cells and their plans, and the lines that it leaves of each.

Nothing here is imported before the worker is pinned, save by the parent, which uses only the dataclasses.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.process.out_of_memory import is_out_of_memory
from bench.store.cell import Cell, Status
from bench.store.jsonl import append_line
from bench.store.layout import FAILURES, RECORDS, STARTED
from bench.store.raw_rows import Failure


@dataclass(frozen=True)
class Plan:
    """How long a cell is timed in one process; warming up ends once both of its limits are reached."""

    epochs_per_round: int
    rounds: int
    warmup_rounds: int
    warmup_seconds: float


@dataclass(frozen=True)
class Entry:
    """A cell in a job: its dataset as `datasets.prepared` saved it, and its plan; with None it finds its own pace."""

    cell: Cell
    dataset_folder: str
    plan: Plan | None = None


@dataclass(frozen=True)
class Job:
    """What one worker does: these cells in this order, on this core, written into this folder."""

    name: str
    block: int
    position: int
    seed: int
    core: int | None
    entries: tuple[Entry, ...]
    folder: str


def attempt(job: Job, number: int, measure: Callable[[Job, Entry], Any]) -> None:
    """Append what was measured of one entry to the job's records, or why nothing was to its failures."""
    entry, folder = job.entries[number], Path(job.folder)
    (folder / STARTED).write_text(str(number))
    try:
        record = measure(job, entry)
    except Exception as error:  # noqa: BLE001 - whatever a cell raises is its own failure, and the next cell goes on
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()[-15:]
        status = Status.OUT_OF_MEMORY if is_out_of_memory(error) else Status.FAILED
        append_line(folder / FAILURES, Failure(entry.cell, job.block, status, "\n".join(lines)))
        traceback.print_exception(error)
    else:
        append_line(folder / RECORDS, record)
