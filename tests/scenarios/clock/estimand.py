"""Test estimators of a time on simulated noise with a known truth: `python -m tests.scenarios.clock.estimand`.

Simulates hosts (calm, drifting, with bursts, with a neighbour on the same core), contestants (varying processes,
correlated noise, occasional costs) and runs of many blocks. All candidate estimators read the same runs. The columns
of a contestant give, in percent, the error of the median estimate, the median half-width, and how often the interval
holds the truth: the mean cost of its epochs on a quiet processor. `found` is how often the baseline differs from
itself. Takes a few minutes on one processor; nothing is timed.

With --traces the same candidates read recorded rounds: each *.json.gz is a list of blocks, of cycles, of turns, and a
turn is [name, epoch, sentinel before, sentinel after] in microseconds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis import estimand
from bench.analysis.estimand import Flags, Floats, Turns
from bench.analysis.statistics import order_interval
from bench.plan.controls import TWIN
from impls import BASELINE

# As in a default run: three ratios to the baseline per dataset, and five workers, so five turns per cycle.
COMPARISONS, WORKERS = 3, 5
BLOCKS, CYCLES, ROUND_MS = 14, 50, 5.0
# The time of a turn besides its round: the sentinel, the short untimed round, waking and stopping the worker.
BESIDE_MS = 2.0
SLOWER = (0.01, 0.03, 0.05, 0.10)


@dataclass(frozen=True)
class Host:
    """A machine and its other users.

    creep      mean slowdown of NumPy, in spells that fade within creep_s seconds
    drift      slowdown at the worst time of a run compared with the best, changing from block to block
    neighbour  share of the time with a neighbour on the core's other thread, in spells of spell_s on average
    memory     slowdown of NumPy if that neighbour only streams through memory; 0 if it computes
    varies     whether the share differs between blocks
    bursts     how often per second something takes the processor away, for burst_ms on average
    """

    name: str
    creep: float = 0.01
    creep_s: float = 0.3
    drift: float = 0.02
    neighbour: float = 0.0
    spell_s: float = 0.4
    memory: float = 0.0
    varies: bool = False
    bursts: float = 0.5
    burst_ms: float = 2.0


HOSTS = (
    Host("calm"),
    Host("drifts by 10 %", creep=0.02, drift=0.1),
    Host("streaming half of the time", neighbour=0.5, memory=0.06),
    Host("sibling half of the time", neighbour=0.5),
    Host("sibling 80 % of the time", neighbour=0.8),
    Host("sibling in spells of 50 ms", neighbour=0.5, spell_s=0.05),
    Host("sibling 70 %, spells of 1 s", neighbour=0.7, spell_s=1.0),
    Host("sibling 60 %, varies", neighbour=0.6, varies=True),
    Host("bursts", bursts=2.5, burst_ms=3.0),
)


@dataclass(frozen=True)
class Contestant:
    """A contestant whose time is known: `truth` times the baseline's, plus pauses.

    process   standard deviation between its processes, from memory layout
    noise     standard deviation between its rounds of 5 ms
    memory    how much more than NumPy it suffers from memory slowdowns, creep and drift
    core      how much longer its rounds take with a computing neighbour on the core's other thread
    pauses    seconds of pauses per second of other work
    pause_ms  length of a pause
    """

    name: str
    truth: float = 1.0
    process: float = 0.014
    noise: float = 0.04
    memory: float = 1.0
    core: float = 2.0
    pauses: float = 0.0
    pause_ms: float = 1.0

    @property
    def mean(self) -> float:
        """The true ratio of its mean epoch cost."""
        return self.truth * (1 + self.pauses)


COPIES = (Contestant(BASELINE), Contestant(BASELINE + TWIN))
COPY = Contestant("copy")
JAX = Contestant("like JAX", 2.8, process=0.033, noise=0.06, memory=1.2, core=1.9)
TORCH = Contestant("like torch", 12.0, process=0.044, noise=0.08, memory=2.2, core=1.7)
PAUSING = Contestant("pauses 50 %", pauses=0.5, pause_ms=6.0)
SENTINEL = Contestant("sentinel", noise=0.06, memory=0.6, core=1.7)


@dataclass(frozen=True)
class Cohort:
    """The rounds of contestants, with the two copies of the baseline first: arrays of runs, blocks and cycles.

    turns  the turns of each contestant
    floor  seconds of the sentinel on an undisturbed processor, per run
    """

    turns: Sequence[Turns]
    floor: Floats | float


def _correlated(rng: np.random.Generator, steps: int, size: int, kept: float) -> Floats:
    """Return (steps, size) standard normal numbers, each step with this correlation to the previous one."""
    out = np.empty((steps, size))
    now = rng.standard_normal(size)
    for step in range(steps):
        out[step] = now
        now = kept * now + math.sqrt(1 - kept**2) * rng.standard_normal(size)
    return out


def _spells(rng: np.random.Generator, steps: int, share: Floats, seconds: float, step_s: float) -> Flags:
    """Return (steps, size): whether the neighbour is active, for this share of the time, in spells of this length."""
    leaves = 1 - math.exp(-step_s / seconds)
    comes = 1 - np.exp(-step_s * share / (seconds * (1 - share)))
    out = np.empty((steps, len(share)), dtype=bool)
    there = rng.random(len(share)) < share
    for step in range(steps):
        out[step] = there
        chance = rng.random(len(share))
        there = np.where(there, chance >= leaves, chance < comes)
    return out


def _taken_away(rng: np.random.Generator, host: Host, span_ms: float, shape: tuple[int, ...]) -> Floats:
    """Return for how many milliseconds of a span something else had the processor."""
    number = rng.poisson(host.bursts * span_ms / 1000, shape)
    return np.where(number > 0, rng.gamma(np.maximum(number, 1)) * host.burst_ms, 0.0)


def _slowness(rng: np.random.Generator, host: Host, steps: int, shape: tuple[int, int], step_s: float) -> list[Floats]:
    """Return (steps, processes): the logarithm of NumPy's memory slowdown, and 1 where the core is shared."""
    runs, blocks = shape
    processes = runs * blocks
    walk = np.cumsum(rng.standard_normal(shape), axis=1)
    walk = (walk - walk.min(axis=1, keepdims=True)) / np.ptp(walk, axis=1)[:, None]
    memory = host.creep * _correlated(rng, steps, processes, math.exp(-step_s / host.creep_s)) ** 2
    memory += host.drift * walk.reshape(1, processes)
    share = np.full(processes, max(host.neighbour, 1e-9))
    if host.varies:
        share = rng.beta(2 * host.neighbour, 2 * (1 - host.neighbour), processes).clip(0.02, 0.98)
    there = _spells(rng, steps, share, host.spell_s, step_s).astype(float)
    return [memory + host.memory * there, np.zeros_like(there) if host.memory else there]


