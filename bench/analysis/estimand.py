"""What an epoch costs on an undisturbed processor: pure functions of the rounds of a cohort, numbers in, numbers out.

Contestants take turns, cycle by cycle. A fixed piece of work, the sentinel, runs before each turn, and the baseline
takes part twice, as itself and as its twin. A cycle is called quiet by the sentinel and one copy of the baseline, never
by the one whose time it gives: who is chosen for being fast looks fast. docs/decisions/0009-what-a-time-is.md has the
reasons and the figures behind every constant.

Arrays have the cycles in their last axis; what comes before it (processes, runs) is worked on at once.
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

# The quietest half of the cycles of a process, and of these only those in which the sentinel took no more than 10 %
# longer than its floor. A process that has fewer than five of them has met no quiet processor, and gives no time.
SHARE = 0.5
LIMIT = 0.10
LEAST = 5

# The sentinel's floor is this quantile of what it took in the cycles of a run, so that one lucky reading is none.
FLOOR = 0.05

# A round is slow that takes half as long again as is expected from its process and from how the baseline fared in its
# cycle.
# An implementation is uneven that spends this much more of its time in slow rounds than either copy of the baseline,
# and its interval does not hold the mean where a process meets fewer than ten of them.
SLOW = 1.5
UNEVEN = 0.03
MET = 10


def sentinel_floor(medians: Floats) -> float:
    """Return the seconds that the sentinel takes on an undisturbed processor: of the cycles of a whole run."""
    return float(np.quantile(medians, FLOOR))


def quiet_mean(seconds: Floats, chosen: Flags) -> Floats:
    """Return the mean of the chosen cycles; NaN where they are fewer than `LEAST`."""
    number = chosen.sum(axis=-1)
    mean = np.where(chosen, seconds, 0.0).sum(axis=-1) / np.maximum(number, 1)
    return np.where(number >= LEAST, mean, np.nan)


@dataclass(frozen=True)
class Turns:
    """The turns of one process, and what the sentinel took meanwhile.

    seconds  seconds per epoch, of each cycle
    around   seconds of the sentinel in each cycle: the median of its readings there, but for the one after this turn,
             which the turn itself may have made slower
    before   seconds of the sentinel just before each turn
    """

    seconds: Floats
    around: Floats
    before: Floats


def calm(turns: Turns, floor: Floats | float) -> Flags:
    """Return in which turns the sentinel saw no neighbour, in their cycle and just before them.

    floor  seconds of the sentinel on an undisturbed processor, as `sentinel_floor` returns them
    """
    most = np.asarray(floor) * (1 + LIMIT)
    return (turns.around <= most) & (turns.before <= most)


def quiet(turns: Turns, scorer: Turns | None, floor: Floats | float) -> Flags:
    """Return which turns of a process fell into a quiet cycle: its own seconds have no vote.

    scorer  the copy of the baseline that votes with the sentinel; None if that is alone
    """
    score = np.log(turns.around) if scorer is None else np.log(turns.around) + np.log(scorer.seconds)
    rank = np.argsort(np.argsort(score, axis=-1, kind="stable"), axis=-1, kind="stable")
    return np.asarray((rank < SHARE * score.shape[-1]) & calm(turns, floor))


def times(own: Turns, scorers: Sequence[Turns], floor: Floats | float, without: Flags | None = None) -> Floats:
    """Return the seconds per epoch of a process on an undisturbed processor; NaN where it met none.

    With several scorers, each with the sentinel chooses cycles of its own, and the time is the geometric mean of the
    means over these: both copies of the baseline score an implementation, and each of them scores the other. Turns
    `without` are left out.
    """
    choices = [quiet(own, one, floor) for one in scorers] or [quiet(own, None, floor)]
    kept = [chosen if without is None else chosen & ~without for chosen in choices]
    return np.asarray(np.exp(np.mean([np.log(quiet_mean(own.seconds, chosen)) for chosen in kept], axis=0)))


def baseline_times(baseline: Turns, twin: Turns, floor: Floats | float) -> Floats:
    """Return the seconds per epoch of the baseline: the geometric mean of its two processes in a block."""
    return np.sqrt(times(baseline, [twin], floor) * times(twin, [baseline], floor))


def log_ratio(own: Turns, baseline: Turns, twin: Turns, floor: Floats | float) -> Floats:
    """Return the logarithm of an implementation's time over the baseline's, of each block."""
    return np.log(times(own, [twin, baseline], floor) / baseline_times(baseline, twin, floor))


def log_twin(baseline: Turns, twin: Turns, floor: Floats | float) -> Floats:
    """Return the logarithm of the twin's time over the baseline's, of each block: 0 but for what the clock adds."""
    return np.log(times(twin, [baseline], floor) / times(baseline, [twin], floor))


def could_have_found(logs: Sequence[float], comparisons: int, chance: float = 0.9) -> float | None:
    """Return the smallest difference, as a share, that the interval of these blocks shows with this chance.

    0.03 says: an implementation that is 3 % slower would have had an interval that leaves out 1, nine times in ten. The
    interval from the k-th smallest to the k-th largest of n logarithms leaves out 0 unless k of them lie on the wrong
    side of it; they are taken to scatter normally, as far as they did in this run. None if the blocks are too few.
    """
    n = len(logs)
    interval = order_interval(range(n), level(comparisons))
    if interval is None:
        return None
    wrong = _most_wrong(n, round(interval[0]) + 1, chance)
    return math.exp(-NormalDist().inv_cdf(wrong) * stdev(logs)) - 1


@cache
def _most_wrong(n: int, k: int, chance: float) -> float:
    """Return the largest p for which fewer than k of n blocks, each with probability p, are wrong with this chance."""
    low, high = 0.0, 0.5
    while high - low > 1e-12:
        p = (low + high) / 2
        fewer = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k))
        low, high = (p, high) if fewer >= chance else (low, p)
    return low


def slow_rounds(own: Turns, witnesses: Sequence[Turns], floor: Floats | float) -> tuple[Flags, Floats]:
    """Return which rounds of a process are slow, and how many seconds per epoch they take beyond what was expected.

    Expected is the median of its calm turns, times what the witnesses' rounds of the same cycle took over theirs, so a
    cycle that was slow for all is nobody's slow round. A process without calm turns has no slow rounds that are known.
    """
    pace = np.mean([np.log(one.seconds / _calm_median(one, floor)) for one in witnesses], axis=0)
    expected = _calm_median(own, floor) * np.exp(np.maximum(pace, 0.0))
    slow = own.seconds > SLOW * expected
    return slow, np.where(slow, own.seconds - expected, 0.0)


def _calm_median(turns: Turns, floor: Floats | float) -> Floats:
    """Return the median of the calm turns of a process, with an axis of length 1 in place of the cycles."""
    known = calm(turns, floor)
    ordered = np.sort(np.where(known, turns.seconds, np.inf), axis=-1)
    number = known.sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(number - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(number // 2, ordered.shape[-1] - 1), axis=-1)
    return np.where(number >= LEAST, (low + high) / 2, np.nan)


def uneven(share: float, shares_of_copies: Sequence[float]) -> bool:
    """Return whether the slow rounds are the implementation's own: its neighbours met the same host and have fewer."""
    return share > max(shares_of_copies, default=0.0) + UNEVEN


