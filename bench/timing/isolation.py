"""A job done in one worker, or in as many as it takes when cells of it kill theirs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from bench.process.spawn import Ending, Order, environment, make_empty, run_worker
from bench.store.cell import CPU, Cell, Status
from bench.store.jsonl import read_lines
from bench.store.layout import BENCHMARK_JSON, FAILURES, RECORDS, STARTED
from bench.store.raw_rows import Failure, Rounds
from bench.timing.jobs import Entry, Job, Pace
from datasets.prepared import mapped_bytes

Measured = TypeVar("Measured", Pace, Rounds)


def run_job(
    module: str,
    kind: type[Measured],
    job: Job,
    *,
    timeout_seconds: float,
    folder: Path,
    keep_json: Path | None = None,
) -> tuple[list[Measured], list[Failure]]:
    """Return a record or a failure of every cell of the job, whose cells share implementation, device and dtype.

    A cell that kills its worker, or is still running at the time limit, fails alone: those that were not yet
    started run in a new worker. `folder` is the worker's: each of its cells is in there as soon as it is finished,
    and what an earlier worker left is removed. pytest-benchmark's file is kept as it is under `keep_json`; a further
    worker's gets a number behind its name.
    """
    records: list[Measured] = []
    failures: list[Failure] = []
    workers = 0
    while job.entries:
        workers += 1
        make_empty(folder)
        ending = _run(module, replace(job, folder=str(folder.resolve())), timeout_seconds)
        new, failed, unreadable = _left(kind, folder)
        records += new
        failures += failed
        if keep_json is not None and (folder / BENCHMARK_JSON).is_file():
            target = keep_json if workers == 1 else keep_json.with_stem(f"{keep_json.stem}_{workers}")
            shutil.copyfile(folder / BENCHMARK_JSON, target)
        known = {measured.cell for measured in records} | {failure.cell for failure in failures}
        died, rest = _split(job.entries, known, _last_started(folder))
        verdict = (Status.BAD_OUTPUT, unreadable) if unreadable else _verdict(ending)
        failures += [Failure(entry.cell, job.block, *verdict) for entry in died]
        job = replace(job, entries=rest)
    return records, failures


def _left(kind: type[Measured], folder: Path) -> tuple[list[Measured], list[Failure], str]:
    """Return the records and failures that a worker left, and why they cannot be read, if so."""
    try:
        return read_lines(kind, folder / RECORDS), read_lines(Failure, folder / FAILURES), ""
    except ValueError as error:
        return [], [], str(error)


def _run(module: str, job: Job, timeout_seconds: float) -> Ending:
    cell = job.entries[0].cell
    variables = environment(dtype=cell.problem.dtype, threads=cell.threads, device=cell.device)
    folder = Path(job.folder)
    mapped = mapped_bytes(entry.dataset_folder for entry in job.entries)
    capped = cell.device == CPU
    return run_worker(Order(module, asdict(job), variables, folder, timeout_seconds, capped, mapped))


def _last_started(folder: Path) -> int:
    started = folder / STARTED
    text = started.read_text(errors="replace") if started.is_file() else ""
    return int(text) if text.isdecimal() else -1


def _split(entries: Sequence[Entry], known: set[Cell], started: int) -> tuple[list[Entry], tuple[Entry, ...]]:
    """Return the entries that were started and left no line, and those for a new worker.

    If none was started, or none is to blame, the worker itself is at fault, and all without a line have failed.
    """
    died = [entry for number, entry in enumerate(entries) if entry.cell not in known and number <= started]
    rest = tuple(entry for number, entry in enumerate(entries) if entry.cell not in known and number > started)
    return (died, rest) if died else (list(rest), ())


def _verdict(ending: Ending) -> tuple[Status, str]:
    """A worker that left by itself in the midst of a cell has crashed, whatever its exit code."""
    if ending.status in (Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.BAD_OUTPUT):
        return ending.status, ending.detail
    return Status.CRASHED, ending.detail or "its worker ended with exit code 0 in the midst of it"