def simulate(
    rng: np.random.Generator,
    host: Host,
    others: Sequence[Contestant],
    runs: int,
    blocks: int = BLOCKS,
    cycles: int = CYCLES,
    round_ms: float = ROUND_MS,
) -> Cohort:
    """Return the rounds of simulated runs: copies of the baseline, then the others; a cycle is as long as with five."""
    contestants = [*COPIES, *others]
    number, processes = len(contestants), runs * blocks
    step_s = WORKERS * (round_ms + BESIDE_MS) / number / 1000
    memory, shared = (
        one.reshape(cycles, number, processes) for one in _slowness(rng, host, cycles * number, (runs, blocks), step_s)
    )
    place = np.argsort(rng.random((cycles, number, processes)), axis=1)
    read = np.exp(SENTINEL.memory * memory + math.log(SENTINEL.core) * shared)
    read *= np.exp(SENTINEL.noise * rng.standard_normal(read.shape))
    read += _taken_away(rng, host, 0.65, read.shape) / 0.65

    one_after_another = read.reshape(cycles * number, processes)
    following = np.concatenate([one_after_another[1:], one_after_another[-1:]]).reshape(read.shape)

    def shaped(values: Floats) -> Floats:
        return np.asarray(values.T.reshape(runs, blocks, cycles))

    turns = []
    for one, who in enumerate(contestants):
        at = place[:, one][:, None]
        here, there, before = (np.take_along_axis(what, at, axis=1)[:, 0] for what in (memory, shared, read))
        took = _rounds(rng, host, who, here, there, round_ms)
        turns.append(Turns(shaped(took), shaped(before), shaped(np.take_along_axis(following, at, axis=1)[:, 0])))
    floors = np.quantile(read.transpose(2, 0, 1).reshape(runs, -1), estimand.FLOOR, axis=1)[:, None, None]
    return Cohort(turns, floors)


