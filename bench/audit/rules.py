"""Rules by which the parent decides whether the evidence of a process contradicts its time.

Load on the machine must never make an honest cell look dishonest: every rule interprets its numbers in the cell's
favour, and a finding needs three processes or more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from bench.analysis.statistics import process_value
from bench.plan import controls
from bench.store.cell import CPU, LIES, OF_ONE_PROCESS, Problem, Status
from bench.store.raw_rows import Environment, Evidence, Rounds

# A second synchronize after a round may cost this much, or this share of the round. JAX takes 2 us for it, but 5 to
# 60 us after a round on one core, whose data and threads have displaced it from the cache.
_AGAIN_SECONDS, _AGAIN_SHARE = 100e-6, 0.01
# The first `params` may cost this much more than the second, or this share of the round.
_FETCH_SECONDS, _FETCH_SHARE = 100e-6, 0.1
# An idle process uses 1 to 3 % of a processor in a window of 2 ms, to fall asleep and wake up.
_IDLE_CPU = 0.1
# Four times the epochs take four times as long, if a round is long compared with the cost of starting one.
_LEAST_GROWTH, _MOST_GROWTH, _TELLING_SECONDS = 3.2, 4.8, 200e-6
# `reset` prepares the row order of each epoch. With all rows in one batch that takes at most a third of the time of the
# epochs; with batches, placing the orders on a device may take longer than the epochs, so that tells nothing.
_RESET_SECONDS, _RESET_SHARE = 200e-6, 0.5
# A request takes 0.1 to 0.2 ms longer than its round, for two messages through pipes and the second synchronize.
_UNSEEN_SECONDS, _UNSEEN_SHARE = 1e-3, 0.1
# Two honest clocks differ in speed by less than this share.
_LONGER_SHARE = 0.01
# Processes that libraries start, such as a compiler's pool, sleep while rounds are timed.
_STARTED_SECONDS, _STARTED_SHARE = 0.02, 0.05
_PROCESSES = 3


@dataclass(frozen=True)
class Finding:
    """What is wrong with the time of one process, with the evidence."""

    status: Status
    detail: str


def findings(rounds: Rounds) -> list[Finding]:
    """Return everything in the evidence of one process that contradicts its time."""
    problem, evidence, round_seconds = rounds.cell.problem, rounds.evidence, median(rounds.round_seconds)
    return [
        *_environment(rounds.environment),
        *_early_return(evidence, round_seconds, rounds.cell.threads),
        *_not_linear(evidence, rounds.round_seconds),
        *_work_in_reset(evidence, problem),
        *_changed(evidence, problem.dtype),
        *_clock_disagrees(rounds),
        *_others_worked(rounds),
    ]


def declared(processes: Sequence[Sequence[Finding]]) -> Finding | None:
    """Return the finding about a cell from those of its processes; None if there is none.

    A dishonest time must show in three processes. If no time is found dishonest, one process is enough for a wrong
    environment, or for rounds that cannot be checked.
    """
    for status in LIES:
        details = [next((f.detail for f in process if f.status is status), None) for process in processes]
        found = [detail for detail in details if detail is not None]
        if len(found) >= _PROCESSES:
            return Finding(status, f"{found[0]} ({len(found)} of {len(processes)} processes)")
    return next((f for process in processes for f in process if f.status in OF_ONE_PROCESS), None)


def _environment(environment: Environment) -> Iterator[Finding]:
    for name, asked in environment.asked.items():
        found = environment.found.get(name, "nothing")
        if found != asked:
            yield Finding(Status.WRONG_ENVIRONMENT, f"{name}: requested {asked}, found {found}")
    busy, most = environment.busy_threads, environment.busy_at_most
    if busy is not None and most is not None and busy > most:
        detail = f"{busy} threads used the processor while it was timed, but only {most} may"
        yield Finding(Status.WRONG_ENVIRONMENT, detail)


def _early_return(evidence: Evidence, round_seconds: float, threads: int) -> Iterator[Finding]:
    again, fetch, idle = evidence.again_seconds, evidence.fetch_seconds, evidence.idle_cpu
    if len(again) > 1:
        usual = quantiles(again, n=4)[0]  # three quarters of them are longer
        if usual > max(_AGAIN_SECONDS, _AGAIN_SHARE * round_seconds):
            yield Finding(Status.EARLY_RETURN, f"a second synchronize takes {usual:.2g} s after {round_seconds:.2g} s")
    if fetch and min(fetch) > max(_FETCH_SECONDS, _FETCH_SHARE * round_seconds):
        detail = f"the first params after a round takes {min(fetch):.2g} s more than the second"
        yield Finding(Status.EARLY_RETURN, detail)
    if idle and threads == 1 and min(idle) > _IDLE_CPU:  # the threads of a pool wait for work by spinning
        detail = f"after synchronize {min(idle):.0%} of a processor are still used"
        yield Finding(Status.EARLY_RETURN, detail)


def _not_linear(evidence: Evidence, round_seconds: Sequence[float]) -> Iterator[Finding]:
    """Require both clocks to agree: other processes stretch wall time, and processor time misses devices.

    The timed rounds also count as rounds of k epochs, so a single delayed repetition does not decide.
    """
    if not evidence.round_wall or min(evidence.round_wall) < _TELLING_SECONDS:
        return
    wall = (*evidence.round_wall, *round_seconds)
    clocks = [(wall, evidence.fourfold_wall), (evidence.round_cpu, evidence.fourfold_cpu)]
    growths = [_growth(rounds, fourfold) for rounds, fourfold in clocks]
    if all(most < _LEAST_GROWTH for _, most in growths) or all(least > _MOST_GROWTH for least, _ in growths):
        ratio = median(evidence.fourfold_wall) / median(evidence.round_wall)
        yield Finding(Status.NOT_LINEAR, f"four times the epochs take {ratio:.2f} times as long")


def _work_in_reset(evidence: Evidence, problem: Problem) -> Iterator[Finding]:
    """Compare how much more processor time three times as many epochs cost in `reset` and in the epochs themselves."""
    if not evidence.reset_cpu or problem.batch_size is not None or problem.shuffle:
        return
    reset = min(evidence.fourfold_reset_cpu) - max(evidence.reset_cpu)
    trained = max(evidence.fourfold_cpu) - min(evidence.round_cpu)
    if reset > max(_RESET_SECONDS, _RESET_SHARE * trained):
        detail = f"four times the epochs cost {reset:.2g} s more in reset, and {trained:.2g} s more in the epochs"
        yield Finding(Status.WORK_IN_RESET, detail)


def _growth(rounds: Sequence[float], fourfold: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and largest growth between any pair of repetitions."""
    shortest, longest = max(min(rounds), 1e-9), max(*rounds, 1e-9)
    return min(fourfold) / longest, max(fourfold) / shortest


