from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.store.cell import Cell, Problem
from bench.timing.sampling import FULL, QUICK, Effort, epochs_per_round, plans, quick_plan, timeout_seconds
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
A, B = Cell("a", PROBLEM, "cpu", 1), Cell("b", PROBLEM, "cpu", 1)
EPOCH_SECONDS = st.floats(1e-7, 100)


@pytest.mark.parametrize(
    ("epoch_seconds", "epochs"),
    [
        ([10e-6, 30e-6], 125),  # 1.25 ms in the fastest
        ([10e-6, 400e-6], 50),  # 20 ms in the slowest
        ([0.9e-3, 0.9e-3], 2),
        ([1e-3, 1e-3], 1),  # an epoch is long enough
        ([10e-6, 0.1], 1),  # an epoch of the slowest is too long already
        ([2.0, 3.0], 1),
    ],
)
def test_epochs_of_a_round(epoch_seconds: list[float], epochs: int) -> None:
    assert epochs_per_round(epoch_seconds) == epochs


@given(st.lists(EPOCH_SECONDS, min_size=1, max_size=6))
def test_a_round_is_within_its_limits_wherever_both_can_be_had(epoch_seconds: list[float]) -> None:
    epochs = epochs_per_round(epoch_seconds)
    fastest, slowest = epochs * min(epoch_seconds), epochs * max(epoch_seconds)
    assert epochs == 1 or slowest <= 20e-3 * (1 + 1e-12)
    assert fastest >= 1e-3 or slowest + max(epoch_seconds) > 20e-3 * (1 - 1e-12)


def test_all_implementations_of_a_problem_get_the_same_epochs() -> None:
    found = plans({A: 10e-6, B: 100e-6})
    assert found[A].epochs_per_round == found[B].epochs_per_round == 125


@pytest.mark.parametrize("effort", [FULL, QUICK])
@given(seconds=EPOCH_SECONDS)
def test_rounds_are_many_or_long_or_at_their_least(effort: Effort, seconds: float) -> None:
    plan = plans({A: seconds})[A] if effort is FULL else quick_plan(seconds)
    total = plan.rounds * plan.epochs_per_round * seconds
    enough = plan.rounds >= effort.rounds and total >= effort.seconds * (1 - 1e-12)
    no_longer = (plan.rounds + 1) * plan.epochs_per_round * seconds > effort.most_seconds * (1 - 1e-12)
    assert enough or no_longer
    assert plan.rounds >= effort.least_rounds
    assert total <= effort.most_seconds * (1 + 1e-12) or plan.rounds == effort.least_rounds


def test_time_limit_leaves_ten_times_what_was_planned() -> None:
    plan = plans({A: 1e-3})[A]
    planned = plan.warmup_seconds + (plan.warmup_rounds + plan.rounds) * 1e-3
    assert math.isclose(timeout_seconds(2.0, [(plan, 1e-3)]), 60 + 10 * (2 + planned))