def _rounds(
    rng: np.random.Generator, host: Host, who: Contestant, memory: Floats, shared: Floats, round_ms: float
) -> Floats:
    """Return (cycles, processes): the time per epoch in each round, in units of the baseline's on a quiet processor.

    All rounds have the same mean length, pauses included, so a contestant that pauses does less work in one. The noise
    of rounds is partly correlated, and one in a hundred takes 30 % longer.
    """
    cycles, processes = memory.shape
    work_ms = round_ms / (1 + who.pauses)
    own = 0.9 * rng.standard_normal(memory.shape) + 0.45 * _correlated(rng, cycles, processes, 0.7)
    noise = who.noise * math.sqrt(5 / round_ms)
    took = np.exp(who.memory * memory + math.log(who.core) * shared + noise * own - noise**2 / 2)
    took += np.where(rng.random(memory.shape) < 0.01, rng.exponential(0.3, memory.shape), 0.0)
    took += _taken_away(rng, host, round_ms, memory.shape) / work_ms
    took += rng.poisson(who.pauses * work_ms / who.pause_ms, memory.shape) * who.pause_ms / work_ms
    return np.asarray(who.truth * np.exp(who.process * rng.standard_normal(processes)) * took)


# A candidate maps a cohort and a contestant's position to the logarithm of its ratio, per run and block.
Candidate = Callable[[Cohort, int], Floats]


def _plain(value: Callable[[Floats], Floats]) -> Candidate:
    """Return the candidate that computes one value from all rounds of a process."""

    def ratio(cohort: Cohort, one: int) -> Floats:
        return _over_copies([np.log(value(turns.seconds)) for turns in cohort.turns], one)

    return ratio


def _over_copies(logs: Sequence[Floats] | Mapping[int, Floats], one: int) -> Floats:
    return logs[1] - logs[0] if one == 1 else logs[one] - (logs[0] + logs[1]) / 2


@dataclass(frozen=True)
class Vote:
    """The mean over the calm turns, or over those of them that copies of the baseline call quiet by vote.

    share   the share of the calm turns to use
    blind   "both": neither of the two compared votes; "self": all except the one being timed; "none": all vote
    limit   how far the sentinel may exceed its floor, before and after a turn; None for no limit
    after   whether the reading after the turn counts
    copies  whether the ratio is to both copies of the baseline, or only to the first
    slope   whether to extrapolate the mean to the sentinel's floor by a line through the calm turns of the run
    """

    share: float = 1.0
    blind: str = "both"
    limit: float | None = estimand.LIMIT
    after: bool = True
    copies: bool = True
    slope: bool = False

    def __call__(self, cohort: Cohort, one: int) -> Floats:
        """Return the logarithm of its ratio to the baseline, per run and block."""
        if one == 1 or self.copies:
            return _over_copies({who: self._log(cohort, who) for who in {0, 1, one}}, one)
        return np.log(self._mean(cohort, one, (1,)) / self._mean(cohort, 0, (1,)))

    def _log(self, cohort: Cohort, one: int) -> Floats:
        others = [who for who in (0, 1) if who != one]
        sets: dict[str, list[tuple[int, ...]]] = {"none": [(0, 1)], "sentinel": [()], "self": [tuple(others)]}
        scorers = sets.get(self.blind) or [(who,) for who in others]
        return np.asarray(np.mean([np.log(self._mean(cohort, one, who)) for who in scorers], axis=0))

    def _mean(self, cohort: Cohort, one: int, scorers: tuple[int, ...]) -> Floats:
        turns, calm = cohort.turns[one], self._calm(cohort, one)
        chosen = calm if self.share == 1 else self._quietest(calm, cohort, one, scorers)
        mean = estimand.quiet_mean(turns.seconds, chosen)
        if not self.slope:
            return mean
        far = np.log(np.maximum(turns.before, turns.after) / cohort.floor)
        return mean * (1 - _slope(far, turns.seconds, calm) * estimand.quiet_mean(far, chosen))

    def _quietest(self, calm: Flags, cohort: Cohort, one: int, scorers: tuple[int, ...]) -> Flags:
        """Return the share of the calm turns that are quietest by the sentinel and by the scorers' rounds."""
        turns = cohort.turns[one]
        score = sum((np.log(cohort.turns[who].seconds) for who in scorers), np.log(turns.before * turns.after) / 2)
        rank = np.argsort(np.argsort(np.where(calm, score, np.inf), axis=-1, kind="stable"), axis=-1, kind="stable")
        return np.asarray(calm & (rank < np.ceil(self.share * calm.sum(axis=-1, keepdims=True))))

    def _calm(self, cohort: Cohort, one: int) -> Flags:
        turns = cohort.turns[one]
        if self.limit is None:
            return np.ones_like(turns.seconds, dtype=bool)
        most = np.asarray(cohort.floor) * (1 + self.limit)
        calm = turns.before <= most
        return np.asarray(calm & (turns.after <= most) if self.after else calm)


