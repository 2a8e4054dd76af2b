"""The lines that a worker leaves of each cell of its job: a record, or a failure."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.process.out_of_memory import is_out_of_memory
from bench.store.cell import Status
from bench.store.jsonl import append_line
from bench.store.layout import FAILURES, RECORDS, STARTED
from bench.store.raw_rows import Failure
from bench.timing.jobs import Entry, Job


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
