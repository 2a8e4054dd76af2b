from __future__ import annotations

import math

import numpy as np
import pytest

from bench.analysis.estimand import (
    Floats,
    Turns,
    baseline_times,
    calm,
    could_have_found,
    count_interval,
    log_ratio,
    log_twin,
    mean_with_slow_rounds,
    sentinel_floor,
    slow_rounds,
    times,
    uneven,
)
from bench.analysis.statistics import order_interval

ONES = np.ones(10)
LOUD_HALF = np.array([*[1.0] * 5, *[1.5] * 5])


def turns(*seconds: float, before: Floats | None = None, after: Floats | None = None) -> Turns:
    """Turns in which the sentinel took 1, unless given."""
    still = np.ones(len(seconds))
    return Turns(np.array(seconds), still if before is None else before, still if after is None else after)


def test_a_turn_beside_a_neighbour_is_not_calm_whether_he_comes_before_it_or_leaves_after_it() -> None:
    own = turns(1, 1, 1, 1, before=np.array([1.26, 1.24, 1, 1]), after=np.array([1, 1, 1.26, 1.24]))
    assert calm(own, 1.0).tolist() == [False, True, False, True]


def test_a_process_has_no_vote_on_which_of_its_turns_are_calm() -> None:
    after = np.array([1.0, 2.0] * 5)
    chosen = calm(turns(*range(1, 11), after=after), 1.0)
    assert chosen.tolist() == calm(turns(*range(10, 0, -1), after=after), 1.0).tolist()


def test_a_time_is_the_mean_of_the_calm_turns_with_every_slow_round_in_them() -> None:
    """Turns that are not calm do not count: 1, 1, 1, 1 and 6 average 2."""
    own = turns(1, 1, 6, 1, 1, 100, 100, 100, 100, 100, after=LOUD_HALF)
    assert times(own, 1.0) == pytest.approx(2.0)


def test_four_calm_turns_are_too_few_for_a_time() -> None:
    own = turns(*ONES, before=np.array([1.5, *ONES[1:]]), after=LOUD_HALF)
    assert np.isnan(times(own, 1.0))


def test_turns_that_are_left_out_do_not_count() -> None:
    own = turns(7, 1, 1, 1, 1, 1)
    assert times(own, 1.0) == pytest.approx(2.0)
    assert times(own, 1.0, without=own.seconds == 7) == pytest.approx(1.0)


def test_the_baselines_time_is_that_of_both_its_processes() -> None:
    """The implementation takes 20, five times the geometric mean of 2 and 8."""
    baseline, twin = turns(*[2.0] * 10), turns(*[8.0] * 10)
    assert baseline_times([baseline, twin], 1.0) == pytest.approx(4.0)
    assert log_ratio(turns(*[20.0] * 10), [baseline, twin], 1.0) == pytest.approx(math.log(5))
    assert log_twin(baseline, twin, 1.0) == pytest.approx(math.log(4))


def test_a_lucky_reading_of_the_sentinel_is_not_its_floor() -> None:
    assert sentinel_floor(np.array([0.5, *[1.0] * 99])) == 1.0


def test_power_of_six_blocks() -> None:
    """The interval goes from the smallest to the largest: none of the six may be wrong, each with 1 - 0.9^(1/6).

    That is 0.01.26, or 2.111 standard deviations; these six have one of 0.01 times the root of 6/5.
    """
    found = could_have_found([-0.01, 0.01] * 3, comparisons=1)
    assert found == pytest.approx(math.exp(2.111 * 0.01 * math.sqrt(1.2)) - 1, rel=1e-3)


def test_five_blocks_could_not_have_found_anything() -> None:
    assert could_have_found([0.0, 0.1, 0.2, 0.3, 0.4], comparisons=1) is None