def _slope(far: Floats, seconds: Floats, calm: Flags) -> Floats:
    """Return the slope of round time against sentinel time within processes, one per run."""
    number = np.maximum(calm.sum(axis=-1, keepdims=True), 1)

    def within(values: Floats) -> Floats:
        mean = np.where(calm, values, 0.0).sum(axis=-1, keepdims=True) / number
        return np.where(calm, values - mean, 0.0)

    relative = seconds / np.median(seconds, axis=-1, keepdims=True)
    x, y = within(far), within(relative)
    return np.asarray((x * y).sum(axis=(-2, -1)) / np.maximum((x * x).sum(axis=(-2, -1)), 1e-12))[..., None]


def rule(cohort: Cohort, one: int) -> Floats:
    """Return the result of bench/analysis/estimand.py."""
    if one == 1:
        return estimand.log_twin(cohort.turns[0], cohort.turns[1], cohort.floor)
    return estimand.log_ratio(cohort.turns[one], cohort.turns[:2], cohort.floor)


def _low(seconds: Floats) -> Floats:
    return np.asarray(np.quantile(seconds, 0.1, axis=-1))


def weighted(cohort: Cohort, one: int) -> Floats:
    """Return the candidate that weights a round by the sentinel's speed: a third if that was 20 % slower."""
    logs = {}
    for who in {0, 1, one}:
        turns = cohort.turns[who]
        slowest = np.maximum(turns.before, turns.after) / cohort.floor
        weights = np.exp(-np.maximum(np.log(slowest), 0.0) / 0.2)
        logs[who] = np.log((weights * turns.seconds).sum(axis=-1) / weights.sum(axis=-1))
    return _over_copies(logs, one)


FREE = Vote(limit=None)
CANDIDATES: dict[str, Candidate] = {
    "median": _plain(lambda seconds: np.median(seconds, axis=-1)),
    "mean": _plain(lambda seconds: np.mean(seconds, axis=-1)),
    "10th percentile": _plain(_low),
    "shortest": _plain(lambda seconds: np.min(seconds, axis=-1)),
    "half, all vote, no limit": replace(FREE, share=0.5, blind="none"),
    "half, sentinel alone": replace(FREE, share=0.5, blind="sentinel"),
    "half, blind, no limit": replace(FREE, share=0.5),
    "weighted by quietness": weighted,
    "rule with a line": Vote(slope=True),
    "rule over one copy": Vote(copies=False),
    "rule, half by vote": Vote(share=0.5),
    "rule, quarter by vote": Vote(share=0.25),
    "rule, reading before only": Vote(after=False),
    "rule, limit 10 %": Vote(limit=0.1),
    "rule, limit 40 %": Vote(limit=0.4),
    "THE RULE": rule,
}


@cache
def _rank(blocks: int, comparisons: int) -> int:
    interval = order_interval(range(1, blocks + 1), 1 - 0.05 / comparisons)
    return round(interval[0]) if interval else 0


