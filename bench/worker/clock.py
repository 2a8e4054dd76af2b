"""The clock: what is timed of a cell in one process, and how it becomes a record."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import Any

import numpy as np

from bench.effort import quick_plan
from bench.records import Costs, Evidence, Rounds
from bench.worker import checks, conditions, counters
from bench.worker.checks import Clock, Clocks
from bench.worker.pace import seconds_per_epoch
from bench.worker.prepare import Prepared, prepare, ready, run_epochs, seconds_of, start_epochs, warm_up
from bench.worker.timing import Entry, Job, Plan
from impls import runtimes
from impls.protocol import Params, Trainer

# The number of the first start that no timed round begins at.
_UNTIMED = 1 << 20
_EVENT_ROUNDS = 5


class Watch:
    """What is done after each timed round, off the clock: synchronize once more, and keep one round's parameters."""

    def __init__(self, trainer: Trainer, clock: Clock, checked_round: int) -> None:
        self._trainer, self._clock, self._checked_round = trainer, clock, checked_round
        self.again_seconds: list[float] = []
        self.checked: Params | None = None

    def __call__(self) -> None:
        """Watch the round that has just ended."""
        self.again_seconds.append(round(seconds_of(self._trainer.synchronize, self._clock), 9))
        if len(self.again_seconds) == self._checked_round + 1:
            self.checked = self._trainer.params()


@dataclass(frozen=True)
class Timed:
    """What the timed rounds left: their times, what was watched, and the counters around them."""

    round_seconds: tuple[float, ...]
    watch: Watch
    before: counters.Counters
    after: counters.Counters
    compilations: int | None


def time_rounds(cell: Prepared, plan: Plan, checked_round: int, benchmark: Any, clock: Clock) -> Timed:
    """Time the rounds by pytest-benchmark's `pedantic`, whose fixture `benchmark` is.

    Round r starts from the start numbered r - checked_round, modulo their number: so the checked round starts from
    start 0 in every process of a block, wherever it comes, and all processes of a block do the same work.
    The garbage is collected beforehand, and the collector is off during the rounds.
    """
    numbers = (number % plan.rounds for number in count(-checked_round))
    watch = Watch(cell.trainer, clock, checked_round)
    runtime = runtimes.load(cell.runtime)
    gc.collect()
    gc.disable()
    compiled, before = runtime.compilations(), counters.read()
    try:
        benchmark.pedantic(
            partial(run_epochs, cell.trainer, plan.epochs_per_round),
            setup=lambda: ready(cell.trainer, cell.start(next(numbers)), plan.epochs_per_round),
            teardown=watch,
            rounds=plan.rounds,
            iterations=1,
        )
    finally:
        gc.enable()
    after, now = counters.read(), runtime.compilations()
    compilations = None if now is None or compiled is None else now - compiled
    seconds = tuple(round(each, 9) for each in benchmark.stats.stats.data)
    if len(seconds) != plan.rounds:
        raise RuntimeError(f"{len(seconds)} rounds were timed, {plan.rounds} were planned")
    return Timed(seconds, watch, before, after, compilations)


def device_epoch_seconds(cell: Prepared, device: str, setup: Callable[[int], None], epochs: int) -> float | None:
    """Return what an epoch takes between two events of the device, if there are any: the median of a few rounds.

    The rounds are run for this alone. In the timed ones only some libraries would pay for events.
    """
    seconds_between = runtimes.load(cell.runtime).event_clock(device)
    if seconds_between is None:
        return None
    found = []
    for _ in range(_EVENT_ROUNDS):
        setup(epochs)
        found.append(seconds_between(partial(start_epochs, cell.trainer, epochs)) / epochs)
    return round(median(found), 9)


def time_cell(job: Job, entry: Entry, benchmark: Any, clocks: Clocks, numpy_seconds: float) -> Rounds:
    """Return the rounds of one cell, with the costs, the conditions and the evidence of this process.

    What is run before and after the timed rounds uses starts of its own, whose numbers no round has.
    """
    cell = prepare(job, entry)
    trainer, runtime, others = cell.trainer, runtimes.load(cell.runtime), count(_UNTIMED)

    def setup(epochs: int) -> None:
        ready(trainer, cell.start(next(others)), epochs)

    setup(1)
    dtypes = checks.dtypes(trainer.params(), "before")
    compiled = runtime.compile_seconds()
    first = seconds_of(partial(run_epochs, trainer, 1), clocks.wall)
    compiled_first = runtime.compile_seconds()
    plan = entry.plan or quick_plan(seconds_per_epoch(trainer, lambda _: cell.start(next(others)), clocks.wall))
    epochs = plan.epochs_per_round
    discarded = warm_up(partial(run_epochs, trainer, epochs), partial(setup, epochs), plan, clocks.wall)
    checked_round = int(np.random.default_rng((job.seed, job.block, job.position)).integers(plan.rounds))
    timed = time_rounds(cell, plan, checked_round, benchmark, clocks.wall)
    peak = counters.peak_memory_bytes()
    by_events = device_epoch_seconds(cell, entry.cell.device, setup, epochs)
    evidence = _evidence(cell, entry, plan, timed, checked_round, setup, dtypes, clocks)
    return Rounds(
        cell=entry.cell,
        name=job.name,
        block=job.block,
        position=job.position,
        epochs_per_round=epochs,
        warmup_rounds=discarded,
        first_epoch_seconds=round(first, 9),
        round_seconds=timed.round_seconds,
        costs=Costs(
            import_seconds=round(numpy_seconds + cell.import_seconds, 6),
            data_seconds=round(cell.data_seconds, 6),
            compile_seconds=None if compiled_first is None else round(compiled_first - (compiled or 0.0), 6),
            peak_memory_bytes=peak,
            device_epoch_seconds=by_events,
        ),
        environment=conditions.read_back(
            entry.cell,
            runtime=cell.runtime,
            core=job.core,
            placement=trainer.placement(),
            busy_threads=counters.busy_threads(timed.before, timed.after),
        ),
        disturbance=counters.disturbance(timed.before, timed.after),
        evidence=evidence,
    )


def _evidence(
    cell: Prepared,
    entry: Entry,
    plan: Plan,
    timed: Timed,
    checked_round: int,
    setup: Callable[[int], None],
    dtypes: dict[str, str],
    clocks: Clocks,
) -> Evidence:
    """Gather what is left to be known once the rounds are timed."""
    trainer, epochs, checked = cell.trainer, plan.epochs_per_round, timed.watch.checked
    if checked is None:
        raise RuntimeError(f"round {checked_round} was not watched")
    run = partial(run_epochs, trainer)
    idle, fetch = checks.afterwards(trainer, setup, partial(run, epochs), epochs, clocks)
    grown = checks.growth(setup, run, epochs, clocks)
    before, repeated = checks.repetition(trainer, cell.start(0), epochs)
    checked_w, checked_b = checks.packed(checked)
    before_w, before_b = checks.packed(before) if checks.too_long(entry.cell.problem, epochs) else ("", "")
    return Evidence(
        again_seconds=tuple(timed.watch.again_seconds),
        idle_cpu=idle,
        fetch_seconds=fetch,
        **asdict(grown),
        compilations=timed.compilations,
        inputs=(cell.inputs, cell.dataset.digest()),
        dtypes=dtypes | checks.dtypes(checked, "after"),
        checked_round=checked_round,
        checked_seed=cell.seed(0),
        checked_w=checked_w,
        checked_b=checked_b,
        before_w=before_w,
        before_b=before_b,
        repeated=checks.same_bits(checked, repeated),
    )
