"""The rounds of a run become the turns that the estimator reads."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.analysis import estimand, quiet
from bench.analysis.estimand import Turns
from bench.plan.controls import NULL, TWIN
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rounds, Witnessed
from datasets.dataset import Model
from impls import BASELINE

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
CYCLES, EPOCHS = 20, {BASELINE: 4, f"{BASELINE}{TWIN}": 4, "other": 2}


def process(name: str, block: int, seconds: list[float], *, first: int = 0, sentinel: float = 1.0) -> Rounds:
    cell = Cell(name.removesuffix(TWIN), PROBLEM, "cpu", 1)
    times = tuple(EPOCHS.get(name, 1) * each for each in seconds)
    seen = Witnessed(first, (sentinel,) * len(times), (sentinel,) * len(times))
    return Rounds(cell, name, block, EPOCHS.get(name, 1), 1, 1.0, times, witnessed=seen)


def drawn(blocks: int, mean: float, seed: int, cycles: int = CYCLES) -> list[list[float]]:
    noise = 1 + 0.1 * np.random.default_rng(seed).random((blocks, cycles))
    return [[float(one) for one in row] for row in mean * noise]


def copies(blocks: int = 3) -> tuple[list[Rounds], list[Rounds]]:
    own = [process(BASELINE, block, row) for block, row in enumerate(drawn(blocks, 1.0, 1), start=1)]
    twins = [process(f"{BASELINE}{TWIN}", block, row) for block, row in enumerate(drawn(blocks, 1.0, 2), start=1)]
    return own, twins


def turns(rounds: list[Rounds]) -> Turns:
    ones = np.ones((len(rounds), CYCLES))
    return Turns(np.array([one.round_seconds for one in rounds]) / rounds[0].epochs_per_round, ones, ones)


def test_the_values_of_a_cohort_are_those_of_the_estimator() -> None:
    own, twins = copies()
    other = [process("other", block, row) for block, row in enumerate(drawn(3, 5.0, 3), start=1)]
    its = quiet.of_baseline(own, twins, 1.0)
    found = quiet.of_other(other, own, twins, its, 1.0)
    assert [*its.quiet.values()] == pytest.approx(estimand.baseline_times([turns(own), turns(twins)], 1.0))
    logs = estimand.log_ratio(turns(other), [turns(own), turns(twins)], 1.0)
    assert [math.log(found.quiet[block] / its.quiet[block]) for block in (1, 2, 3)] == pytest.approx(logs)
    twin_logs = [math.log(second / first) for first, second in its.copies.values()]
    assert twin_logs == pytest.approx(estimand.log_twin(turns(own), turns(twins), 1.0))
    assert (its.company, found.company) == (1, 2)


def test_floor_and_median_are_of_all_rounds_and_of_both_copies() -> None:
    own, twins = [process(BASELINE, 1, [1.0] * 20)], [process(f"{BASELINE}{TWIN}", 1, [4.0] * 20)]
    its = quiet.of_baseline(own, twins, 1.0)
    assert (its.floor, its.median) == ({1: 2.0}, {1: 2.0})
    found = quiet.of_other([process("other", 1, [1.0] * 3 + [3.0] * 17)], own, twins, its, 1.0)
    assert (found.floor, found.median) == ({1: 1.0}, {1: 3.0})


def test_a_block_that_met_no_quiet_processor_gives_no_time() -> None:
    own, twins = copies()
    loud = [process(one.name, one.block, [1.0] * CYCLES, sentinel=1.5 if one.block == 2 else 1.0) for one in own]
    its = quiet.of_baseline(loud, twins, 1.0)
    assert (set(its.quiet), its.noisy, set(its.median)) == ({1, 3}, (2,), {1, 2, 3})


def test_pairs_are_compared_within_their_own_cycles() -> None:
    """The baseline takes 1 with its twin, then 2 with another that takes 6: three times as long, so 3 is shown."""
    own = [process(BASELINE, 1, [1.0] * CYCLES + [2.0] * CYCLES)]
    twins = [process(f"{BASELINE}{TWIN}", 1, [1.0] * CYCLES)]
    its = quiet.of_baseline(own, twins, 1.0)
    found = quiet.of_other([process("other", 1, [6.0] * CYCLES, first=CYCLES)], own, twins, its, 1.0)
    assert (its.quiet[1], found.quiet[1], found.company) == pytest.approx((1.0, 3.0, 1))


def test_one_after_another_each_has_a_time_of_its_own() -> None:
    own, twins = [process(BASELINE, 1, [1.0] * CYCLES)], [process(f"{BASELINE}{TWIN}", 1, [1.0] * CYCLES, first=CYCLES)]
    its = quiet.of_baseline(own, twins, 1.0)
    found = quiet.of_other([process("other", 1, [6.0] * CYCLES, first=2 * CYCLES)], own, twins, its, 1.0)
    assert (its.quiet[1], found.quiet[1], its.company, found.company) == pytest.approx((1.0, 6.0, 0, 0))


def test_slow_rounds_are_counted_and_left_out() -> None:
    """One round in ten takes six times as long: what these take beyond the usual is a third of its time."""
    own, twins = copies()
    its = quiet.of_baseline(own, twins, 1.0)
    other = [process("other", block, [1.05] * 9 * 2 + [6.3] * 2) for block in (1, 2, 3)]
    slow = quiet.of_other(other, own, twins, its, 1.0).slow
    assert (slow.count, slow.met) == (6, 2.0)
    assert slow.share == pytest.approx(1 / 3, rel=0.05)
    assert slow.without[1] == pytest.approx(1.05, rel=0.01)
    assert slow.beyond == pytest.approx(0.5, rel=0.05)
    assert max(its.shares) == 0.0


def test_the_floor_of_the_sentinel_is_of_a_contest_over_all_blocks_without_the_null_implementation() -> None:
    own, _ = copies(20)
    null = process(NULL, 1, [1.0] * CYCLES, sentinel=0.1)
    loud = process(BASELINE, 21, [1.0] * CYCLES, sentinel=3.0)
    contest = own[0].cell.contest
    other = replace(contest, problem=replace(contest.problem, dataset="other"))
    elsewhere = process(BASELINE, 1, [1.0] * CYCLES, sentinel=0.5)
    elsewhere = replace(elsewhere, cell=replace(elsewhere.cell, problem=other.problem))
    assert quiet.floors([*own, null, loud, elsewhere]) == {contest: 1.0, other: 0.5}
    assert quiet.floors([null]) == {}
