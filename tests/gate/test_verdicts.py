"""Whatever an implementation shows ends in a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.gate import judge, verdicts
from bench.gate.case import Case, of_problem
from bench.gate.expect import expect
from bench.gate.observe import observe
from bench.gate.verdicts import Entrant, Opinions, Seen, judged, verdict
from bench.store.cell import Cell, Problem, Status
from bench.store.layout import REPORT_MD
from datasets.dataset import Dataset, Model
from impls.numpy_manual import NumpyManual
from tests.scenarios.draw import observations
from tests.support.gates import CPU

DRAWN = 240


def test_random_observations_end_in_verdicts_and_reports(tmp_path: Path) -> None:
    """`python -m tests.scenarios.draw.observations` tries any number of further ones."""
    found = list(observations.outcomes(DRAWN))
    assert {one.status for one, _ in found} <= {Status.OK, Status.MISMATCH, Status.UNCHECKED}
    assert sum(one.status is Status.MISMATCH for one, _ in found) > DRAWN / 2
    assert [row.cause for _, rows in found for row in rows if "search for it failed" in row.cause] == []
    observations.report(found, tmp_path)
    assert all((tmp_path / timed / REPORT_MD).stat().st_size > 0 for timed in ("True", "False"))


def test_a_fault_in_the_search_for_a_cause_costs_the_cause_and_not_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall_over(*_given: Any) -> str:
        raise KeyError("epoch 1/parameters b")

    monkeypatch.setattr(verdicts, "likely_cause", fall_over)
    found = [observations.outcome(Model.LOGISTIC, "float32", number)[0] for number in range(20)]
    wrong = [one for one in found if one.status is Status.MISMATCH]
    assert wrong
    assert all("the search for it failed (KeyError: 'epoch 1/parameters b')" in one.detail for one in wrong)


def own_case(model: Model, features: float, targets: float, rate: float) -> tuple[Problem, Case]:
    """Return a benchmarked problem with features and targets of these sizes; of a classifier, the share of ones."""
    generator = np.random.default_rng(2)
    x = (features * np.abs(generator.standard_normal((8, 2)))).astype("float32")
    y = (generator.random(8) < targets if model.classifies else targets * generator.standard_normal(8)).astype(
        "float32"
    )
    problem = Problem("drawn", model, 8, 2, 1, "float32", rate, None, False, False, 0)
    return problem, of_problem(problem, Dataset("drawn", model, x, y, 1, rate, "drawn", "none"), 2)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("model", "features", "targets", "rate", "words"),
    [
        (Model.MULTIVARIATE_LINEAR, 1.0, 1.0, 0.1, ""),
        (Model.LOGISTIC, 1.0, 0.5, 0.1, ""),
        (Model.MULTIVARIATE_LINEAR, 1.0, 1e30, 0.1, "start/loss: numbers up to"),
        (Model.MULTIVARIATE_LINEAR, 1.0, 1e-30, 0.1, "point 0/loss: errors of"),  # at zeros, r is as small as y
        (Model.MULTIVARIATE_LINEAR, 1e-35, 1.0, 0.1, "are below the smallest normal float32"),
        (Model.LOGISTIC, 1e10, 1.0, 1e25, "epoch 1/parameters: logits up to"),  # the loss is 0,
    ],
)
def test_what_a_dtype_cannot_hold_is_named(
    model: Model, features: float, targets: float, rate: float, words: str
) -> None:
    ((_, opinion),) = expect(own_case(model, features, targets, rate)[1])
    found = judge.out_of_range(opinion)
    assert words in found and bool(words) == bool(found)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_honest_implementation_is_not_blamed_for_what_its_dtype_cannot_hold() -> None:
    problem, case = own_case(Model.MULTIVARIATE_LINEAR, 1.0, 1e30, 0.1)
    cell = Cell("numpy_manual", problem, "cpu", 1)
    seen = Seen(
        Entrant("numpy_manual", "cpu", 1), "float32", case, problem, Status.OK, "", observe(NumpyManual, case, CPU)
    )
    opinions = Opinions()
    compared = list(judged([seen], opinions))
    assert Status.MISMATCH in {row.status for _, row in compared}
    found = verdict(cell, [seen], compared, opinions)
    assert found.status is Status.OUT_OF_RANGE
    assert found.detail.endswith(judge.RANGE_REMEDY)
