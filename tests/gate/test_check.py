"""The rule, the reference's scales and the orchestration of the gate, tested with hand-made numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.gate import check, expect, judge, observe, reference, trajectory
from bench.gate.case import Case, at_shape, of_problem
from bench.gate.catalogue import cases
from bench.gate.diagnose import agreed, likely_cause
from bench.gate.explain import CHECKS, explain
from bench.gate.jobs import GateJob
from bench.gate.reference import Scaled
from bench.gate.verdicts import Entrant
from bench.process.spawn import Ending
from bench.store.cell import Problem, Status
from bench.store.tables import Agreement
from datasets import synthetic
from impls.numpy_manual import NumpyManual
from impls.protocol import Batching, Dataset, Device, Feed, Model, Params, Recipe, zeros
from tests.scenarios.wrong.unseen_precision import Float32Inside
from tests.support.gates import CPU, DTYPES, judged, opinions

U = 2.0**-24


def _compare(value: object, expected: float, scale: float) -> judge.Judged:
    return judge.compare("start/loss", np.asarray(value), Scaled(np.asarray(expected), np.asarray(scale)), U)


def test_the_budget_is_four_units_of_scale() -> None:
    assert _compare(1 + 3.99 * U, 1.0, 1.0).agrees
    assert not _compare(1 + 4.01 * U, 1.0, 1.0).agrees
    assert _compare(1 + 2 * U, 1.0, 1.0).share == 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_agrees(value: float) -> None:
    judged = _compare(value, 1.0, 1e300)
    assert not judged.agrees
    assert judged.share == np.inf


def test_a_reference_that_is_not_finite_agrees_with_nothing() -> None:
    assert not _compare(np.inf, np.inf, np.inf).agrees
    assert not _compare(1.0, np.nan, 1.0).agrees


def test_another_shape_never_agrees() -> None:
    judged = judge.compare("x", np.zeros((2, 1)), Scaled(np.zeros(2), np.ones(2)), U)
    assert not judged.agrees


def test_without_a_budget_only_equality_agrees() -> None:
    assert _compare(1.0, 1.0, 0.0).agrees
    assert not _compare(np.nextafter(1.0, 2), 1.0, 0.0).agrees


def test_the_worst_entry_is_named() -> None:
    value, expected = np.array([[1.0, 2.0], [3.0, 4.5]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    judged = judge.compare("epoch 2/parameters w", value, Scaled(expected, np.ones((2, 2))), U)
    assert (judged.place, judged.value, judged.expected) == ("epoch 2/parameters w[1, 1]", 4.5, 4.0)


def test_every_case_has_a_reason_and_its_own_name() -> None:
    for model in Model:
        for dtype in DTYPES:
            names = [case.name for case in cases(model, dtype)]
            assert len(set(names)) == len(names)
            assert all(case.reason for case in cases(model, dtype))


def test_cases_are_the_same_in_every_process_and_dtype_but_for_rounding() -> None:
    for single, double in zip(cases(Model.SOFTMAX, "float32"), cases(Model.SOFTMAX, "float64"), strict=True):
        # One of these cases has data made for its dtype; the other computes its data after rounding.
        if single.name not in ("gate:vanishing", "gate:centred"):
            assert np.array_equal(single.dataset.x, double.dataset.x.astype(np.float32))
            assert np.array_equal(single.dataset.y, double.dataset.y)


@pytest.mark.parametrize("model", list(Model))
def test_the_reference_gradient_is_the_slope_of_the_reference_loss(model: Model) -> None:
    """Gradients agree with central differences of the reference's own loss, in long double."""
    for case, opinion in opinions(model, "float64"):
        if case.name not in ("gate:mini", "gate:square", "gate:large_logits"):
            continue
        problem = opinion[0][1].problem
        theta = reference.stacked(case.start, problem)
        gradients = reference.evaluate(problem, theta).gradients.value
        step = np.longdouble(1e-6) / (1 + np.abs(problem.x).max())
        for index in np.ndindex(theta.shape):
            moved = np.zeros_like(theta)
            moved[index] = step
            ends = [reference.evaluate(problem, theta + sign * moved).loss.value for sign in (1, -1)]
            slope = (ends[0] - ends[1]) / (2 * step)
            assert float(slope) == pytest.approx(float(gradients[index]), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("model", list(Model))
def test_the_hessian_is_the_slope_of_the_reference_gradient(model: Model) -> None:
    case, opinion = opinions(model, "float64")[0]
    problem = opinion[0][1].problem
    theta = reference.stacked(case.start, problem)
    hessian = reference.curvature(problem, theta).matrix
    step = np.longdouble(1e-6)
    for number, index in enumerate(np.ndindex(theta.shape)):
        moved = np.zeros_like(theta)
        moved[index] = step
        ends = [reference.evaluate(problem, theta + sign * moved).gradients.value.ravel() for sign in (1, -1)]
        assert ((ends[0] - ends[1]) / (2 * step)).astype(float) == pytest.approx(hessian[:, number], rel=1e-6, abs=1e-9)


def test_an_error_is_carried_through_the_later_steps() -> None:
    """E after two steps is |I - lr H| s_1 + s_2, computed by hand for one pair of parameters."""
    dataset = synthetic.draw(Model.SIMPLE_LINEAR, 5, 1, seed=3).dataset
    problem = reference.widen(dataset)
    run = trajectory.run(problem, reference.stacked(zeros(dataset), problem), Recipe(0.1), range(2))
    step = np.eye(2) - 0.1 * reference.curvature(problem, run.steps[1].before).matrix
    by_hand = np.abs(step) @ run.steps[0].rounding.ravel() + run.steps[1].rounding.ravel()
    (error,) = trajectory.carried(run, [2])
    assert error.ravel() == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("model", list(Model))
def test_float64_is_judged_where_no_dtype_is_wider(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three budgets, right results agree, in bitwise cases bitwise, and internal float32 is still found."""
    monkeypatch.setattr(reference, "wider", lambda dtype: np.dtype(np.float64))
    for case in cases(model, "float64"):
        if case.dataset.n < 1000:
            opinion = expect.expect(case)
            assert opinion[0][1].problem.budgets == 3
            assert all(one.agrees for one in judged(NumpyManual, case, opinion, "float64")[1])
    mini = cases(model, "float64")[0]
    _, judgements = judged(Float32Inside, mini, expect.expect(mini), "float64")
    assert {"loss", "gradients", "parameters"} <= {judge.group(one.name) for one in judgements if not one.agrees}


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_budget_is_enough_where_the_reference_is_wider(dtype: str) -> None:
    problem = reference.widen(cases(Model.LOGISTIC, dtype)[0].dataset)
    assert problem.budgets == 1
    assert problem.granted == 4 * reference.unit_roundoff(dtype)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("model", [Model.LOGISTIC, Model.SOFTMAX])
def test_a_logit_without_a_correct_digit_is_within_its_budget(model: Model, label: int) -> None:
    """For x w = 10^8 - 8 and b = -10^8, float32 summed from the other end gives z = 0, which is honest."""
    x, w, b = np.ones((1, 2), np.float32), np.array([1e8, -8.0], np.float32), np.float32(-1e8)
    p = np.array([[0.5]])
    if model is Model.LOGISTIC:
        dataset = Dataset("lost", model, x, np.array([label], np.float32), 1, 0.1, "", "")
        start = Params(w, b)
    else:
        dataset = Dataset("lost", model, x, np.array([label]), 2, 0.1, "", "")
        start = Params(np.stack([w, 0 * w], axis=1), np.array([b, 0], np.float32))
        p = np.array([[0.5, 0.5]])
    problem = reference.widen(dataset)
    point = reference.evaluate(problem, reference.stacked(start, problem))
    assert np.abs(p - point.predictions.value).max() > 0.49
    assert judge.compare("start/predictions", p, point.predictions, U).agrees
    assert judge.compare("start/loss", np.array(np.log(2)), point.loss, U).agrees


def _problem(model: Model, n: int, batch_size: int | None = None, rate: float = 0.1) -> Problem:
    k = 3 if model is Model.SOFTMAX else 1
    d = 1 if model is Model.SIMPLE_LINEAR else 4
    return Problem("drawn", model, n, d, k, "float32", rate, batch_size, shuffle=False, drop_last=False, seed=0)


def test_a_rate_that_is_too_high_diverges_and_a_stable_one_does_not() -> None:
    dataset = synthetic.draw(Model.MULTIVARIATE_LINEAR, 50, 4, seed=0, dtype="float32").dataset
    assert trajectory.diverges(_problem(dataset.model, 50, rate=10.0), dataset, 5)
    assert not trajectory.diverges(_problem(dataset.model, 50, rate=dataset.learning_rate), dataset, 5)


def test_a_suggested_rate_is_rounded_down() -> None:
    assert check._rounded_down(0.0995) == pytest.approx(0.099)
    assert check._rounded_down(0.1) <= 0.1


@pytest.mark.parametrize("model", list(Model))
def test_rows_of_zeros_leave_what_the_whole_reference_says(model: Model) -> None:
    """The small problem's expectations, scaled, equal the reference's results on all rows."""
    spread, *_ = at_shape(_problem(model, 256), "float32")
    (_, opinion), *_ = expect.expect(spread)
    whole = reference.widen(spread.dataset)
    gradients = reference.evaluate(whole, reference.stacked(spread.start, whole)).gradients.value
    small = opinion.common["start/gradients w"]
    assert np.ravel(small.value).astype(float) == pytest.approx(gradients[:-1].ravel(), rel=1e-12)


def test_small_problems_have_no_check_of_their_shape() -> None:
    assert list(at_shape(_problem(Model.LOGISTIC, 100), "float32")) == []
    assert [case.dataset.n for case in at_shape(_problem(Model.MULTIVARIATE_LINEAR, 1000), "float32")] == [1000, 512]


def test_the_parameters_of_its_own_data_are_looked_at_early_and_in_the_end() -> None:
    dataset = synthetic.draw(Model.LOGISTIC, 20, 4, seed=0, dtype="float32").dataset
    assert of_problem(_problem(Model.LOGISTIC, 20), dataset, epochs=1).watched == (1,)
    assert of_problem(_problem(Model.LOGISTIC, 20), dataset, epochs=50).watched == (1, 2, 3, 4, 5, 8, 16, 32, 50)


def test_a_cause_is_named_only_if_most_failing_cases_name_it() -> None:
    assert agreed(["a sum over the 13 rows", "a sum over the 4 rows", ""]) == "a sum over the 13 rows"
    assert agreed(["one epoch too few", "", "", ""]) == ""
    assert agreed(["", ""]) == ""


def test_every_quantity_of_the_gate_is_explained() -> None:
    assert set(CHECKS) == {*judge.GROUPS.values(), judge.CONDUCT}


def test_a_failed_check_is_explained_with_the_reason_of_its_data() -> None:
    row = Agreement(
        "mine", "reference", Model.LOGISTIC, "gate:mini", "float32", "cpu", 4, "parameters", "epoch 1/parameters b",
        1.0, 2.0, 1.0, 0.1, 10.0, Status.MISMATCH,
    )  # fmt: skip
    (explanation,) = explain([row])
    assert "shuffled again" in explanation.data["gate:mini"]
    assert "learning rate" in explanation.check.causes


def test_a_worker_that_says_nothing_is_a_failure_and_not_a_pass(tmp_path: Path) -> None:
    """A worker that ends normally without a record counts as not observed."""
    entrant = Entrant("mine", "cpu", 1)
    folder = tmp_path / "gate-0"
    folder.mkdir()
    job = GateJob("mine", "cpu", "float32", 5, (Model.SIMPLE_LINEAR,), (Feed.DEVICE,), (), str(folder))
    seen = list(check._collect(entrant, job, Ending(Status.OK, "")))
    assert seen
    assert {one.status for one in seen} == {Status.FAILED}


@pytest.mark.parametrize("size", [1e-9, 0.1, 3.0, 50.0, 1e5])
def test_the_furthest_probability_is_that_of_its_corner(size: float) -> None:
    """The result equals the softmax at that corner of the box, for each logit."""
    generator = np.random.default_rng(1)
    z = 5 * generator.normal(size=(6, 4)).astype(np.longdouble)
    t = size * np.abs(generator.normal(size=(6, 4))).astype(np.longdouble)
    for sign in (1, -1):
        furthest = reference._apart(z, sign * t)
        for c in range(4):
            corner = z - sign * t
            corner[:, c] = z[:, c] + sign * t[:, c]
            e = np.exp(corner - corner.max(axis=1, keepdims=True))
            assert furthest[:, c].astype(float) == pytest.approx((e[:, c] / e.sum(axis=1)).astype(float), abs=1e-15)


class KeepsRows(NumpyManual):
    """Copy all rows in the constructor."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(replace(dataset, x=dataset.x.copy()), start, recipe, device)


class KeepsRowsToShuffle(NumpyManual):
    """Copy all rows if they are shuffled in each epoch."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        kept = replace(dataset, x=dataset.x.copy()) if recipe.batching.shuffle else dataset
        super().__init__(kept, start, recipe, device)


class KeepsTargets(NumpyManual):
    """Copy only the targets."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(replace(dataset, y=dataset.y.copy()), start, recipe, device)


class Brings(NumpyManual):
    """Keep a reference to the host's rows, for subclasses that copy them at the wrong time."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._host = dataset
        super().__init__(dataset, start, recipe, device)


class BringsInReset(Brings):
    """Copy all rows in `reset`, which is not timed."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._x, self._y = self._host.x.copy(), self._host.y.copy()


class BringsOnce(Brings):
    """Copy all rows in the first epoch after `reset`, and reuse them in later epochs."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._brought = False

    def epoch(self) -> None:
        if not self._brought:
            self._x, self._y, self._brought = self._host.x.copy(), self._host.y.copy(), True
        super().epoch()


@pytest.mark.parametrize("keeper", [KeepsRows, KeepsTargets, BringsInReset, BringsOnce])
@pytest.mark.parametrize("model", [Model.SIMPLE_LINEAR, Model.LOGISTIC])
def test_rows_that_are_kept_where_they_should_be_brought_are_found(keeper: type[NumpyManual], model: Model) -> None:
    dataset = synthetic.draw(model, 12, 1, 1, 0, dtype="float32").dataset
    case = Case("fed", "rows on the host", dataset, zeros(dataset), Recipe(0.1, Batching(5), Feed.HOST), 2, (2,))
    seen = observe.observe(keeper, case, CPU)
    found = judge.against_reference(seen, expect.expect(case), reference.unit_roundoff("float32"))
    assert [one.name for one in found if not one.agrees] == ["itself/fed"]
    assert likely_cause(case, seen, expect.expect(case), found).startswith("it keeps its own copy of the rows")


@pytest.mark.parametrize(("shuffle", "wrong"), [(True, ["itself/fed"]), (False, [])])
def test_rows_that_are_kept_only_to_be_shuffled_are_found(shuffle: bool, wrong: list[str]) -> None:
    dataset = synthetic.draw(Model.LOGISTIC, 12, 1, 1, 0, dtype="float32").dataset
    recipe = Recipe(0.1, Batching(5, shuffle=shuffle), Feed.HOST)
    case = Case("fed", "rows on the host", dataset, zeros(dataset), recipe, 2, (2,))
    for keeper, expected in ((KeepsRowsToShuffle, wrong), (NumpyManual, [])):
        seen = observe.observe(keeper, case, CPU)
        found = judge.against_reference(seen, expect.expect(case), reference.unit_roundoff("float32"))
        assert [one.name for one in found if not one.agrees] == expected


def test_what_is_fed_is_tried_on_every_case_of_the_gate() -> None:
    resident, fed = (cases(Model.LOGISTIC, "float32", feed) for feed in Feed)
    assert len(resident) == len(fed)
    assert {case.recipe.feed for case in fed} == {Feed.HOST}
    assert not {case.name for case in resident} & {case.name for case in fed}
