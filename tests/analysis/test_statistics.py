from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.statistics import Ratio, compare, level, mean_ratio, order_interval, paired_ratio, process_value
from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rounds
from bench.store.tables import Comparison
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
SECONDS = st.floats(1e-7, 1e3)


@pytest.mark.parametrize(("n", "k", "percent"), [(6, 1, 96.9), (10, 2, 97.9), (20, 6, 95.9)])
def test_interval_has_the_ranks_and_the_level_of_the_binomial(n: int, k: int, percent: float) -> None:
    values = [float(value) for value in range(1, n + 1)]
    interval = order_interval(values, 0.95)
    assert interval is not None
    low, high, level = interval
    assert (low, high) == (k, n + 1 - k)
    assert round(100 * level, 1) == percent


@pytest.mark.parametrize("n", range(6))
def test_fewer_than_six_values_have_no_interval(n: int) -> None:
    assert order_interval([1.0] * n, 0.95) is None


@pytest.mark.parametrize("n", range(6, 13))
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_interval_covers_the_median_exactly_as_often_as_it_says(n: int, level: float) -> None:
    """Around a median of 0 every pattern of signs is equally likely, whatever the distribution."""
    covered, true_level = 0, math.nan
    for signs in product((-1, 1), repeat=n):
        interval = order_interval([sign * (size + 1.0) for size, sign in enumerate(signs)], level)
        if interval is None:
            assert 1 - 2 / 2**n < level
            return
        low, high, true_level = interval
        covered += low <= 0 <= high
    assert covered / 2**n == true_level >= level


@given(st.lists(SECONDS, min_size=6, max_size=40))
def test_interval_does_not_depend_on_the_order_of_blocks(values: list[float]) -> None:
    assert order_interval(sorted(values), 0.95) == order_interval(values, 0.95)


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=6, max_size=30))
def test_ratio_of_b_to_a_is_the_reciprocal(pairs: list[tuple[float, float]]) -> None:
    a = {block: pair[0] for block, pair in enumerate(pairs)}
    b = {block: pair[1] for block, pair in enumerate(pairs)}
    one, other = paired_ratio(a, b, 1), paired_ratio(b, a, 1)
    assert one is not None
    assert other is not None
    assert one.low <= one.ratio <= one.high
    # exp(log q) is off by a relative (|log q| + 2) eps, and |log q| < 24 here; two of them meet in each product.
    tolerance = 2 * 26 * 2.3e-16
    assert math.isclose(one.ratio * other.ratio, 1, rel_tol=tolerance)
    assert math.isclose(one.low * other.high, 1, rel_tol=tolerance)


def test_load_that_slows_both_of_a_block_falls_out_of_the_ratio() -> None:
    load = [1.0, 3.0, 1.5, 8.0, 1.1, 2.0]
    a = {block: 2.0 * slow for block, slow in enumerate(load)}
    b = {block: 1.0 * slow for block, slow in enumerate(load)}
    ratio = paired_ratio(a, b, 1)
    assert ratio is not None
    assert ratio.low == ratio.high == pytest.approx(2, rel=1e-15)
    assert ratio.blocks == 6


def test_a_block_that_lacks_one_of_the_two_is_left_out() -> None:
    a = dict.fromkeys(range(7), 1.0)
    b = dict.fromkeys(range(1, 9), 1.0)
    ratio = paired_ratio(a, b, 1)
    assert ratio is not None
    assert ratio.blocks == 6
    assert paired_ratio(a, dict.fromkeys(range(2, 9), 1.0), 1) is None


@pytest.mark.parametrize(("blocks", "most"), [(7, 3), (10, 25), (11, 51)])
def test_blocks_carry_so_many_comparisons(blocks: int, most: int) -> None:
    """1 - 0.05 / m <= 1 - 2 / 2^n, so m <= 0.025 2^n."""
    values = dict.fromkeys(range(blocks), 1.0)
    assert paired_ratio(values, values, most) is not None
    assert paired_ratio(values, values, most + 1) is None


