"""Synthetic data are reproducible to the byte, drawn from the stated weights, and not copied."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from datasets import load, synthetic
from datasets.dataset import Model
from datasets.synthetic import Synthetic, parse

SIZES = [
    (Model.SIMPLE_LINEAR, 1, 1),
    (Model.MULTIVARIATE_LINEAR, 5, 1),
    (Model.LOGISTIC, 5, 1),
    (Model.SOFTMAX, 5, 4),
]
each_model = pytest.mark.parametrize(("model", "d", "k"), SIZES)


def bytes_of(drawn: Synthetic) -> tuple[bytes, ...]:
    return tuple(array.tobytes() for array in (drawn.dataset.x, drawn.dataset.y, drawn.w, drawn.b))


@each_model
def test_the_same_seed_gives_the_same_bytes_whatever_the_blocks(
    model: Model, d: int, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bytes_of(synthetic.draw(model, 1000, d, k, seed=3))
    assert bytes_of(synthetic.draw(model, 1000, d, k, seed=3)) == first
    monkeypatch.setattr(synthetic, "BLOCK_NUMBERS", 37)
    assert bytes_of(synthetic.draw(model, 1000, d, k, seed=3)) == first


@each_model
def test_another_seed_gives_other_numbers(model: Model, d: int, k: int) -> None:
    one, other = (bytes_of(synthetic.draw(model, 1000, d, k, seed=seed)) for seed in (3, 4))
    assert all(a != b for a, b in zip(one, other, strict=True))


@each_model
def test_float32_holds_the_same_draws_rounded(model: Model, d: int, k: int) -> None:
    wide = synthetic.draw(model, 1000, d, k, seed=3).dataset.astype("float32")
    narrow = synthetic.draw(model, 1000, d, k, seed=3, dtype="float32").dataset
    assert narrow.x.dtype == np.float32
    assert (narrow.x.tobytes(), narrow.y.tobytes(), narrow.y.dtype) == (
        wide.x.tobytes(),
        wide.y.tobytes(),
        wide.y.dtype,
    )


def test_more_rows_begin_with_the_same_rows() -> None:
    short, long = (synthetic.draw(Model.SOFTMAX, n, 5, 4, seed=1).dataset for n in (100, 300))
    np.testing.assert_array_equal(short.x, long.x[:100])
    np.testing.assert_array_equal(short.y, long.y[:100])


@each_model
def test_shapes_are_those_of_the_parameters(model: Model, d: int, k: int) -> None:
    drawn = synthetic.draw(model, 9, d, k)
    shapes = {
        Model.SIMPLE_LINEAR: ((9,), (), ()),
        Model.MULTIVARIATE_LINEAR: ((9, 5), (5,), ()),
        Model.LOGISTIC: ((9, 5), (5,), ()),
        Model.SOFTMAX: ((9, 5), (5, 4), (4,)),
    }
    assert (drawn.dataset.x.shape, drawn.w.shape, drawn.b.shape) == shapes[model]
    assert (drawn.dataset.n, drawn.dataset.d, drawn.dataset.classes) == (9, d, k)


def test_features_are_standard_normal() -> None:
    x = synthetic.draw(Model.LOGISTIC, 100_000, 4).dataset.x
    # Six standard errors: 6/sqrt(n) for a mean, 6 sqrt(2/n) for a variance and 6 sqrt(96/n) for a fourth moment.
    assert np.abs(x.mean(axis=0)).max() < 0.019
    assert np.abs((x**2).mean(axis=0) - 1).max() < 0.027
    assert np.abs((x**4).mean(axis=0) - 3).max() < 0.186
    assert np.abs(np.corrcoef(x, rowvar=False) - np.eye(4)).max() < 0.019


@pytest.mark.parametrize(("model", "d"), [(Model.SIMPLE_LINEAR, 1), (Model.MULTIVARIATE_LINEAR, 5)])
def test_least_squares_finds_the_true_weights(model: Model, d: int) -> None:
    drawn = synthetic.draw(model, 100_000, d)
    a = np.column_stack([drawn.dataset.x, np.ones(100_000)])
    found, *_ = np.linalg.lstsq(a, drawn.dataset.y.astype(np.float64), rcond=None)
    # Six standard errors of a coefficient: 6 * 0.1 / sqrt(n).
    np.testing.assert_allclose(found, [*np.atleast_1d(drawn.w), drawn.b], rtol=0, atol=0.0019)
    assert np.std(drawn.dataset.y - a @ found) == pytest.approx(0.1, rel=6 / np.sqrt(2 * 100_000))


def test_classes_occur_as_often_as_their_probabilities_say() -> None:
    n = 100_000
    drawn = synthetic.draw(Model.SOFTMAX, n, 3, 4)
    exponentials = np.exp(drawn.dataset.x @ drawn.w + drawn.b)
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    one_hot = np.eye(4)[drawn.dataset.y.astype(np.int64)]
    # E[(one_hot - p) a] = 0 at the true weights, and each term has a variance of at most 1/4: six standard errors.
    a = np.column_stack([drawn.dataset.x, np.ones(n)])
    assert np.abs(a.T @ (one_hot - p) / n).max() < 6 * 0.5 / np.sqrt(n)

    binary = synthetic.draw(Model.LOGISTIC, n, 3)
    p1 = 1 / (1 + np.exp(-(binary.dataset.x @ binary.w + binary.b)))
    a = np.column_stack([binary.dataset.x, np.ones(n)])
    assert np.abs(a.T @ (binary.dataset.y - p1) / n).max() < 6 * 0.5 / np.sqrt(n)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("model", "d", "k"), [(Model.SOFTMAX, 16, 3), (Model.SIMPLE_LINEAR, 1, 1)])
def test_nothing_beyond_the_arrays_grows_with_n(model: Model, d: int, k: int, dtype: str) -> None:
    n = 400_000
    tracemalloc.start()
    try:
        dataset = synthetic.draw(model, n, d, k, dtype=dtype).dataset
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Blocks of 2^16 drawn and 2^18 summed numbers, a few at a time, whatever n is.
    assert peak - dataset.x.nbytes - dataset.y.nbytes < 6 * 2**20


@pytest.mark.parametrize(
    ("spec", "sizes", "name"),
    [
        (
            "synthetic:softmax,n=100000,d=64,k=10,seed=7",
            (Model.SOFTMAX, 100_000, 64, 10, 7),
            "synthetic:softmax,n=100000,d=64,k=10,seed=7",
        ),
        ("synthetic:softmax,n=1e3", (Model.SOFTMAX, 1000, 16, 3, 0), "synthetic:softmax,n=1000,d=16,k=3,seed=0"),
        ("synthetic:simple_linear,n=50", (Model.SIMPLE_LINEAR, 50, 1, 1, 0), "synthetic:simple_linear,n=50,d=1,seed=0"),
        ("synthetic: logistic, d=2, n=5", (Model.LOGISTIC, 5, 2, 1, 0), "synthetic:logistic,n=5,d=2,seed=0"),
    ],
)
def test_a_spec_is_read_and_its_name_is_the_full_spec(
    spec: str, sizes: tuple[Model, int, int, int, int], name: str
) -> None:
    assert parse(spec) == sizes
    assert synthetic.name(*sizes) == name
    assert parse(name) == sizes


def test_load_draws_in_the_dtype_asked_for() -> None:
    dataset = load("synthetic:logistic,n=20,d=2,seed=4", dtype="float32")
    expected = synthetic.draw(Model.LOGISTIC, 20, 2, seed=4, dtype="float32").dataset
    np.testing.assert_array_equal(dataset.x, expected.x)
    assert dataset.name == "synthetic:logistic,n=20,d=2,seed=4"
    assert dataset.y.dtype == np.float32


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("synthetic", "no model ''"),
        ("synthetic:", "no model ''"),
        ("synthetic:softmx,n=5", "did you mean softmax"),
        ("synthetic:softmax", "add n="),
        ("synthetic:softmax,d=3", "add n="),
        ("synthetic:softmax,n=0", "n and d must be 1 or more"),
        ("synthetic:softmax,n=-5", "n and d must be 1 or more"),
        ("synthetic:softmax,n=5,d=0", "n and d must be 1 or more"),
        ("synthetic:softmax,n=5,seed=-1", "seed 0 or more"),
        ("synthetic:softmax,n=5,k=1", "at least two classes"),
        ("synthetic:softmax,n=5,n=6", "'n' is given twice"),
        ("synthetic:softmax,n=5,rows=6", "'rows' is not a setting"),
        ("synthetic:softmax,n=5,", "'' is not a setting"),
        ("synthetic:logistic,n=5,k=2", "'k' is not a setting of logistic"),
        ("synthetic:simple_linear,n=5,d=2", "multivariate_linear"),
        ("synthetic:logistic,n=5.5", "n=5.5 is not a whole number"),
        ("synthetic:logistic,n=inf", "n=inf is not a whole number"),
        ("synthetic:logistic,n=", "n= is not a whole number"),
        ("synthetic:logistic,n=1e18,d=1000", "use fewer rows"),
    ],
)
def test_a_bad_spec_is_refused_in_one_line(spec: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        load(spec)
    message = str(caught.value)
    assert message.startswith("synthetic")
    assert reason in message
    assert "\n" not in message
