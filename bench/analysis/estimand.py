"""Estimate what an epoch costs on an undisturbed processor, from the rounds of workers that take turns.

The workers of a block (implementations, and the baseline twice: as itself and as its twin) take turns, cycle by cycle.
A fixed piece of work, the sentinel, runs before and after each turn. It alone decides which turns had a quiet
processor, never the worker whose time is estimated: rounds chosen for being fast look fast.
docs/decisions/0009-what-a-time-is.md has the reasons and the figures behind every constant.

The last axis of every array is the cycles; the axes before it (processes, runs) are processed together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist, median, stdev

import numpy as np
from numpy.typing import NDArray

from bench.analysis.statistics import level, order_interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A turn is calm if the sentinel, before and after it, takes at most 25 % longer than its floor. A process with fewer
# than five calm turns never had a quiet processor, and gives no time.
LIMIT = 0.25
LEAST = 5

# The sentinel's floor is this quantile of its readings before the turns of a contest over a run, so that one lucky
# reading does not set it.
FLOOR = 0.05

# A round is slow if it takes 1.5 times what its process and the baseline's round in the same cycle predict.
# An implementation is uneven if it spends this much more of its time in slow rounds than either copy of the baseline;
# its interval does not hold the mean if a process meets fewer than ten slow rounds.
SLOW = 1.5
UNEVEN = 0.03
MET = 10


def sentinel_floor(readings: Floats) -> float:
    """Return the seconds of the sentinel on an undisturbed processor, from its readings before the turns of a run."""
    return float(np.quantile(readings, FLOOR))


def quiet_mean(seconds: Floats, chosen: Flags) -> Floats:
    """Return the mean of the chosen turns; NaN for fewer than `LEAST`."""
    number = chosen.sum(axis=-1)
    mean = np.where(chosen, seconds, 0.0).sum(axis=-1) / np.maximum(number, 1)
    return np.where(number >= LEAST, mean, np.nan)


@dataclass(frozen=True)
class Turns:
    """The turns of one process, with the times of the sentinel.

    seconds  seconds per epoch in each cycle
    before   seconds of the sentinel just before each turn
    after    the same just after it: the faster of two readings if the first, which the turn itself may have slowed
             down, shows a disturbance
    """

    seconds: Floats
    before: Floats
    after: Floats


def calm(turns: Turns, floor: Floats | float) -> Flags:
    """Return the turns before and after which the sentinel saw no disturbance.

    floor  seconds of the sentinel on an undisturbed processor, from `sentinel_floor`
    """
    most = np.asarray(floor) * (1 + LIMIT)
    return (turns.before <= most) & (turns.after <= most)


def times(own: Turns, floor: Floats | float, without: Flags | None = None) -> Floats:
    """Return the seconds per epoch of a process on an undisturbed processor; NaN if it never had one.

    This is the mean over its calm turns, less those in `without`.
    """
    chosen = calm(own, floor)
    return quiet_mean(own.seconds, chosen if without is None else chosen & ~without)


def geometric_mean(values: Sequence[Floats]) -> Floats:
    """Return the geometric mean of several arrays, entry by entry."""
    return np.asarray(np.exp(np.mean(np.log(values), axis=0)))


def baseline_times(copies: Sequence[Turns], floor: Floats | float) -> Floats:
    """Return the seconds per epoch of the baseline: the geometric mean over its copies in a block."""
    return geometric_mean([times(one, floor) for one in copies])


def log_ratio(own: Turns, copies: Sequence[Turns], floor: Floats | float) -> Floats:
    """Return the logarithm of the ratio of an implementation's time to the baseline's, per block."""
    return np.log(times(own, floor) / baseline_times(copies, floor))


def log_twin(baseline: Turns, twin: Turns, floor: Floats | float) -> Floats:
    """Return the logarithm of the ratio of the twin's time to the baseline's, per block; its true value is 0."""
    return np.log(times(twin, floor) / times(baseline, floor))


def could_have_found(logs: Sequence[float], comparisons: int, chance: float = 0.9) -> float | None:
    """Return the smallest difference, as a share, that the interval of these blocks would show with this chance.

    0.03 means that an implementation 3 % slower would get an interval that excludes 1 nine times in ten. The interval
    from the k-th smallest to the k-th largest of n logarithms excludes 0 unless k of them lie on the wrong side; they
    are assumed to scatter normally, as much as in this run. None if there are too few blocks.
    """
    n = len(logs)
    interval = order_interval(range(n), level(comparisons))
    if interval is None:
        return None
    wrong = _most_wrong(n, round(interval[0]) + 1, chance)
    return math.exp(-NormalDist().inv_cdf(wrong) * stdev(logs)) - 1


@cache
def _most_wrong(n: int, k: int, chance: float) -> float:
    """Return the largest p at which, with this chance, fewer than k of n blocks are wrong, each with probability p."""
    low, high = 0.0, 0.5
    while high - low > 1e-12:
        p = (low + high) / 2
        fewer = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k))
        low, high = (p, high) if fewer >= chance else (low, p)
    return low


def slow_rounds(own: Turns, witnesses: Sequence[Turns], floor: Floats | float) -> tuple[Flags, Floats]:
    """Return which rounds of a process are slow, and by how many seconds per epoch they exceed their expected time.

    The expected time is the median of its calm turns, scaled by how the witnesses' rounds in the same cycle compare
    with their own calm median, so a cycle that was slow for all contains no slow round. A process without calm turns
    has no known slow rounds.
    """
    pace = np.mean([np.log(one.seconds / _calm_median(one, floor)) for one in witnesses], axis=0)
    expected = _calm_median(own, floor) * np.exp(np.maximum(pace, 0.0))
    slow = own.seconds > SLOW * expected
    return slow, np.where(slow, own.seconds - expected, 0.0)


def _calm_median(turns: Turns, floor: Floats | float) -> Floats:
    """Return the median of the calm turns of a process, with an axis of length 1 instead of the cycles."""
    known = calm(turns, floor)
    ordered = np.sort(np.where(known, turns.seconds, np.inf), axis=-1)
    number = known.sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(number - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(number // 2, ordered.shape[-1] - 1), axis=-1)
    return np.where(number >= LEAST, (low + high) / 2, np.nan)


def uneven(share: float, shares_of_copies: Sequence[float]) -> bool:
    """Return whether the slow rounds are the implementation's own: the baseline ran on the same host and has fewer."""
    return share > max(shares_of_copies, default=0.0) + UNEVEN


