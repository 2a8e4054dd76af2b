"""The exact figures of the study notes, on every implementation.

In float64 to 10 digits; in float32 within the gate's rounding budget for that run. The figures are exact (rational or
50-digit arithmetic), so this is independent of the gate's own reference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

import numpy as np
import pytest

import impls
from bench.gate import reference, trajectory
from bench.gate.reference import BUDGET, Scaled
from datasets import lessons
from impls.protocol import Batching, Dataset, Implementation, Model, Params, Recipe, zeros
from tests.support.gates import CPU, DTYPES, UNCOMPILED, precision

# Cost before update t, and w, b after the last update.
STUDY_HOURS = {0: 18.6666666667, 1: 14.7709629630, 1000: 6.3284014473e-4, 3750: 1.1279854763e-9}
STUDY_HOURS_PARAMETERS = {1000: (1.9707825060, 0.0664182314)}
QUIZ_SCORES = {0: 29661.8, 1: 9298.51965442, 2: 2915.71221941, 10: 1.89767470664, 20: 1.61905312358}
QUIZ_SCORES_PARAMETERS = {20: ((0.668993940383, 0.665952004199, 0.675753666499), 0.007797172410)}


@pytest.fixture(params=UNCOMPILED)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """Each row of the table; one whose library is missing is skipped with the reason."""
    try:
        return impls.load(request.param)
    except impls.Unavailable as reason:
        pytest.skip(str(reason))


def _trained(
    implementation: Implementation, dataset: Dataset, watched: Collection[int], start: Params | None = None
) -> dict[int, tuple[float, Params]]:
    """Return cost and parameters after each of these numbers of full-batch updates of one run."""
    with precision(str(dataset.x.dtype)):
        start = zeros(dataset) if start is None else start
        trainer = implementation(dataset, start, Recipe(dataset.learning_rate), CPU)
        trainer.reset(start, max(watched))
        seen, done = {}, 0
        for epochs in sorted(watched):
            for _ in range(done, epochs):
                trainer.epoch()
            trainer.synchronize()
            seen[epochs], done = (trainer.loss_and_gradients()[0], trainer.params()), epochs
        return seen


def _allowed(table: Callable[[], Dataset], dtype: str, epochs: int) -> tuple[float, np.ndarray]:
    """Return the rounding budget of the cost and of (w, b), including the rounding of the rate itself."""
    rounded, exact = (_reference(table, each, epochs) for each in (dtype, "float64"))
    u = reference.unit_roundoff(dtype)
    return (
        BUDGET * u * float(rounded[1].scale) + abs(float(rounded[1].value - exact[1].value)),
        BUDGET * u * rounded[0].scale.ravel() + np.abs(rounded[0].value - exact[0].value).ravel(),
    )


@cache  # the same for every implementation
def _reference(table: Callable[[], Dataset], dtype: str, epochs: int) -> tuple[Scaled, Scaled]:
    dataset = table().astype(dtype)
    problem = reference.widen(dataset)
    start = reference.stacked(zeros(dataset), problem)
    if epochs == 0:
        return Scaled(start, np.zeros_like(start)), reference.evaluate(problem, start).loss
    run = trajectory.run(problem, start, Recipe(dataset.learning_rate), range(epochs))
    (last,) = trajectory.watch(run, problem, [epochs])
    return last


def _agrees(value: float, figure: float, allowed: float) -> bool:
    """Return whether a value matches a figure to ten digits, or ten decimals, within rounding."""
    return abs(value - figure) <= max(1e-10 * abs(figure), 0.5e-10) + allowed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("table", "costs", "parameters"),
    [
        (lessons.study_hours, STUDY_HOURS, STUDY_HOURS_PARAMETERS),
        (lessons.quiz_scores, QUIZ_SCORES, QUIZ_SCORES_PARAMETERS),
    ],
)
def test_costs_and_parameters(
    implementation: Implementation,
    table: Callable[[], Dataset],
    costs: dict[int, float],
    parameters: dict[int, tuple[float | tuple[float, ...], float]],
    dtype: str,
) -> None:
    trained = _trained(implementation, table().astype(dtype), costs)
    for epochs, cost in costs.items():
        value, params = trained[epochs]
        cost_allowed, params_allowed = _allowed(table, dtype, epochs)
        assert value == pytest.approx(cost, rel=1e-10, abs=cost_allowed), epochs
        if epochs in parameters:
            figures = np.concatenate([np.ravel(part) for part in parameters[epochs]])
            for own, figure, allowed in zip(_flat(params), figures, params_allowed, strict=True):
                assert _agrees(own, figure, float(allowed))


def _flat(params: Params) -> list[float]:
    return [float(entry) for part in params for entry in np.ravel(part)]


def test_float64_gives_ten_digits(implementation: Implementation) -> None:
    """Rounding in float64 stays below the tenth digit, except where the cost is nearly 0."""
    for table, costs in ((lessons.study_hours, STUDY_HOURS), (lessons.quiz_scores, QUIZ_SCORES)):
        large = {epochs: cost for epochs, cost in costs.items() if cost > 1e-6}
        for epochs, (value, _) in _trained(implementation, table(), large).items():
            assert value == pytest.approx(large[epochs], rel=1e-10), epochs


@pytest.mark.parametrize("dtype", DTYPES)
def test_identity_is_exactly_half_of_study_hours(implementation: Implementation, dtype: str) -> None:
    """Halving y halves every number during training, and halving is exact."""
    tables = (lessons.study_hours().astype(dtype), lessons.identity().astype(dtype))
    (_, whole), (_, half) = (_trained(implementation, table, [100])[100] for table in tables)
    assert [2 * value for value in _flat(half)] == _flat(whole)


def test_a_cost_that_prints_as_0_is_not_0(implementation: Implementation) -> None:
    """With eight decimals the cost prints as 0 from update 3441 on, but it still falls."""
    trained = _trained(implementation, lessons.study_hours(), (3440, 3441, 3750))
    before, at, later = (cost for cost, _ in trained.values())
    assert f"{before:.8f}" == "0.00000001"
    assert f"{at:.8f}" == f"{later:.8f}" == "0.00000000"
    assert 0 < later < at


def test_the_hand_formula_without_a_bias_is_the_gradient(implementation: Implementation) -> None:
    """g = 2 mean((w x - y) x), with the bias held at 0."""
    dataset = lessons.study_hours()
    start = Params(np.array(0.7), np.array(0.0))
    with precision("float64"):
        _, gradients = implementation(dataset, start, Recipe(0.1), CPU).loss_and_gradients()
    by_hand = 2 * np.mean((0.7 * dataset.x - dataset.y) * dataset.x)
    problem = reference.widen(dataset)
    scale = reference.evaluate(problem, reference.stacked(start, problem)).gradients.scale[0, 0]
    assert abs(float(gradients.w) - by_hand) <= 2 * BUDGET * reference.unit_roundoff("float64") * float(scale)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_triple_falls_at_its_own_rate_from_any_start(implementation: Implementation, seed: int) -> None:
    """Past epoch 100 the cost falls by (1 - 0.01 * 0.364943835138)^200 every 100 epochs."""
    generator = np.random.default_rng(seed)
    start = Params(np.array(generator.normal()), np.array(generator.normal()))
    (cost_100, _), (cost_200, _) = _trained(implementation, lessons.triple(), (100, 200), start).values()
    assert cost_200 / cost_100 == pytest.approx(0.481320091403, rel=1e-10)


def test_softmax_of_1_2_3(implementation: Implementation) -> None:
    dataset = Dataset("logits", Model.SOFTMAX, np.ones((3, 1)), np.array([0, 1, 2]), 3, 0.1, "", "")
    start = Params(np.array([[1.0, 2.0, 3.0]]), np.zeros(3))
    with precision("float64"):
        p = implementation(dataset, start, Recipe(0.1), CPU).predict(dataset.x)
    assert p[0] == pytest.approx([0.0900305732, 0.2447284711, 0.6652409558], abs=5e-11)


def test_the_same_seed_gives_the_same_run(implementation: Implementation) -> None:
    dataset = lessons.three_grades()
    recipe = Recipe(dataset.learning_rate, Batching(3, shuffle=True, seed=4))
    ends = []
    for _ in range(2):
        with precision("float64"):
            trainer = implementation(dataset, zeros(dataset), recipe, CPU)
            trainer.reset(zeros(dataset), 10)
            for _ in range(10):
                trainer.epoch()
            trainer.synchronize()
            ends.append(_flat(trainer.params()))
    assert ends[0] == ends[1]
