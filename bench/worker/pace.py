"""The pace of a cell, from which the parent plans its rounds before any of them is timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench.timing.jobs import Entry, Job, Pace
from bench.worker.evidence import Clock
from bench.worker.prepare import prepare, ready, run_epochs, seconds_of
from impls.protocol import Params, Trainer

# Rounds of this length are long against the clock's own cost; more epochs than this are not tried.
_LONG_ENOUGH_SECONDS = 1e-3
_MOST_EPOCHS = 1 << 16


def measure(job: Job, entry: Entry) -> Pace:
    """Return the pace of an entry."""
    cell = prepare(job, entry)
    return Pace(entry.cell, seconds_per_epoch(cell.trainer, cell.start, time.perf_counter))


def seconds_per_epoch(trainer: Trainer, start: Callable[[int], Params], clock: Clock) -> float:
    """Return the seconds per epoch in the shortest of three rounds that each take at least a millisecond.

    The first of them compiles what the new number of epochs needs, and is never the shortest.
    """
    epochs = 1
    while True:
        shortest = min(_round_seconds(trainer, start(number), epochs, clock) for number in range(3))
        if shortest >= _LONG_ENOUGH_SECONDS or epochs >= _MOST_EPOCHS:
            return shortest / epochs
        epochs *= 4


def _round_seconds(trainer: Trainer, start: Params, epochs: int, clock: Clock) -> float:
    ready(trainer, start, epochs)
    return seconds_of(partial(run_epochs, trainer, epochs), clock)
