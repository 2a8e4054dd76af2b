"""The clock: what is timed of a cell in one process, and how it becomes a record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from bench.machine import counters
from bench.store.raw_rows import Costs, Environment, Evidence, Rounds
from bench.timing.jobs import Entry, Job, Plan
from bench.timing.sampling import quick_plan
from bench.worker import conditions, evidence
from bench.worker.evidence import Clock, Clocks, Setup
from bench.worker.pace import seconds_per_epoch
from bench.worker.prepare import Prepared, digests, prepare, ready, run_epochs, seconds_of, warm_up
from bench.worker.rounds import TimedRounds, device_epoch_seconds, time_rounds
from impls import runtimes
from impls.protocol import Params

# The number of the first start that no timed round begins at.
_UNTIMED = 1 << 20


def time_cell(job: Job, entry: Entry, benchmark: Any, clocks: Clocks, numpy_seconds: float) -> Rounds:
    """Return the rounds of one cell, with the costs, the conditions and the evidence of this process.

    What is run before and after the timed rounds uses starts of its own, whose numbers no round has.
    """
    cell, others = prepare(job, entry), count(_UNTIMED)

    def untimed_start(_: int) -> Params:
        return cell.start(next(others))

    def setup(epochs: int) -> None:
        ready(cell.trainer, untimed_start(0), epochs)

    first = first_epoch(cell, setup, clocks.wall)
    plan = entry.plan or quick_plan(seconds_per_epoch(cell.trainer, untimed_start, clocks.wall))
    epochs = plan.epochs_per_round
    discarded = warm_up(partial(run_epochs, cell.trainer, epochs), partial(setup, epochs), plan, clocks.wall)
    timed = time_rounds(cell, plan, _checked_round(job, plan), benchmark, clocks.wall)
    by_events = device_epoch_seconds(cell, entry.cell.device, setup, epochs)
    return Rounds(
        cell=entry.cell,
        name=job.name,
        block=job.block,
        position=job.position,
        epochs_per_round=epochs,
        warmup_rounds=discarded,
        first_epoch_seconds=first.seconds,
        round_seconds=timed.round_seconds,
        costs=_costs(cell, first, timed, numpy_seconds, by_events),
        environment=_environment(job, entry, cell, timed),
        disturbance=counters.difference(timed.before, timed.after),
        evidence=_evidence(cell, plan, first, timed, setup, clocks),
    )


@dataclass(frozen=True)
class First:
    """The very first epoch of a process: the dtypes before it, what it took, and how much of that was compiling."""

    dtypes: dict[str, str]
    seconds: float
    compile_seconds: float | None


def first_epoch(cell: Prepared, setup: Setup, clock: Clock) -> First:
    """Run the very first epoch, in which all that compiles does so."""
    setup(1)
    dtypes = evidence.dtypes(cell.trainer.params(), "before")
    runtime = runtimes.load(cell.runtime)
    before = runtime.compile_seconds()
    seconds = seconds_of(partial(run_epochs, cell.trainer, 1), clock)
    after = runtime.compile_seconds()
    compiling = None if after is None else round(after - (before or 0.0), 6)
    return First(dtypes, round(seconds, 9), compiling)


def _checked_round(job: Job, plan: Plan) -> int:
    """Return the number of the timed round whose parameters are kept; no implementation learns it."""
    return int(np.random.default_rng((job.seed, job.block, job.position)).integers(plan.rounds))


def _costs(cell: Prepared, first: First, timed: TimedRounds, numpy_seconds: float, by_events: float | None) -> Costs:
    return Costs(
        import_seconds=round(numpy_seconds + cell.import_seconds, 6),
        data_seconds=round(cell.data_seconds, 6),
        compile_seconds=first.compile_seconds,
        peak_memory_bytes=timed.peak_memory_bytes,
        device_epoch_seconds=by_events,
    )


def _environment(job: Job, entry: Entry, cell: Prepared, timed: TimedRounds) -> Environment:
    return conditions.read_back(
        entry.cell,
        runtime=cell.runtime,
        core=job.core,
        placement=cell.trainer.placement(),
        busy_threads=counters.busy_threads(timed.before, timed.after),
    )


def _evidence(cell: Prepared, plan: Plan, first: First, timed: TimedRounds, setup: Setup, clocks: Clocks) -> Evidence:
    """Gather what is left to be known once the rounds are timed."""
    trainer, epochs, watch = cell.trainer, plan.epochs_per_round, timed.watch
    if watch.checked is None:
        raise RuntimeError(f"round {watch.checked_round} was not watched")
    run = partial(run_epochs, trainer)
    idle, fetch = evidence.afterwards(trainer, setup, partial(run, epochs), epochs, clocks)
    grown = evidence.growth(setup, run, epochs, clocks)
    repeated = evidence.repetition(trainer, cell.start(0), epochs)
    checked_w, checked_b = evidence.packed(watch.checked)
    return Evidence(
        again_seconds=tuple(watch.again_seconds),
        idle_cpu=idle,
        fetch_seconds=fetch,
        **asdict(grown),
        compilations=timed.compilations,
        inputs=(*cell.inputs, *digests(cell.dataset)),
        dtypes=first.dtypes | evidence.dtypes(watch.checked, "after"),
        checked_round=watch.checked_round,
        checked_seed=cell.seed(0),
        checked_w=checked_w,
        checked_b=checked_b,
        repeated=evidence.same_bits(watch.checked, repeated),
    )