@pytest.mark.parametrize(
    ("low", "high", "comparison"),
    [
        (0.90, 0.97, Comparison.FASTER),
        (0.90, 0.98, Comparison.AMBIGUOUS),
        (0.98, 1.02, Comparison.SAME),
        (0.98, 1.04, Comparison.AMBIGUOUS),
        (0.90, 1.10, Comparison.AMBIGUOUS),
        (1.02, 1.10, Comparison.AMBIGUOUS),
        (1.04, 1.10, Comparison.SLOWER),
    ],
)
def test_verdict_is_where_the_whole_interval_lies(low: float, high: float, comparison: Comparison) -> None:
    assert compare(Ratio(math.sqrt(low * high), low, high, 0.97, 6), margin=0.03) is comparison


def test_no_interval_is_no_comparison() -> None:
    assert compare(None) is Comparison.NONE


def test_process_value_is_the_median_round_per_epoch() -> None:
    cell = Cell("any", PROBLEM, "cpu", 1)
    assert process_value(Rounds(cell, "any", 1, 4, 30, 1.0, (8.0, 100.0, 4.0))) == 2.0


def test_mean_of_a_ratio_and_its_reciprocal_is_one() -> None:
    fast, slow = dict.fromkeys(range(6), 1.0), dict.fromkeys(range(6), 4.0)
    mean = mean_ratio([(fast, slow), (slow, fast)], 1)
    assert mean is not None
    assert mean.low == mean.ratio == mean.high == 1


def test_mean_takes_the_blocks_that_have_every_cell() -> None:
    all_seven, last_six = dict.fromkeys(range(7), 1.0), dict.fromkeys(range(1, 7), 1.0)
    mean = mean_ratio([(all_seven, all_seven), (all_seven, last_six)], 1)
    assert mean is not None
    assert mean.blocks == 6
    assert mean_ratio([], 1) is None


def test_blocks_that_lack_a_cell_give_one_value_together() -> None:
    """Blocks 6 and 7 lack one cell each, 8 and 9 both lack the second: (2 * 8)^(1/2) is the seventh value, 9 waits."""
    full = dict.fromkeys(range(6), 1.0)
    first, second = full | {6: 2.0, 8: 4.0, 9: 4.0}, full | {7: 8.0}
    ones = dict.fromkeys(range(10), 1.0)
    mean = mean_ratio([(first, ones), (second, ones)], 1)
    assert mean is not None
    assert mean.blocks == 7
    assert (mean.low, mean.ratio) == (1, 1)
    assert mean.high == pytest.approx(4)


def test_load_of_a_block_that_all_its_cells_share_stays_one_value() -> None:
    """Eight cells that move together in every block are no more evidence than one."""
    a = {block: 1.0 + 0.01 * block for block in range(8)}
    b = dict.fromkeys(range(8), 1.0)
    one, eight = paired_ratio(a, b, 1), mean_ratio([(a, b)] * 8, 1)
    assert one is not None
    assert eight is not None
    # A mean of eight equal logs rounds at most eight times, and exp makes that relative: 8 eps, twice.
    assert eight.low == pytest.approx(one.low, rel=4e-15)
    assert eight.high == pytest.approx(one.high, rel=4e-15)


def test_half_width_is_the_same_in_both_directions() -> None:
    assert Ratio(1.0, 1 / 1.03, 1.03, 0.97, 6).half_width == pytest.approx(0.03)
    assert Ratio(5.0, 4.0, 4.0 * 1.21, 0.97, 6).half_width == pytest.approx(0.1)


def test_intervals_overlap_when_they_share_a_value() -> None:
    def interval(low: float, high: float) -> Ratio:
        return Ratio(low, low, high, 0.97, 6)

    assert interval(1.0, 1.2).overlaps(interval(1.2, 1.3)) and interval(1.2, 1.3).overlaps(interval(1.0, 1.2))
    assert not interval(1.0, 1.2).overlaps(interval(1.21, 1.3)) and not interval(1.21, 1.3).overlaps(interval(1, 1.2))


@pytest.mark.parametrize("comparisons", [1, 3, 200])
def test_the_intervals_of_a_table_miss_together_in_no_more_than_one_of_twenty(comparisons: int) -> None:
    assert comparisons * (1 - level(comparisons)) == pytest.approx(0.05)
