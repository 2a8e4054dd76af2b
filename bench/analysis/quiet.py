"""What a cell takes on an undisturbed processor, block by block: the rounds of a run as `estimand` reads them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.analysis import estimand
from bench.analysis.estimand import Flags, Floats, Turns
from bench.plan.controls import NULL
from bench.store.cell import Contest
from bench.store.raw_rows import Rounds

# The floor of a cell is this quantile of its rounds.
LOW = 0.1

ByBlock = dict[int, float]


@dataclass(frozen=True)
class Slow:
    """The slow rounds of a cell.

    share    of its time that they take beyond what was expected
    count    how many there were in all its processes, and `met` in one by the mean
    without  by block, its time on an undisturbed processor with them left out
    beyond   seconds per epoch that they take by the mean of all rounds, over its time without them
    """

    share: float = 0.0
    count: int = 0
    met: float = 0.0
    without: ByBlock = field(default_factory=dict)
    beyond: float = 0.0


@dataclass(frozen=True)
class Estimates:
    """Seconds per epoch of one cell by block; where it is the baseline, of both copies together.

    quiet     on an undisturbed processor, as its ratio to the baseline has it; without the blocks in `noisy`
    floor     the 10th percentile of all rounds, and `median` what they took under the load of the run
    noisy     blocks in which a process met no undisturbed processor
    company   with how many copies of the baseline it took turns, in the block where they were fewest
    copies    of the baseline, what it took alone and what its twin did
    shares    of the baseline, the share of slow rounds in the time of each copy
    slow      of any other, its slow rounds
    """

    quiet: ByBlock
    floor: ByBlock
    median: ByBlock
    noisy: tuple[int, ...] = ()
    company: int = 0
    copies: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    shares: tuple[float, ...] = ()
    slow: Slow = field(default_factory=Slow)


def floors(rounds: Iterable[Rounds]) -> dict[Contest, float]:
    """Return the seconds of the sentinel on an undisturbed processor, from its readings in all blocks of each contest.

    Contests differ in it: the turn before leaves more or less of the sentinel's own code and data in the caches.
    """
    readings: dict[Contest, list[tuple[float, ...]]] = {}
    for one in rounds:
        if one.name != NULL:
            readings.setdefault(one.cell.contest, []).append(one.witnessed.sentinel_before)
    return {contest: estimand.sentinel_floor(np.concatenate(found)) for contest, found in readings.items()}


def of_baseline(own: Sequence[Rounds], twins: Sequence[Rounds], sentinel: float) -> Estimates:
    """Return what the baseline takes by both its copies; `sentinel` is the floor of its contest."""
    second = {one.block: one for one in twins}
    quiet: ByBlock = {}
    copies: dict[int, tuple[float, float]] = {}
    slow: list[list[float]] = []
    for part in _parts(own, [second], shortest=True):
        mine, others = part.own, part.copies
        both = [estimand.times(one, sentinel) for one in (mine, *others)]
        quiet |= _by_block(part.blocks, estimand.geometric_mean(both))
        if len(both) > 1:
            copies |= {block: (float(a), float(b)) for block, a, b in zip(part.blocks, *both, strict=True)}
            slow.append([_share(mine, others, sentinel), _share(others[0], [mine], sentinel)])
    known = {block: pair for block, pair in copies.items() if not math.isnan(pair[0] + pair[1])}
    shares = tuple(float(np.mean(column)) for column in zip(*slow, strict=True))
    low, middle = (_over_copies(own, second, value) for value in (_low, _median))
    company = 1 if len(copies) == len(own) else 0
    return Estimates(*_noisy(quiet, low, middle), company=company, copies=known, shares=shares)


def of_other(
    own: Sequence[Rounds], baseline: Sequence[Rounds], twins: Sequence[Rounds], its: Estimates, sentinel: float
) -> Estimates:
    """Return what another implementation takes beside the baseline, whose estimates are `its`."""
    both = [{one.block: one for one in copy} for copy in (baseline, twins)]
    quiet: ByBlock = {}
    slow: list[tuple[Part, Flags, Floats, ByBlock]] = []
    company = 2
    for part in _parts(own, both):
        time = estimand.times(part.own, sentinel)
        quiet |= _as_shown(part, time, its, sentinel)
        company = min(company, len(part.copies))
        if part.copies:
            rounds, beyond = estimand.slow_rounds(part.own, part.copies, sentinel)
            without = estimand.times(part.own, sentinel, without=rounds)
            slow.append((part, rounds, beyond, _as_shown(part, without, its, sentinel)))
    low, middle = ({one.block: value(one) for one in own} for value in (_low, _median))
    return Estimates(*_noisy(quiet, low, middle), company=company, slow=_slow(slow))


@dataclass(frozen=True)
class Part:
    """Blocks that are worked on at once: the turns of a cell, and of the copies that had turns in the same cycles."""

    blocks: list[int]
    own: Turns
    copies: list[Turns]


def _parts(own: Sequence[Rounds], copies: Sequence[Mapping[int, Rounds]], *, shortest: bool = False) -> Iterator[Part]:
    """Yield the blocks of a cell, as many at once as have as many cycles and copies.

    With `shortest`, only the cycles count in which the copy had turns as well: a baseline that was paired with one
    implementation after the other had more.
    """
    groups: dict[tuple[object, ...], list[tuple[Rounds, list[Rounds]]]] = {}
    for one in own:
        found = [copy[one.block] for copy in copies if one.block in copy]
        if shortest and found and _covers(one, found[0]):
            like = found[0]
        else:
            like, found = one, [copy for copy in found if _covers(copy, one)]
        key = (len(like.round_seconds), len(found))
        groups.setdefault(key, []).append((one, [like, *found]))
    for group in groups.values():
        likes = [rest[0] for _, rest in group]
        mine = _stacked([one for one, _ in group], likes)
        others = [_stacked(list(column), likes) for column in zip(*(rest[1:] for _, rest in group), strict=True)]
        yield Part([one.block for one, _ in group], mine, others)


def _covers(one: Rounds, other: Rounds) -> bool:
    """Return whether one had a turn in every cycle in which the other had."""
    first, other_first = one.witnessed.first_cycle, other.witnessed.first_cycle
    last, other_last = first + len(one.round_seconds), other_first + len(other.round_seconds)
    return first <= other_first and other_last <= last


def _stacked(rounds: Sequence[Rounds], likes: Sequence[Rounds]) -> Turns:
    """Return the turns of these processes, one row per process.

    A row has the cycles in which the process at the same place in `likes`, with which it is compared, had turns.
    """
    rows: list[list[tuple[float, ...]]] = [[], [], []]
    for one, like in zip(rounds, likes, strict=True):
        first = like.witnessed.first_cycle - one.witnessed.first_cycle
        chosen = slice(first, first + len(like.round_seconds))
        columns = one.round_seconds, one.witnessed.sentinel_before, one.witnessed.sentinel_after
        for row, column in zip(rows, columns, strict=True):
            row.append(column[chosen])
    epochs = np.array([[one.epochs_per_round] for one in rounds])
    seconds, before, after = map(np.array, rows)
    return Turns(seconds / epochs, before, after)


def _as_shown(part: Part, time: Floats, its: Estimates, sentinel: float) -> ByBlock:
    """Return the time that has the same ratio to the baseline's time as this one has to its time in the same cycles."""
    if part.copies:
        ratio = time / estimand.baseline_times(part.copies, sentinel)
        time = ratio * np.array([its.quiet.get(block, math.nan) for block in part.blocks])
    return _by_block(part.blocks, time)


