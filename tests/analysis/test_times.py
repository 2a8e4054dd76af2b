"""What a row says of time, from estimates by block."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis import times
from bench.analysis.quiet import Estimates, Slow
from bench.store.tables import Company, Comparison

BLOCKS = range(1, 21)
JITTER = {block: 1 + 0.002 * (-1) ** block * (block % 5) for block in BLOCKS}


def estimates(seconds: float, *, load: float = 1.0, noisy: int = 0, company: int = 2) -> Estimates:
    every = {block: seconds * JITTER[block] for block in BLOCKS}
    quiet = {block: value for block, value in every.items() if block > noisy}
    loaded = {block: load * value for block, value in every.items()}
    return Estimates(quiet, every, loaded, tuple(range(1, noisy + 1)), company=company)


BASELINE = replace(estimates(1.0, company=1), shares=(0.0, 0.01))


def test_who_divides_the_times_that_are_shown_gets_the_ratio() -> None:
    own, scattered = times.alone(BASELINE, 1), estimates(3.0)
    odd = replace(scattered, quiet={block: value * JITTER[21 - block] for block, value in scattered.quiet.items()})
    found = times.of_other(odd, BASELINE, 1)
    assert found.ratio is not None and own.epoch_seconds is not None
    assert found.epoch_seconds == pytest.approx(found.ratio.ratio * own.epoch_seconds, rel=1e-12)
    assert found.comparison is Comparison.SLOWER and found.company is Company.ALL


def test_a_ratio_that_load_moves_says_so() -> None:
    found = times.of_other(estimates(3.0, load=1.2), BASELINE, 1)
    assert found.depends_on_load is True
    assert times.of_other(estimates(3.0), BASELINE, 1).depends_on_load is False


def test_too_few_quiet_blocks_say_no_quiet_and_show_the_median_under_load() -> None:
    found = times.of_other(estimates(3.0, load=1.5, noisy=15), BASELINE, 1)
    assert (found.comparison, found.ratio) == (Comparison.NO_QUIET, None)
    assert found.epoch_seconds == pytest.approx(4.5, rel=0.01) and found.low is None


def test_too_few_blocks_are_no_noise() -> None:
    few = replace(estimates(3.0), quiet={1: 3.0}, median={1: 3.0})
    assert times.of_other(few, BASELINE, 1).comparison is Comparison.NONE


def test_few_slow_rounds_widen_the_interval_by_how_many_there_were() -> None:
    """Four slow rounds take a twentieth of the time: the mean and its interval are computed from them."""
    own = estimates(1.0)
    uneven = replace(own, slow=Slow(0.05, 4, 0.2, own.quiet, 0.05))
    found = times.of_other(uneven, BASELINE, 1)
    assert found.uneven and found.ratio is not None and found.low is not None and found.high is not None
    assert found.ratio.ratio == pytest.approx(1.05, rel=0.01)
    assert found.ratio.low < 1.02 and found.ratio.high > 1.1
    assert (found.low, found.high) == pytest.approx((found.ratio.low, found.ratio.high), rel=0.01)
    many = replace(own, slow=Slow(0.05, 400, 20.0, own.quiet, 0.05))
    assert not times.of_other(many, BASELINE, 1).uneven


def test_slow_rounds_that_the_baseline_has_too_are_the_hosts() -> None:
    own = replace(estimates(1.0), slow=Slow(0.05, 4, 0.2, estimates(1.0).quiet, 0.05))
    assert not times.of_other(own, replace(BASELINE, shares=(0.03, 0.0)), 1).uneven


def test_a_quick_look_shows_the_median_and_nothing_else() -> None:
    found = times.under_load(estimates(3.0, load=1.5))
    assert found.epoch_seconds == pytest.approx(4.5, rel=0.01)
    assert (found.low, found.ratio, found.could_have_found) == (None, None, None)


@pytest.mark.parametrize(("company", "expected"), [(2, Company.ALL), (1, Company.PAIRS), (0, Company.ALONE)])
def test_a_row_says_with_whom_it_took_turns(company: int, expected: Company) -> None:
    assert times.of_other(estimates(3.0, company=company), BASELINE, 1).company is expected