def mean_with_slow_rounds(
    logs: Sequence[float], beyond: float, count: int, comparisons: int
) -> tuple[float, float, float] | None:
    """Return (low, mean, high) of the ratio of an uneven implementation: how little few slow rounds say of their cost.

    logs    logarithm of its time without its slow rounds over the baseline's, of each block
    beyond  seconds per epoch that slow rounds took beyond what was expected, by the mean over all rounds, over its time
            without slow rounds
    count   how many slow rounds there were

    Half of the error goes to the blocks and half to the number of slow rounds, which are taken to come independently
    and to cost about the same. None if the blocks or the slow rounds are too few.
    """
    half = level(2 * comparisons)
    interval = order_interval(logs, half)
    if interval is None or count == 0:
        return None
    least, most = count_interval(count, half)
    low, high = math.exp(interval[0]), math.exp(interval[1])
    return low * (1 + beyond * least / count), math.exp(median(logs)) * (1 + beyond), high * (1 + beyond * most / count)


def count_interval(count: int, level: float) -> tuple[float, float]:
    """Return the exact interval of the mean of a Poisson number of which `count` were seen (Garwood 1936)."""
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else _poisson_mean(count - 1, 1 - tail)
    return low, _poisson_mean(count, tail)


def _poisson_mean(count: int, probability: float) -> float:
    """Return the mean of which at most `count` come with this probability."""
    low, high = 0.0, count + 20 + 10 * math.sqrt(count + 1)
    while high - low > 1e-9 * (1 + high):
        mean = (low + high) / 2
        most = sum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(count + 1))
        low, high = (mean, high) if most > probability else (low, mean)
    return low
