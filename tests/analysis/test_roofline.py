"""The limit is the longer of reading and computing; a time below it in three processes is rejected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis import roofline
from bench.audit.rules import below_limit, declared
from bench.process.spawn import Order
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Rates, Rounds
from bench.timing import rates as timing_rates
from bench.timing import rates_job
from bench.worker import rates as measuring
from datasets.dataset import Model

SOFTMAX = Problem("any", Model.SOFTMAX, 100_000, 64, 10, "float32", 0.1, None, False, False, 0)
CELL = Cell("numpy_manual", SOFTMAX, "cpu", 1)
READS = {"25600000": 1e10}


def rates(reads: dict[str, float] = READS, flops: float = 1e11, exponentials: float = 1e9, block: int = 1) -> Rates:
    return Rates(block, "float32", 1, reads, flops, exponentials)


def rounds(seconds: float, block: int) -> Rounds:
    return Rounds(CELL, CELL.implementation, block, 2, 1, 1.0, (2 * seconds,) * 3)


def test_the_longer_of_reading_and_computing_counts() -> None:
    read, computed = 100_000 * (64 * 4 + 1) / 1e10, 4 * 100_000 * 64 * 10 / 1e11 + 100_000 * 9 / 1e9
    assert computed > read
    assert roofline.seconds(CELL, [rates()]) == pytest.approx(roofline.SAFETY * computed)
    assert roofline.seconds(CELL, [rates(flops=1e15, exponentials=1e15)]) == pytest.approx(roofline.SAFETY * read)


def test_the_highest_rates_of_all_blocks_count() -> None:
    slow, fast = rates({"25600000": 1e9}, 1e10, 1e8), rates(block=2)
    assert roofline.seconds(CELL, [slow, fast]) == roofline.seconds(CELL, [fast])


@pytest.mark.parametrize(
    ("model", "computed"),
    [(Model.MULTIVARIATE_LINEAR, 4 * 64), (Model.LOGISTIC, 4 * 64 + 100), (Model.SOFTMAX, 4 * 64)],
)
def test_operations_of_a_row_with_one_column(model: Model, computed: float) -> None:
    cell = replace(CELL, problem=replace(SOFTMAX, model=model, k=1))
    seconds = roofline.seconds(cell, [rates({"25600000": 1e20})])
    assert seconds == pytest.approx(roofline.SAFETY * 100_000 * computed / 1e11)


def test_rows_that_are_dropped_are_not_counted() -> None:
    dropped = replace(SOFTMAX, n=100, batch_size=64, drop_last=True)
    assert roofline.read_bytes(dropped) == roofline.read_bytes(replace(SOFTMAX, n=64))


def test_a_device_or_size_that_nobody_measured_has_no_limit() -> None:
    assert roofline.seconds(replace(CELL, device="cuda:0"), [rates()]) is None
    assert roofline.seconds(replace(CELL, threads=2), [rates()]) is None
    assert roofline.seconds(CELL, [rates({"65536": 1e10})]) is None


def test_sizes_are_measured_where_a_rate_means_something() -> None:
    assert roofline.measured_size(replace(SOFTMAX, n=3, d=1)) == 1 << 16
    assert roofline.measured_size(replace(SOFTMAX, n=10**9)) == 1 << 28


def test_a_time_below_the_limit_is_declared_of_three_processes() -> None:
    found = [below_limit(rounds(0.5e-3, block), 1e-3) for block in (1, 2, 3)]
    accused = [[one] if one else [] for one in found]
    assert declared(accused[:2]) is None
    declaration = declared(accused)
    assert declaration is not None and declaration.status is Status.BELOW_LIMIT
    assert "0.0005 s" in declaration.detail and "0.001 s" in declaration.detail


def test_a_time_above_the_limit_or_without_one_is_no_finding() -> None:
    assert below_limit(rounds(2e-3, 1), 1e-3) is None
    assert below_limit(rounds(2e-9, 1), None) is None


def test_exponentials_of_float64_are_taken_at_half_the_rate_of_float32_at_the_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without float64 vector code NumPy is 8x slower on exponentials, while others are at most 2x slower."""
    taken: list[np.dtype[Any]] = []

    def exp(powers: np.ndarray, out: np.ndarray) -> None:
        taken.append(powers.dtype)

    def shortest(call: Any) -> float:
        taken.clear()
        call()
        return 8e-6 if taken == [np.float64] else 1e-6

    monkeypatch.setattr(np, "exp", exp)
    monkeypatch.setattr(measuring, "_shortest", shortest)
    single, double = (
        measuring.measure(rates_job.RatesJob(1, None, dtype, 1, (65536,), "")).exponentials_per_second
        for dtype in ("float32", "float64")
    )
    assert double == pytest.approx(single / 2)


def test_a_slow_blas_that_was_asked_for_measures_no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    orders: list[Order] = []
    monkeypatch.setattr(timing_rates, "run_worker", orders.append)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "PRESCOTT")
    assert timing_rates.measured(1, None, dtype="float64", threads=1, sizes=[65536], folder=tmp_path / "rates") == []
    assert "OPENBLAS_CORETYPE" not in orders[0].environment and orders[0].environment["OMP_NUM_THREADS"] == "1"