def intervals(logs: Floats, comparisons: int = COMPARISONS) -> tuple[Floats, Floats, Floats]:
    """Return (estimate, low, high) per run from the logarithms of its blocks; NaN if there are too few."""
    ordered = np.sort(logs, axis=1)
    out = np.full((3, len(ordered)), np.nan)
    for run, values in enumerate(ordered):
        known = values[~np.isnan(values)]
        k = _rank(len(known), comparisons)
        if k:
            out[:, run] = np.median(known), known[k - 1], known[-k]
    return out[0], out[1], out[2]


def _percent(value: float, digits: int = 1) -> str:
    return "" if math.isnan(value) else f"{100 * value:.{digits}f}"


def _half_width(low: Floats, high: Floats) -> float:
    return float(np.nanmedian(np.exp((high - low) / 2) - 1)) if not np.isnan(low).all() else math.nan


def _without(low: Floats, high: Floats, shift: float = 0.0) -> float:
    """Return the share of runs whose shifted interval excludes 0; a run without an interval finds nothing."""
    return float(np.mean((low + shift > 0) | (high + shift < 0)))


def candidates_on(host: Host, rng: np.random.Generator, runs: int) -> pd.DataFrame:
    """Return the results of each candidate on a host, in percent."""
    others = (COPY, JAX, TORCH, PAUSING)
    cohort = simulate(rng, host, others, runs)
    rows = []
    for name, candidate in CANDIDATES.items():
        _, low, high = intervals(candidate(cohort, 1))
        row = {"candidate": name, "A/A +-": _percent(_half_width(low, high)), "found": _percent(_without(low, high))}
        for place, who in enumerate(others, start=len(COPIES)):
            estimate, low, high = intervals(candidate(cohort, place))
            if who is COPY:
                found = (_percent(_without(low, high, math.log1p(more)), 0) for more in SLOWER)
                row["slower by 1/3/5/10 %"] = "/".join(found)
            row |= _against(who, estimate, low, high)
        rows.append(row)
    return pd.DataFrame(rows)


def _against(who: Contestant, estimate: Floats, low: Floats, high: Floats) -> dict[str, str]:
    """Return the columns of a contestant: error, width, and how often the interval holds the truth."""
    true, known = math.log(who.mean), ~np.isnan(low)
    if not known.any():
        return {who.name: "no quiet"}
    holds = float(np.mean((low <= true) & (high >= true), where=known))
    off = f"{100 * float(np.nanmedian(estimate) - true):+.1f}"
    few = "" if known.all() else f" ({100 * known.mean():.0f} % of runs)"
    return {who.name: f"{off} +-{_percent(_half_width(low, high))}, {_percent(holds, 0)}{few}"}


# Blocks, cycles per process and milliseconds per round, for the same total time in rounds.
SIZES = ((11, 64, 5.0), (14, 50, 5.0), (17, 41, 5.0), (20, 35, 5.0), (14, 70, 3.0), (14, 29, 10.0), (14, 16, 20.0))


def sizes(rng: np.random.Generator, runs: int) -> pd.DataFrame:
    """Return the results of the rule with other numbers of blocks, cycles and milliseconds, for the same total time."""
    rows = []
    for blocks, cycles, round_ms in SIZES:
        for host in (HOSTS[0], HOSTS[2], HOSTS[3]):
            cohort = simulate(rng, host, (COPY, TORCH), runs, blocks, cycles, round_ms)
            _, low, high = intervals(rule(cohort, 1))
            row = {"blocks": blocks, "cycles": cycles, "ms": round_ms, "host": host.name}
            row |= {"A/A +-": _percent(_half_width(low, high)), "found": _percent(_without(low, high))}
            _, low, high = intervals(rule(cohort, 2))
            row["copy +-"] = _percent(_half_width(low, high))
            row["3 % found"] = _percent(_without(low, high, math.log(1.03)), 0)
            row["torch +-"] = _percent(_half_width(*intervals(rule(cohort, 3))[1:]))
            rows.append(row)
    return pd.DataFrame(rows)


