"""On a problem's own data, in batches and with many parameters, right results agree and small faults are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import datasets
from bench.gate import expect, judge, observe, reference, training
from bench.gate.case import Case, of_problem
from bench.gate.expect import Expected
from bench.gate.reference import Scaled
from bench.plan import cells
from bench.plan.options import Options
from bench.store.cell import Problem, Status
from datasets.curvature import batch_learning_rate, largest_eigenvalue
from impls.numpy_manual import NumpyManual
from impls.protocol import Batching, Dataset, Device, Implementation
from tests.support.training_faults import FAULTS, LATE_ORDER

EPOCHS = 5
CPU = Device("cpu")
PROBLEMS = [
    ("breast_cancer", "1"),
    ("digits", "3"),
    ("diabetes", "1"),
    ("synthetic:softmax,n=500,d=784,k=10", "64"),
    ("synthetic:multivariate_linear,n=2000,d=100", "64"),
    ("synthetic:logistic,n=20000", "full"),
]


def problem_of(spec: str, size: str, dtype: str) -> tuple[Problem, Dataset]:
    made = cells.make(
        Options(datasets=(spec,), batch_sizes=(size,), dtypes=(dtype,), implementations=("numpy_manual",))
    )
    problem = made.cells[0].problem
    return problem, made.data[problem.dataset, dtype]


def statuses(implementation: Implementation, problem: Problem, dataset: Dataset) -> set[Status]:
    case = of_problem(problem, dataset, EPOCHS)
    return found(implementation, case, expect.expect(case))


def found(implementation: Implementation, case: Case, opinion: list[tuple[str, Expected]]) -> set[Status]:
    seen = observe.observe(implementation, case, CPU)
    u = reference.unit_roundoff(str(case.dataset.x.dtype))
    return {one.status for one in judge.against_reference(seen, opinion, u)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("spec", "size"), PROBLEMS)
def test_what_is_right_agrees_and_small_errors_would_be_found(spec: str, size: str, dtype: str) -> None:
    case = of_problem(*problem_of(spec, size, dtype), EPOCHS)
    opinion = expect.expect(case)
    assert found(NumpyManual, case, opinion) == {Status.OK}
    last = opinion[0][1].common[f"epoch {EPOCHS}/parameters w"]
    assert reference.finest(last, reference.unit_roundoff(dtype)) < 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("spec", "size"), PROBLEMS[:5])
def test_faults_on_the_timed_data_alone_are_refused(spec: str, size: str, dtype: str) -> None:
    problem, dataset = problem_of(spec, size, dtype)
    case = of_problem(problem, dataset, EPOCHS)
    opinion, faults = expect.expect(case), FAULTS.keys() - {LATE_ORDER}
    assert [name for name in faults if Status.MISMATCH not in found(FAULTS[name], case, opinion)] == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("spec", "size"), PROBLEMS[:5])
def test_rows_in_the_order_of_the_epoch_before_are_refused(spec: str, size: str, dtype: str) -> None:
    problem, dataset = problem_of(spec, size, dtype)
    assert Status.MISMATCH in statuses(FAULTS[LATE_ORDER], replace(problem, shuffle=True), dataset)


def test_training_is_settled_where_no_later_epoch_moves_a_parameter_by_more_than_its_budget() -> None:
    u = reference.unit_roundoff("float32")

    def seen(*values: float) -> dict[int, Scaled]:
        return {epoch: Scaled(np.array([value]), np.ones(1)) for epoch, value in enumerate(values, 1)}

    assert training.settled(seen(1, 2, 3, 3 + 2 * u, 3), u) == 3
    assert training.settled(seen(1, 2, 3, 3 + 5 * u), u) is None
    assert training.settled(seen(1, 1, 2, 1), u) is None
    assert training.settled(seen(1), u) is None


def test_more_than_a_minute_of_checking_is_refused_with_the_remedy() -> None:
    dataset = datasets.load("digits", dtype="float32")
    assert training.too_long(dataset, Batching(1), 5) == ""
    reason = training.too_long(dataset, Batching(1), 1000)
    assert "1,797,000 steps" in reason
    assert "take larger batches or fewer epochs" in reason


def test_an_error_is_carried_along_the_same_way_in_small_batches_and_in_large_ones() -> None:
    """A product with the factors of a Hessian equals the product with the Hessian itself."""
    dataset = datasets.load("three_grades", dtype="float64")
    problem = reference.widen(dataset)
    theta = np.random.default_rng(0).normal(size=(dataset.d + 1, dataset.classes))
    bend = reference.curvature(problem, theta)
    left = np.random.default_rng(1).normal(size=(4, theta.size))
    assert bend.times(left) == pytest.approx(left @ bend.matrix, rel=1e-12)


def test_where_rounding_decides_nothing_is_said() -> None:
    """At a rate far too high for single rows, rounding alone moves digits' parameters by more than must be found."""
    problem, dataset = problem_of("digits", "1", "float32")
    found = statuses(NumpyManual, replace(problem, learning_rate=dataset.learning_rate), dataset)
    assert Status.UNCHECKED in found
    assert Status.MISMATCH not in found


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 2, 8, 64])
@pytest.mark.parametrize("name", ["study_hours", "quiz_scores", "diabetes", "breast_cancer", "digits"])
def test_the_default_rate_fits_every_batch(name: str, size: int, shuffle: bool) -> None:
    dataset = datasets.load(name, dtype="float64")
    batching = Batching(min(size, dataset.n), shuffle=shuffle)
    rate = batch_learning_rate(dataset, batching)
    for epoch in (0, 1):
        for rows in batching.rows(dataset.n, epoch):
            assert rate * largest_eigenvalue(dataset.model, dataset.x, rows) <= 1 + 1e-9


def test_a_sweep_has_one_rate_for_all_its_batches_and_a_given_rate_stays() -> None:
    swept = cells.make(Options(models=("logistic",), sweeps=("batch_size=1:64",), implementations=("numpy_manual",)))
    assert len({cell.problem.learning_rate for cell in swept.cells}) == 1
    given = Options(datasets=("digits",), batch_sizes=("1",), learning_rate=0.5, implementations=("numpy_manual",))
    assert cells.make(given).cells[0].problem.learning_rate == 0.5
    full, dataset = problem_of("digits", "full", "float32")
    assert full.learning_rate == dataset.learning_rate
