from __future__ import annotations

from dataclasses import replace

import pytest

import impls
from bench.commands import estimate
from bench.plan import data
from bench.plan.options import BLOCKS
from bench.store.cell import Cell, Problem
from bench.timing import entrants
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
OWN = Cell("mine.py:Mine", PROBLEM, "cpu", 1)


def test_every_block_costs_as_much_as_the_last() -> None:
    one, two, three = (estimate.seconds([OWN], blocks, quick=False) for blocks in (1, 2, 3))
    assert two - one > 0
    assert three - two == pytest.approx(two - one)


def test_a_quick_block_has_no_controls_and_shorter_rounds() -> None:
    def block(quick: bool) -> float:
        return estimate.seconds([OWN], 2, quick) - estimate.seconds([OWN], 1, quick)

    assert block(quick=True) < block(quick=False)


def test_cells_that_share_a_worker_cost_less_than_those_that_do_not() -> None:
    other = replace(PROBLEM, dataset="other")
    shared = estimate.seconds([OWN, replace(OWN, problem=other)], 5, quick=True)
    apart = estimate.seconds([OWN, replace(OWN, problem=replace(other, dtype="float64"))], 5, quick=True)
    assert shared < apart


def test_a_default_run_is_promised_within_seven_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrants, "processors", lambda: frozenset({0, 1}))
    problems = [replace(PROBLEM, dataset=name) for name in data.DEFAULT_DATASETS]
    cells = [Cell(name, problem, "cpu", 1) for name in impls.FOUR for problem in problems]
    assert estimate.seconds(cells, BLOCKS, quick=False) < 420


def test_what_calls_a_compiler_is_promised_minutes() -> None:
    def whole(name: str) -> float:
        return estimate.seconds([Cell(name, PROBLEM, "cpu", 1)], 1, quick=True)

    assert whole("torch_compile") - whole("torch_nn") > 60


def test_rates_are_measured_for_every_dtype_of_one_thread_of_the_cpu() -> None:
    def block(cells: list[Cell]) -> float:
        return estimate.seconds(cells, 2, quick=False) - estimate.seconds(cells, 1, quick=False)

    on_an_accelerator, on_the_cpu = block([replace(OWN, device="cuda:0")]), block([OWN])
    assert on_the_cpu > on_an_accelerator == pytest.approx(block([replace(OWN, threads=2)]))
    wider = replace(OWN, problem=replace(PROBLEM, dtype="float64"))
    assert block([OWN, wider]) - block([OWN, replace(wider, threads=2)]) == pytest.approx(
        on_the_cpu - on_an_accelerator
    )


def test_large_cells_take_what_they_compute() -> None:
    def block(n: int) -> float:
        cells = [replace(OWN, problem=replace(PROBLEM, n=n, d=64, k=10))]
        return estimate.seconds(cells, 2, quick=True) - estimate.seconds(cells, 1, quick=True)

    assert block(1000) == block(10)
    assert block(10_000_000) == pytest.approx(10 * block(1_000_000), rel=0.1)
