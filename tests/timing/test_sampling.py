from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.store.cell import Cell, Problem
from bench.timing import sampling
from bench.timing.sampling import FULL, QUICK, ROUND_SECONDS, plans
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
A, B = Cell("a", PROBLEM, "cpu", 1), Cell("b", PROBLEM, "cpu", 1)
EPOCH_SECONDS = st.floats(1e-7, 100)


@pytest.mark.parametrize(
    ("seconds", "epochs", "cycles"),
    [
        ((10e-6, 100e-6), (500, 50), FULL.cycles),  # both rounds last 5 ms
        ((10e-6, 10e-3), (1000, 1), FULL.cycles // 2),  # as long as the slowest epoch, and fewer
        ((10e-6, 1.0), (100_000, 1), FULL.least_cycles),  # but no fewer than these
        ((1.9e-3, 2.2e-3), (3, 2), FULL.cycles),  # as near as whole epochs allow
    ],
)
def test_rounds_of_all_last_as_long(seconds: tuple[float, float], epochs: tuple[int, int], cycles: int) -> None:
    found = plans(dict(zip((A, B), seconds, strict=True)), FULL)
    assert (found[A].epochs_per_round, found[B].epochs_per_round) == epochs
    assert found[A].rounds == found[B].rounds == cycles


@given(st.lists(EPOCH_SECONDS, min_size=2, max_size=2))
def test_no_round_is_far_from_the_others_but_for_whole_epochs(seconds: list[float]) -> None:
    found = plans(dict(zip((A, B), seconds, strict=True)), FULL)
    length = max(ROUND_SECONDS, *seconds)
    for cell, epoch in zip((A, B), seconds, strict=True):
        assert abs(found[cell].epochs_per_round * epoch - length) <= epoch / 2 * (1 + 1e-9)
        assert 1 <= found[cell].untimed <= max(1, found[cell].epochs_per_round / 2)


def test_a_quick_look_takes_fewer_rounds() -> None:
    assert plans({A: 1e-3}, QUICK)[A].rounds < plans({A: 1e-3}, FULL)[A].rounds
    assert plans({}, QUICK) == {}


def test_time_limits_leave_ten_times_what_was_planned() -> None:
    plan = plans({A: 1e-3}, FULL)[A]
    assert sampling.turn_seconds(plan, 1e-3) == pytest.approx(60 + 10 * 5e-3)
    assert sampling.warm_up_seconds(plan, 1e-3) == pytest.approx(60 + 10 * (FULL.warmup_seconds + 4 * 5e-3))
    assert sampling.finishing_seconds(plan, 1e-3, checks=2) == pytest.approx(60 + 10 * 32 * 5e-3)
