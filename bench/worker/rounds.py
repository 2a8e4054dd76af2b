"""The rounds of a cell: those that are timed, and those between two events of its device."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from bench.machine import counters
from bench.timing.jobs import Plan
from bench.worker.evidence import Clock, Setup
from bench.worker.prepare import Prepared, ready, run_epochs, seconds_of, start_epochs
from impls import runtimes
from impls.protocol import Params, Trainer

_EVENT_ROUNDS = 5


class Watch:
    """What is done after each timed round, off the clock: synchronize once more, and keep one round's parameters."""

    def __init__(self, trainer: Trainer, clock: Clock, checked_round: int) -> None:
        self._trainer, self._clock = trainer, clock
        self.checked_round = checked_round
        self.again_seconds: list[float] = []
        self.checked: Params | None = None

    def __call__(self) -> None:
        """Watch the round that has just ended."""
        self.again_seconds.append(round(seconds_of(self._trainer.synchronize, self._clock), 9))
        if len(self.again_seconds) == self.checked_round + 1:
            self.checked = self._trainer.params()


@dataclass(frozen=True)
class TimedRounds:
    """What the timed rounds left: their times, what was watched, the counters around them, and the peak of memory."""

    round_seconds: tuple[float, ...]
    watch: Watch
    before: counters.Counters
    after: counters.Counters
    compilations: int | None
    peak_memory_bytes: int | None


@contextmanager
def no_garbage_collected() -> Iterator[None]:
    """Collect the garbage beforehand, and keep the collector off meanwhile."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def time_rounds(cell: Prepared, plan: Plan, checked_round: int, benchmark: Any, clock: Clock) -> TimedRounds:
    """Time the rounds by pytest-benchmark's `pedantic`, whose fixture `benchmark` is.

    Round r starts from the start numbered r - checked_round, modulo their number: so the checked round starts from
    start 0 in every process of a block, wherever it comes, and all processes of a block do the same work.
    """
    numbers = (number % plan.rounds for number in count(-checked_round))
    watch = Watch(cell.trainer, clock, checked_round)
    runtime = runtimes.load(cell.runtime)
    with no_garbage_collected():
        compiled, before = runtime.compilations(), counters.read()
        benchmark.pedantic(
            partial(run_epochs, cell.trainer, plan.epochs_per_round),
            setup=lambda: ready(cell.trainer, cell.start(next(numbers)), plan.epochs_per_round),
            teardown=watch,
            rounds=plan.rounds,
            iterations=1,
        )
        after, now = counters.read(), runtime.compilations()
    compilations = None if now is None or compiled is None else now - compiled
    seconds = tuple(round(each, 9) for each in benchmark.stats.stats.data)
    if len(seconds) != plan.rounds:
        raise RuntimeError(f"{len(seconds)} rounds were timed, {plan.rounds} were planned")
    return TimedRounds(seconds, watch, before, after, compilations, counters.peak_memory_bytes())


def device_epoch_seconds(cell: Prepared, device: str, setup: Setup, epochs: int) -> float | None:
    """Return what an epoch takes between two events of the device, if there are any: the median of a few rounds.

    The rounds are run for this alone. In the timed ones only some libraries would pay for events. A device that waits
    for its next launch is between the events too.
    """
    seconds_between = runtimes.load(cell.runtime).event_clock(device)
    if seconds_between is None:
        return None
    found = []
    with no_garbage_collected():
        for _ in range(_EVENT_ROUNDS):
            setup(epochs)
            found.append(seconds_between(partial(start_epochs, cell.trainer, epochs)) / epochs)
    return round(median(found), 9)