def _by_block(blocks: Sequence[int], values: Floats) -> ByBlock:
    return dict(zip(blocks, values.tolist(), strict=True))


def _noisy(quiet: ByBlock, low: ByBlock, middle: ByBlock) -> tuple[ByBlock, ByBlock, ByBlock, tuple[int, ...]]:
    known = {block: seconds for block, seconds in sorted(quiet.items()) if not math.isnan(seconds)}
    return known, low, middle, tuple(sorted(quiet.keys() - known.keys()))


def _low(one: Rounds) -> float:
    return float(np.quantile(one.round_seconds, LOW)) / one.epochs_per_round


def _median(one: Rounds) -> float:
    return float(np.median(one.round_seconds)) / one.epochs_per_round


def _over_copies(own: Sequence[Rounds], second: Mapping[int, Rounds], value: Callable[[Rounds], float]) -> ByBlock:
    """Return the geometric mean of what both copies of the baseline say in each block."""
    return {
        one.block: math.sqrt(value(one) * value(second[one.block])) if one.block in second else value(one)
        for one in own
    }


def _share(own: Turns, witnesses: Sequence[Turns], sentinel: float) -> float:
    _, beyond = estimand.slow_rounds(own, witnesses, sentinel)
    return float(beyond.sum() / own.seconds.sum())


def _slow(found: Sequence[tuple[Part, Flags, Floats, ByBlock]]) -> Slow:
    if not found:
        return Slow()
    total = sum(float(part.own.seconds.sum()) for part, *_ in found)
    rounds = sum(part.own.seconds.size for part, *_ in found)
    more = sum(float(beyond.sum()) for _, _, beyond, _ in found)
    count = sum(int(slow.sum()) for _, slow, _, _ in found)
    without = {block: seconds for *_, one in found for block, seconds in one.items() if not math.isnan(seconds)}
    usual = float(np.median([*without.values()])) if without else math.nan
    processes = sum(len(part.blocks) for part, *_ in found)
    return Slow(more / total, count, count / processes, without, more / rounds / usual)
