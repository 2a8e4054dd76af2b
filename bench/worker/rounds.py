"""The rounds of a cell: those that are timed, each when the parent asks, and those between two events of its device."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from bench.machine import counters
from bench.plan import starts
from bench.store.cell import Problem
from bench.timing.jobs import Plan
from bench.timing.messages import Go, Request, Set, Show, Shown, Took, Turn, expected
from bench.worker import evidence
from bench.worker.channel import Channel
from bench.worker.evidence import Clock, Setup
from bench.worker.prepare import Prepared, ready, run_epochs, seconds_of, start_epochs
from impls.protocol import Trainer

_EVENT_ROUNDS = 5


@dataclass(frozen=True)
class PedanticTurns:
    """One turn after the other, as pytest-benchmark's `pedantic` calls it: `setup`, what is timed, `teardown`."""

    trainer: Trainer
    problem: Problem
    plan: Plan
    untimed: Setup
    channel: Channel
    benchmark: Any
    clock: Clock
    again_seconds: list[float] = field(default_factory=list)

    def request(self) -> Request:
        """Answer requests for the parameters until a request of another kind arrives, and return that request."""
        while isinstance(request := self.channel.receive(), Show):
            shown = self.trainer.params()
            self.channel.send(Shown(starts.packed(shown), evidence.dtypes(shown, "after")))
        return request

    def setup(self) -> None:
        """Wait for the turn, run the short untimed round, reset to the start of the timed one, and wait for the go."""
        request = expected(self.request(), Turn)
        self.untimed(self.plan.untimed)
        run_epochs(self.trainer, self.plan.untimed)
        ready(self.trainer, starts.unpacked(self.problem, *request.start), self.plan.epochs_per_round)
        self.channel.send(Set())
        expected(self.channel.receive(), Go)

    def teardown(self) -> None:
        """Report the time of the round that has just ended."""
        again = round(seconds_of(self.trainer.synchronize, self.clock), 9)
        self.again_seconds.append(again)
        self.channel.send(Took(round(self.benchmark.stats.stats.data[-1], 9), again))


@dataclass(frozen=True)
class TimedRounds:
    """What was measured besides the times: second synchronizes, busy threads, compilations and peak memory."""

    again_seconds: tuple[float, ...]
    busy_threads: int | None
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


def time_rounds(cell: Prepared, turns: PedanticTurns) -> TimedRounds:
    """Time the rounds with pytest-benchmark's `pedantic`, each of them when its turn comes."""
    runtime = cell.loaded.runtime
    with no_garbage_collected():
        compiled, before = runtime.compilations(), counters.read()
        turns.benchmark.pedantic(
            partial(run_epochs, cell.trainer, turns.plan.epochs_per_round),
            setup=turns.setup,
            teardown=turns.teardown,
            rounds=turns.plan.rounds,
            iterations=1,
        )
        after, now = counters.read(), runtime.compilations()
    compilations = None if now is None or compiled is None else now - compiled
    busy = counters.busy_threads(before, after)
    return TimedRounds(tuple(turns.again_seconds), busy, compilations, counters.peak_memory_bytes())


def device_epoch_seconds(cell: Prepared, device: str, setup: Setup, epochs: int) -> float | None:
    """Return what an epoch takes between two events of the device, if there are any: the median of a few rounds.

    These are separate rounds, because in timed rounds only some libraries would pay for events. The time includes gaps
    in which the device waits for its next launch.
    """
    seconds_between = cell.loaded.runtime.event_clock(device)
    if seconds_between is None:
        return None
    found = []
    with no_garbage_collected():
        for _ in range(_EVENT_ROUNDS):
            setup(epochs)
            found.append(seconds_between(partial(start_epochs, cell.trainer, epochs)) / epochs)
    return round(median(found), 9)