def test_what_could_have_been_found_is_found_nine_times_in_ten() -> None:
    """Of 2000 runs the share scatters by 0.7 %."""
    logs = 0.02 * np.random.default_rng(2).standard_normal((2000, 20))
    spread = 0.02 * math.sqrt(19 / 20)
    found = could_have_found([-spread, spread] * 10, comparisons=3)
    assert found is not None
    intervals = [order_interval(one.tolist(), 1 - 0.05 / 3) for one in logs + math.log1p(found)]
    assert np.mean([one is not None and one[0] > 0 for one in intervals]) == pytest.approx(0.9, abs=0.02)


def test_a_slow_round_is_one_that_only_this_contestant_had() -> None:
    own = turns(2, 2, 2, 5, 2, 2, 5, 2, 2, 2)
    witness = turns(1, 1, 1, 1, 1, 1, 2.5, 1, 1, 1)
    slow, beyond = slow_rounds(own, [witness], 1.0)
    assert slow.tolist() == [False] * 3 + [True] + [False] * 6
    assert beyond.tolist() == [0.0] * 3 + [3.0] + [0.0] * 6


def test_what_is_usual_is_what_the_calm_turns_took() -> None:
    """Six calm turns of 1 and 4 turns of 2 beside a neighbour, who slows the witness as much: 4 is twice too long."""
    loud = np.array([*[1.0] * 6, *[1.5] * 4])
    witness = turns(*[1.0] * 6, *[2.0] * 4, after=loud)
    slow, beyond = slow_rounds(turns(*[1.0] * 6, 2, 2, 2, 4, after=loud), [witness], 1.0)
    assert slow.tolist() == [False] * 9 + [True]
    assert beyond[9] == pytest.approx(2.0)


def test_a_process_without_calm_turns_has_no_slow_rounds() -> None:
    slow, beyond = slow_rounds(turns(*[1.0] * 9, 50, after=2 * ONES), [turns(*ONES)], 1.0)
    assert not slow.any()
    assert not beyond.any()


@pytest.mark.parametrize(
    ("share", "copies", "expected"),
    [(0.04, (0.0, 0.0), True), (0.02, (0.0, 0.0), False), (0.04, (0.0, 0.02), False), (0.04, (), True)],
)
def test_uneven_is_who_spends_3_percent_more_in_slow_rounds_than_either_copy(
    share: float, copies: tuple[float, ...], expected: bool
) -> None:
    assert uneven(share, copies) is expected


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.67), (10, 4.795, 18.39)]
)
def test_interval_of_a_count_is_that_of_the_tables(count: int, low: float, high: float) -> None:
    assert count_interval(count, 0.95) == pytest.approx((low, high), rel=1e-3, abs=1e-6)


def test_interval_of_a_large_count_nears_the_normal() -> None:
    low, high = count_interval(10_000, 0.95)
    assert (low, high) == pytest.approx((10_000 - 196, 10_000 + 196), rel=5e-4)


def test_one_slow_round_says_that_there_are_few_or_six() -> None:
    """All blocks say 1 without it, and it alone makes 1.1: of one event seen, 0.0126 to 6.38 are to be expected.

    At 97.5 %, since the other half of the error is the blocks': 1 - exp(-0.0126) = exp(-6.38) (1 + 6.38) = 0.0125.
    """
    found = mean_with_slow_rounds([0.0] * 20, beyond=0.1, count=1, comparisons=1)
    assert found == pytest.approx((1.00126, 1.1, 1.638), rel=1e-3)


def test_without_blocks_or_slow_rounds_there_is_no_such_mean() -> None:
    assert mean_with_slow_rounds([0.0] * 5, 0.1, 1, 1) is None
    assert mean_with_slow_rounds([0.0] * 20, 0.0, 0, 1) is None


def test_blocks_are_worked_on_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(3)

    def some() -> Floats:
        return 1 + 0.05 * rng.random((4, 20))

    baseline, twin, own = (Turns(some(), some(), some()) for _ in range(3))
    together = log_ratio(own, [baseline, twin], 1.0)
    for block in range(4):
        a, b, c = (Turns(one.seconds[block], one.before[block], one.after[block]) for one in (own, baseline, twin))
        assert together[block] == pytest.approx(float(log_ratio(a, [b, c], 1.0)))