def mean_with_slow_rounds(
    logs: Sequence[float], beyond: float, count: int, comparisons: int
) -> tuple[float, float, float] | None:
    """Return (low, mean, high) of the ratio of an uneven implementation, wide if there were few slow rounds.

    logs    logarithm of the ratio of its time without slow rounds to the baseline's, per block
    beyond  excess seconds per epoch of the slow rounds, averaged over all rounds, relative to its time without slow
            rounds
    count   the number of slow rounds

    Half of the error probability goes to the blocks and half to the number of slow rounds, which are assumed to be
    independent and to cost about the same. None if there are too few blocks or slow rounds.
    """
    half = level(2 * comparisons)
    interval = order_interval(logs, half)
    if interval is None or count == 0:
        return None
    least, most = count_interval(count, half)
    low, high = math.exp(interval[0]), math.exp(interval[1])
    return low * (1 + beyond * least / count), math.exp(median(logs)) * (1 + beyond), high * (1 + beyond * most / count)


def count_interval(count: int, level: float) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean after observing `count` (Garwood 1936)."""
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else _poisson_mean(count - 1, 1 - tail)
    return low, _poisson_mean(count, tail)


def _poisson_mean(count: int, probability: float) -> float:
    """Return the Poisson mean at which at most `count` events have this probability."""
    low, high = 0.0, count + 20 + 10 * math.sqrt(count + 1)
    while high - low > 1e-9 * (1 + high):
        mean = (low + high) / 2
        most = sum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(count + 1))
        low, high = (mean, high) if most > probability else (low, mean)
    return low
