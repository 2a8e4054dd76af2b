"""What a worker does for one cell on request: prepare it, run its rounds, and report what it saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from bench.plan import starts
from bench.store.raw_rows import Costs, Evidence
from bench.timing.jobs import Entry
from bench.timing.messages import Finish, Finished, Leave, Made, Prepare, Warm, WarmUp, expected
from bench.worker import conditions, evidence
from bench.worker.channel import Channel
from bench.worker.evidence import Clock, Clocks, Setup
from bench.worker.pace import seconds_per_epoch
from bench.worker.prepare import Prepared, digests, prepare, ready, run_epochs, seconds_of, warm_up
from bench.worker.rounds import PedanticTurns, TimedRounds, device_epoch_seconds, time_rounds
from impls.protocol import Params


def time_cell(entry: Entry, channel: Channel, benchmark: Any, clocks: Clocks, numpy_seconds: float) -> None:
    """Answer all requests about one cell.

    The starts of timed rounds come from the parent. All other rounds use starts of the worker's own.
    """
    pace = expected(channel.receive(), Prepare).pace
    cell, numbers = prepare(entry), count()

    def own_start(_: int) -> Params:
        return starts.of_problem(entry.cell.problem, (next(numbers),))

    def setup(epochs: int) -> None:
        ready(cell.trainer, own_start(0), epochs)

    first = first_epoch(cell, setup, clocks.wall)
    channel.send(Made(seconds_per_epoch(cell.trainer, own_start, clocks.wall) if pace else None))
    if isinstance(request := channel.receive(), Leave):
        return
    plan = expected(request, WarmUp).plan
    run = partial(run_epochs, cell.trainer, plan.epochs_per_round)
    channel.send(Warm(warm_up(run, partial(setup, plan.epochs_per_round), plan, clocks.wall)))
    turns = PedanticTurns(cell.trainer, entry.cell.problem, plan, setup, channel, benchmark, clocks.wall)
    timed = time_rounds(cell, turns)
    asked = expected(turns.request(), Finish)
    facts = _finished(entry, cell, plan.epochs_per_round, first, timed, setup, clocks, numpy_seconds, asked)
    benchmark.extra_info.update(cell=asdict(entry.cell), epochs_per_round=plan.epochs_per_round)
    benchmark.extra_info.update(costs=asdict(facts.costs), environment=asdict(facts.environment))
    channel.send(facts)


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
    runtime = cell.loaded.runtime
    before = runtime.compile_seconds()
    seconds = seconds_of(partial(run_epochs, cell.trainer, 1), clock)
    after = runtime.compile_seconds()
    compiling = None if after is None else round(after - (before or 0.0), 6)
    return First(dtypes, round(seconds, 9), compiling)


def _finished(
    entry: Entry,
    cell: Prepared,
    epochs: int,
    first: First,
    timed: TimedRounds,
    setup: Setup,
    clocks: Clocks,
    numpy_seconds: float,
    asked: Finish,
) -> Finished:
    environment = conditions.read_back(
        entry.cell,
        library=cell.loaded.runtime,
        placement=cell.trainer.placement(),
        busy_threads=timed.busy_threads,
        imported=cell.loaded.versions,
    )
    unpacked = [starts.unpacked(entry.cell.problem, *one) for one in asked.starts]
    repeated = [starts.packed(evidence.repetition(cell.trainer, start, epochs)) for start in unpacked]
    proof, kept = _evidence(cell, epochs, setup, clocks) if asked.prove else (Evidence(), None)
    costs = Costs(
        import_seconds=round(numpy_seconds + cell.loaded.seconds, 6),
        data_seconds=round(cell.data_seconds, 6),
        compile_seconds=first.compile_seconds,
        peak_memory_bytes=timed.peak_memory_bytes,
        device_epoch_seconds=device_epoch_seconds(cell, entry.cell.device, setup, epochs),
        kept_bytes_per_epoch=kept,
    )
    known = replace(
        proof,
        again_seconds=timed.again_seconds,
        compilations=timed.compilations,
        inputs=(*cell.inputs, *digests(cell.dataset)),
        dtypes=first.dtypes,
    )
    return Finished(first.seconds, costs, environment, known, repeated)


def _evidence(cell: Prepared, epochs: int, setup: Setup, clocks: Clocks) -> tuple[Evidence, float | None]:
    """Gather the evidence that takes rounds of its own, and the bytes of memory that each epoch leaves behind."""
    run = partial(run_epochs, cell.trainer)
    idle, fetch = evidence.afterwards(cell.trainer, setup, partial(run, epochs), epochs, clocks)
    grown, kept = evidence.growth(setup, run, epochs, clocks)
    return Evidence(idle_cpu=idle, fetch_seconds=fetch, **asdict(grown)), kept