PAUSES = (
    *(
        Contestant(f"{100 * more:.0f} % in {ms:g} ms", pauses=more, pause_ms=ms)
        for more in (0.1, 0.5, 2.0)
        for ms in (1, 5, 20, 50)
    ),
    Contestant("150 ms in 50 epochs", pauses=150.0, pause_ms=150.0),
    Contestant("1 s in 10 s", pauses=1 / 9, pause_ms=1000.0),
)


def pauses_on(host: Host, rng: np.random.Generator, runs: int) -> pd.DataFrame:
    """Return the results of the rule for occasional costs, and which rows are UNEVEN."""
    cohort = simulate(rng, host, (*PAUSES, JAX, TORCH), runs)
    return pd.DataFrame(
        [_pauses_row(cohort, place, who) for place, who in enumerate((*PAUSES, JAX, TORCH), start=len(COPIES))]
    )


def _pauses_row(cohort: Cohort, place: int, who: Contestant) -> dict[str, str]:
    true, turns = math.log(who.mean), cohort.turns[place]
    estimate, low, high = intervals(rule(cohort, place))
    holds = (low <= true) & (high >= true)
    slow, beyond = estimand.slow_rounds(turns, [cohort.turns[0], cohort.turns[1]], cohort.floor)
    share = beyond.sum(axis=(1, 2)) / turns.seconds.sum(axis=(1, 2))
    copies = [_share(cohort, one, 1 - one) for one in (0, 1)]
    uneven = np.array([estimand.uneven(*one) for one in zip(share, zip(*copies, strict=True), strict=True)])
    met = slow.sum(axis=(1, 2)) / slow.shape[1]
    says = uneven & (met < estimand.MET)
    own = _with_slow_rounds(cohort, place, slow, beyond)
    shown = np.where(says, (own[:, 0] <= who.mean) & (who.mean <= own[:, 2]), holds)
    least, _, most = np.median(own[says] / who.mean, axis=0) if says.any() else np.full(3, math.nan)
    return {
        "contestant": who.name,
        "slow rounds met": f"{met.mean():.1f}",
        "off": f"{100 * float(np.nanmedian(estimate) - true):+.1f}",
        "+-": _percent(_half_width(low, high)),
        "holds": _percent(float(holds.mean())),
        "uneven": _percent(float(uneven.mean()), 0),
        "UNEVEN": _percent(float(says.mean()), 0),
        "its interval": f"{100 * (least - 1):+.0f} to {100 * (most - 1):+.0f}" if says.any() else "",
        "holds there": _percent(float(shown[says].mean())) if says.any() else "",
        "shown holds": _percent(float(shown.mean())),
    }


def _share(cohort: Cohort, one: int, witness: int) -> Floats:
    """Return the share of the time that a copy of the baseline spent in slow rounds, per run."""
    _, beyond = estimand.slow_rounds(cohort.turns[one], [cohort.turns[witness]], cohort.floor)
    return np.asarray(beyond.sum(axis=(1, 2)) / cohort.turns[one].seconds.sum(axis=(1, 2)))


def _with_slow_rounds(cohort: Cohort, place: int, slow: Flags, beyond: Floats) -> Floats:
    """Return (runs, 3): low, mean and high of an UNEVEN row; NaN if it has none."""
    turns = cohort.turns[place]
    without = estimand.times(turns, cohort.floor, without=slow)
    logs = np.log(without / estimand.baseline_times(cohort.turns[:2], cohort.floor))
    out = np.full((len(logs), 3), np.nan)
    for run, values in enumerate(logs):
        known = values[~np.isnan(values)].tolist()
        if known:
            more = float(beyond[run].mean() / np.nanmedian(without[run]))
            out[run] = estimand.mean_with_slow_rounds(known, more, int(slow[run].sum()), COMPARISONS) or math.nan
    return out


