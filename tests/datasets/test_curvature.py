"""L bounds the Hessian's largest eigenvalue, and equals it where theory says so."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

import datasets
from datasets import curvature, lessons
from datasets.curvature import largest_eigenvalue, learning_rate, stable_learning_rate, steepest
from datasets.dataset import Batching, Model

Matrix = NDArray[np.float64]


def features(n: int, d: int) -> Matrix:
    return np.random.default_rng(7).normal(1.0, 2.0, (n, d))


def with_ones(x: Matrix) -> Matrix:
    return np.column_stack([x, np.ones(len(x))])


def softmax_hessian(x: Matrix, w: Matrix) -> Matrix:
    """The Hessian over (w, b), summed row by row; w is (d + 1, k)."""
    a = with_ones(x)
    exponentials = np.exp(a @ w)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    hessian = np.zeros((w.size, w.size))
    for row, p in zip(a, probabilities, strict=True):
        hessian += np.kron(np.outer(row, row), np.diag(p) - np.outer(p, p)) / len(x)
    return hessian


def test_the_eigenvalues_of_triple_are_those_worked_out_by_hand() -> None:
    # 2 G = [[91/3, 7], [7, 2]]: trace 97/3, determinant 35/3.
    expected = (97 / 3 + np.sqrt((97 / 3) ** 2 - 4 * 35 / 3)) / 2
    assert expected == pytest.approx(31.968389498195, abs=5e-13)
    assert largest_eigenvalue(Model.SIMPLE_LINEAR, lessons.triple().x) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("n", "d"), [(40, 3), (3, 40), (5, 5), (6, 5), (1, 1)])
def test_linear_bound_is_twice_the_squared_singular_value(n: int, d: int) -> None:
    x = features(n, d)
    expected = 2 * np.linalg.svd(with_ones(x), compute_uv=False)[0] ** 2 / n
    assert largest_eigenvalue(Model.MULTIVARIATE_LINEAR, x) == pytest.approx(expected, rel=1e-12)


def test_softmax_bound_is_attained_by_two_equal_classes() -> None:
    x = features(20, 3)
    top = np.linalg.eigvalsh(softmax_hessian(x, np.zeros((4, 2))))[-1]
    assert largest_eigenvalue(Model.SOFTMAX, x) == pytest.approx(top, rel=1e-12)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_softmax_bound_is_never_exceeded(k: int) -> None:
    x = features(20, 3)
    bound = largest_eigenvalue(Model.SOFTMAX, x)
    for seed in range(20):
        w = np.random.default_rng(seed).normal(0, 2.0 ** (seed % 5 - 3), (4, k))
        assert np.linalg.eigvalsh(softmax_hessian(x, w))[-1] <= bound * (1 + 1e-12)


def test_logistic_bound_is_attained_at_zero() -> None:
    x = features(20, 3)
    a = with_ones(x)
    top = np.linalg.eigvalsh(a.T @ (0.25 * a) / 20)[-1]
    assert largest_eigenvalue(Model.LOGISTIC, x) == pytest.approx(top, rel=1e-12)


def test_zero_features_still_have_the_bias() -> None:
    assert learning_rate(Model.MULTIVARIATE_LINEAR, np.zeros((9, 4))) == 0.5


@pytest.mark.parametrize(("n", "d"), [(40, 6), (6, 40)])
def test_blocks_do_not_change_the_result(n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = features(n, d)
    whole = largest_eigenvalue(Model.LOGISTIC, x)
    monkeypatch.setattr(curvature, "BLOCK_NUMBERS", 100)
    assert largest_eigenvalue(Model.LOGISTIC, x) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_a_large_table_gets_a_bound_between_the_eigenvalue_and_the_trace(
    scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = scale * features(40, 30)
    exact = largest_eigenvalue(Model.SIMPLE_LINEAR, x)
    monkeypatch.setattr(curvature, "LARGEST_GRAM", 10)
    monkeypatch.setattr(curvature, "BLOCK_NUMBERS", 100)
    bound = largest_eigenvalue(Model.SIMPLE_LINEAR, x)
    assert exact <= bound <= 2 * np.sum(with_ones(x) ** 2) / 40 * (1 + 1e-12)


def test_rows_name_a_batch() -> None:
    x = features(20, 3)
    expected = largest_eigenvalue(Model.SOFTMAX, x[4:9].copy())
    assert largest_eigenvalue(Model.SOFTMAX, x, slice(4, 9)) == pytest.approx(expected, rel=1e-12)
    assert largest_eigenvalue(Model.SOFTMAX, x, np.array([8, 5, 4, 7, 6])) == pytest.approx(expected, rel=1e-12)


def test_the_stable_rate_is_that_of_the_steepest_batch() -> None:
    # Facts 4 of quiz_scores is the longest: a'a = 96^2 + 98^2 + 100^2 + 1 = 28821.
    assert stable_learning_rate(lessons.quiz_scores(), Batching(1)) == pytest.approx(1 / (2 * 28821), rel=1e-12)


def test_the_stable_rate_needs_a_batch() -> None:
    with pytest.raises(ValueError, match=r"^quiz_scores: 5 rows make no full batch of 6: .+$"):
        stable_learning_rate(lessons.quiz_scores(), Batching(6, drop_last=True))


def test_descent_at_the_learning_rate_never_rises() -> None:
    data = lessons.pass_fail()
    a, y, w = with_ones(data.x.astype(np.float64)), data.y, np.full(3, 5.0)
    losses = []
    for _ in range(200):
        z = a @ w
        losses.append(float(np.mean(np.logaddexp(0, z) - y * z)))
        w = w - data.learning_rate * a.T @ (1 / (1 + np.exp(-z)) - y) / len(y)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 4


def test_features_too_large_to_square_are_refused() -> None:
    with pytest.raises(OverflowError, match="exceed the range of float64"):
        largest_eigenvalue(Model.LOGISTIC, np.array([[1e200], [2.0]]))


@pytest.mark.parametrize("shape", [(400_000, 8), (8, 400_000)])
def test_nothing_the_size_of_x_is_copied(shape: tuple[int, int]) -> None:
    x = np.ones(shape, dtype=np.float32)
    tracemalloc.start()
    try:
        largest_eigenvalue(Model.LOGISTIC, x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 2


@pytest.mark.parametrize("batching", [Batching(1), Batching(3), Batching(8, shuffle=True), Batching(64)])
def test_small_batches_solved_together_have_the_curvature_of_the_steepest(batching: Batching) -> None:
    dataset = datasets.load("breast_cancer", dtype="float64")
    each = [largest_eigenvalue(dataset.model, dataset.x, rows) for rows in batching.rows(dataset.n, 1)]
    assert steepest(dataset, batching, 1) == pytest.approx(max(each), rel=1e-9)
