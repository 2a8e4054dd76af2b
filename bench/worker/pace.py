"""The pace of a cell, from which the parent plans its rounds before any of them is timed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.worker.evidence import Clock
from bench.worker.prepare import ready, run_epochs, seconds_of
from impls.protocol import Params, Trainer

# Rounds of this length are long against the clock's own cost; more epochs than this are not tried.
_LONG_ENOUGH_SECONDS = 1e-3
_MOST_EPOCHS = 1 << 16
# Rounds that are tried once the number of epochs is known, and the time that they may take together.
_TRIES, _MOST_SECONDS = 20, 0.2


def seconds_per_epoch(trainer: Trainer, start: Callable[[int], Params], clock: Clock) -> float:
    """Return the seconds per epoch in the shortest of at least three rounds that each take a millisecond or more.

    The first of them compiles what the new number of epochs needs, and is never the shortest. All rounds of a contest
    last as long as one another only if none of the paces was taken while something else had the processor.
    """
    epochs = 1
    while True:
        shortest = min(_round_seconds(trainer, start(number), epochs, clock) for number in range(3))
        if shortest >= _LONG_ENOUGH_SECONDS or epochs >= _MOST_EPOCHS:
            break
        epochs *= 4
    tries = min(_TRIES, int(_MOST_SECONDS / shortest)) if shortest else 0
    return min([shortest, *(_round_seconds(trainer, start(0), epochs, clock) for _ in range(tries))]) / epochs


def _round_seconds(trainer: Trainer, start: Params, epochs: int, clock: Clock) -> float:
    ready(trainer, start, epochs)
    return seconds_of(partial(run_epochs, trainer, epochs), clock)