def power_on(host: Host, rng: np.random.Generator, runs: int) -> list[dict[str, str]]:
    """Return the difference that runs say they could have found, and how often the rule finds it."""
    others = (COPY, JAX, TORCH)
    cohort = simulate(rng, host, others, runs)
    rows = []
    for place, who in enumerate((COPIES[1], *others), start=1):
        logs = rule(cohort, place)
        estimate, low, high = intervals(logs)
        claims = [estimand.could_have_found(one[~np.isnan(one)].tolist(), COMPARISONS) for one in logs]
        said = np.array([math.nan if one is None else one for one in claims])
        centred = float(np.nanmedian(estimate))
        shift = math.log1p(float(np.nanmedian(said))) - centred
        spread = " to ".join(_percent(float(value)) for value in np.nanquantile(said, (0.1, 0.9)))
        rows.append(
            {
                "host": host.name,
                "contestant": who.name,
                "says": _percent(float(np.nanmedian(said))),
                "in 8 of 10 runs": spread,
                "finds that": _percent(_without(low, high, shift), 0),
                **_belonging(cohort, place, estimate, low, high),
            }
        )
    return rows


def _belonging(cohort: Cohort, place: int, estimate: Floats, low: Floats, high: Floats) -> dict[str, str]:
    """Return how far the quotient of two medians over blocks is from the median of the paired ratios."""
    if place == 1:
        return {}
    own = estimand.times(cohort.turns[place], cohort.floor)
    quotient = np.log(np.nanmedian(own, axis=1))
    quotient -= np.log(np.nanmedian(estimand.baseline_times(cohort.turns[:2], cohort.floor), axis=1))
    apart = np.abs(quotient - estimate)
    return {
        "quotient apart": " / ".join(_percent(float(value)) for value in np.nanquantile(apart, (0.5, 0.95))),
        "outside": _percent(float(np.mean((quotient < low) | (quotient > high)))),
    }


def read(file: Path) -> tuple[list[str], Cohort]:
    """Return the names and rounds of a trace, as one run."""
    blocks = json.loads(gzip.decompress(file.read_bytes()))
    others = sorted({turn[0] for turn in blocks[0][0]} - {who.name for who in COPIES})
    names = [who.name for who in COPIES] + others
    turns = []
    for name in names:
        found = np.array([[_turn(cycle, name) for cycle in block] for block in blocks])[None]
        turns.append(Turns(found[..., 0], found[..., 1], found[..., 2]))
    before = np.array([turn[2] for block in blocks for cycle in block for turn in cycle])
    return names, Cohort(turns, estimand.sentinel_floor(before))


def _turn(cycle: Sequence[Sequence[Any]], name: str) -> tuple[float, float, float]:
    """Return the epoch and the readings of the sentinel before and after the turn with that name."""
    _, epoch, before, after = next(turn for turn in cycle if turn[0] == name)
    return epoch, before, after


def traces(folder: Path) -> pd.DataFrame:
    """Return the results of each candidate on each trace: ratio, half-width, and their spread."""
    found = {file.name.removesuffix(".json.gz"): read(file) for file in sorted(folder.glob("*.json.gz"))}
    rows = []
    for name, candidate in CANDIDATES.items():
        row = {"candidate": name}
        for place, who in enumerate(next(iter(found.values()))[0]):
            if place > 0:
                row[who] = _cell([intervals(candidate(cohort, place)) for _, cohort in found.values()])
        rows.append(row)
    return pd.DataFrame(rows)


def _cell(of_traces: Sequence[tuple[Floats, Floats, Floats]]) -> str:
    said = [f"{math.exp(one[0]):.4g} +-{_percent(_half_width(low, high))}" for one, low, high in of_traces]
    apart = [float(one[0]) for one, _, _ in of_traces]
    return ", ".join(said) + f" ({100 * (max(apart) - min(apart)):.1f})"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="simulated runs of each host")
    parser.add_argument("--seed", type=int, default=25)
    parser.add_argument("--traces", type=Path, help="a folder of recorded rounds")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    if asked.traces:
        _show(f"the traces of {asked.traces.name}", traces(asked.traces))
    for host in HOSTS:
        _show(host.name, candidates_on(host, rng, asked.runs))
    _show("blocks, cycles and length of a round", sizes(rng, asked.runs))
    for host in (HOSTS[0], HOSTS[2], HOSTS[3], HOSTS[-1]):
        _show(f"costs paid now and then, {host.name}", pauses_on(host, rng, asked.runs))
    _show("power", pd.DataFrame([row for host in HOSTS for row in power_on(host, rng, asked.runs)]))


def _show(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}\n{table.fillna('').to_string(index=False)}", flush=True)


if __name__ == "__main__":
    main()
