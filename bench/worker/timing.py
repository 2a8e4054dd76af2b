"""The clock: what is timed of a cell in one process, and how it becomes a record.

Nothing here is imported before the worker is pinned, save by the parent, which uses only the dataclasses.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import impls
from bench import starts
from bench.jsonl import append_line
from bench.plan import device
from bench.records import Cell, Failure, Rounds, Status
from datasets.prepared import open_saved
from impls.protocol import Params, Recipe, Trainer

# The files of a worker's folder: the records and failures of its cells, and the number of the cell last started.
RECORDS, FAILURES, STARTED = "records.jsonl", "failures.jsonl", "started.txt"
BENCHMARK_JSON = "benchmark.json"

Clock = Callable[[], float]


@dataclass(frozen=True)
class Plan:
    """How long a cell is timed in one process; warming up ends once both of its limits are reached."""

    epochs_per_round: int
    rounds: int
    warmup_rounds: int
    warmup_seconds: float


@dataclass(frozen=True)
class Entry:
    """A cell in a job: its dataset as `datasets.prepared` saved it, and its plan; None in the pilot."""

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
        traceback.print_exception(error)
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()[-15:]
        append_line(folder / FAILURES, Failure(entry.cell, job.block, Status.FAILED, "\n".join(lines)))
    else:
        append_line(folder / RECORDS, record)


def prepare(job: Job, entry: Entry) -> tuple[Trainer, Callable[[int], Params]]:
    """Return the trainer of an entry and its starts: another one for every number, the same for all of a block."""
    problem = entry.cell.problem
    dataset = open_saved(Path(entry.dataset_folder))

    def start(number: int) -> Params:
        seed = (job.seed, job.block, number)
        return starts.draw(problem.model, problem.d, problem.k, problem.dtype, seed)

    recipe = Recipe(problem.learning_rate, problem.batching)
    implementation = impls.load(entry.cell.implementation)
    return implementation(dataset, start(0), recipe, device(entry.cell.device)), start


def ready(trainer: Trainer, start: Params, epochs: int) -> None:
    """Put the trainer back to epoch 0; nothing of that is still under way when this returns."""
    trainer.reset(start, epochs)
    trainer.synchronize()


def run_epochs(trainer: Trainer, epochs: int) -> None:
    """Train for so many epochs, all of whose work has ended: this is what is timed, and nothing else."""
    for _ in range(epochs):
        trainer.epoch()
    trainer.synchronize()


def seconds_of(run: Callable[[], None], clock: Clock) -> float:
    """Return how long one call takes."""
    began = clock()
    run()
    return clock() - began


def warm_up(run: Callable[[], None], setup: Callable[[], None], plan: Plan, clock: Clock) -> int:
    """Run rounds that are thrown away, and return how many: compilers, caches and clocks of the processor settle."""
    began, done = clock(), 0
    while done < plan.warmup_rounds or clock() - began < plan.warmup_seconds:
        setup()
        run()
        done += 1
    return done


def time_cell(job: Job, entry: Entry, benchmark: Any, clock: Clock) -> Rounds:
    """Return the rounds of one cell, timed by pytest-benchmark's `pedantic`, whose fixture `benchmark` is.

    Timed round r starts from the start numbered r, so every process of a block does the same work. What is run before
    uses the starts that follow. The garbage is collected beforehand, and the collector is off during the rounds.
    """
    plan = entry.plan
    if plan is None:
        raise ValueError("a cell is timed by its plan, and this one has none")
    trainer, start = prepare(job, entry)
    ready(trainer, start(plan.rounds), plan.epochs_per_round)
    first = seconds_of(partial(run_epochs, trainer, 1), clock)

    def setup_from(numbers: Iterator[int]) -> Callable[[], None]:
        return lambda: ready(trainer, start(next(numbers)), plan.epochs_per_round)

    run = partial(run_epochs, trainer, plan.epochs_per_round)
    discarded = warm_up(run, setup_from(count(plan.rounds + 1)), plan, clock)
    gc.collect()
    gc.disable()
    try:
        benchmark.pedantic(run, setup=setup_from(count()), rounds=plan.rounds, iterations=1)
    finally:
        gc.enable()
    rounds = Rounds(
        cell=entry.cell,
        name=job.name,
        block=job.block,
        position=job.position,
        epochs_per_round=plan.epochs_per_round,
        warmup_rounds=discarded,
        first_epoch_seconds=round(first, 9),
        round_seconds=tuple(round(seconds, 9) for seconds in benchmark.stats.stats.data),
    )
    if len(rounds.round_seconds) != plan.rounds:
        raise RuntimeError(f"{len(rounds.round_seconds)} rounds were timed, {plan.rounds} were planned")
    return rounds