def _changed(evidence: Evidence, dtype: str) -> Iterator[Finding]:
    if evidence.compilations:
        detail = f"{evidence.compilations} compilations during the timed rounds"
        yield Finding(Status.RECOMPILED, detail)
    if len(set(evidence.inputs)) > 1:
        yield Finding(Status.INPUT_CHANGED, "x or y have changed")
    other = {name: found for name, found in evidence.dtypes.items() if found != dtype}
    if other:
        words = ", ".join(f"{name} {found}" for name, found in other.items())
        yield Finding(Status.DTYPE_CHANGED, f"requested {dtype}, found {words}")


def below_limit(rounds: Rounds, limit_seconds: float | None) -> Finding | None:
    """Return a finding if an epoch took less time than its limit; None otherwise, or without a limit."""
    seconds = process_value(rounds)
    if limit_seconds is None or seconds >= limit_seconds or rounds.cell.implementation == controls.NULL:
        return None
    detail = f"an epoch took {seconds:.3g} s, but what it must read and compute takes {limit_seconds:.3g} s"
    return Finding(Status.BELOW_LIMIT, detail)


def _clock_disagrees(rounds: Rounds) -> Iterator[Finding]:
    """Compare a worker's clock with the parent's own clock, and with the processor time that the system counted for it.

    At least a quarter of the rounds were not held up, and in these the request takes hardly longer than the round.
    Processor time is evidence only if it exceeds what the requested threads can use during the round.
    """
    own, witnessed = rounds.round_seconds, rounds.witnessed
    if len(witnessed.wall_seconds) != len(own):
        return
    unseen = [wall - seconds for wall, seconds in zip(witnessed.wall_seconds, own, strict=True)]
    used = [cpu - rounds.cell.threads * seconds for cpu, seconds in zip(witnessed.cpu_seconds, own, strict=True)]
    middle = median(own)
    most = max(_UNSEEN_SECONDS, _UNSEEN_SHARE * middle)
    if _quarter(unseen) > most:
        seen = median(witnessed.wall_seconds)
        detail = f"its rounds take {middle:.3g} s by its own clock and {seen:.3g} s by the parent's"
        yield Finding(Status.CLOCK_DISAGREES, detail)
    elif rounds.cell.device == CPU and _quarter(used) > most:
        seen = median(witnessed.cpu_seconds)
        detail = f"its rounds take {middle:.3g} s by its own clock and use {seen:.3g} s of processor time"
        yield Finding(Status.CLOCK_DISAGREES, detail)
    elif _quarter([-one for one in unseen]) > _LONGER_SHARE * middle:
        seen = median(witnessed.wall_seconds)
        detail = f"its rounds take {middle:.3g} s by its own clock, and no more than {seen:.3g} s have passed"
        yield Finding(Status.CLOCK_DISAGREES, detail)


def _quarter(values: Sequence[float]) -> float:
    """Return the lower quartile."""
    return quantiles(values, n=4)[0] if len(values) > 1 else values[0]


def _others_worked(rounds: Rounds) -> Iterator[Finding]:
    """Look for work done by processes that a worker started, which are not timed and may run in the turns of others."""
    started = rounds.witnessed.started_seconds
    if started > max(_STARTED_SECONDS, _STARTED_SHARE * sum(rounds.round_seconds)):
        detail = f"what it had started used {started:.2g} s of processor time while rounds were timed"
        yield Finding(Status.WRONG_ENVIRONMENT, detail)
