"""The table of datasets matches what its loaders return, and the numbers are the published ones."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from sklearn.preprocessing import StandardScaler

from bench.store.layout import ROOT
from datasets import DATASETS, Dataset, Facts, Model, UnknownDataset, lessons, load
from datasets.prepared import open_saved, save

LESSONS = ("study_hours", "identity", "triple", "quiz_scores", "pass_fail", "three_grades")
BUNDLED = ("diabetes_bmi", "diabetes", "breast_cancer", "digits", "iris", "wine")


def test_the_table_lists_lessons_and_bundled_sets() -> None:
    assert tuple(DATASETS) == LESSONS + BUNDLED


@pytest.mark.parametrize("row", DATASETS.values(), ids=DATASETS)
def test_a_row_is_true_of_what_it_loads(row: Facts) -> None:
    dataset = load(row.name)
    found = (dataset.name, dataset.model, dataset.n, dataset.d, dataset.classes)
    assert found == (row.name, row.model, row.n, row.d, row.k)
    assert dataset.x.dtype == np.float64
    assert dataset.x.flags.c_contiguous
    assert np.isfinite(dataset.x).all()
    assert dataset.source
    assert dataset.licence
    if row.model.classifies:
        classes = max(row.k, 2)
        np.testing.assert_array_equal(np.unique(dataset.y), np.arange(classes))
        assert len(dataset.labels) in (0, classes)


def test_a_row_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DATASETS["iris"].n = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "rate"), [("study_hours", 0.01), ("identity", 0.01), ("triple", 0.01), ("quiz_scores", 1e-5)]
)
def test_the_lessons_keep_their_own_rates(name: str, rate: float) -> None:
    assert load(name).learning_rate == rate


def test_the_lessons_tables() -> None:
    hours, same, triple, quiz = (load(name) for name in LESSONS[:4])
    np.testing.assert_array_equal(hours.y, 2 * hours.x)
    np.testing.assert_array_equal([same.x, same.y], [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal([triple.x, triple.y], [[1, 2, 3, 4, 5, 6], [3, 6, 9, 12, 15, 18]])
    # The costs before the first update in the notes, at zero parameters: mean(y^2).
    assert np.mean(hours.y.astype(np.float64) ** 2) == pytest.approx(18.6666666667, abs=5e-11)
    assert np.mean(quiz.y.astype(np.float64) ** 2) == pytest.approx(29661.8, rel=1e-15)


def test_one_update_of_the_quiz_scores_gives_the_cost_of_the_notes() -> None:
    quiz = load("quiz_scores")
    w, b = 1e-5 * 2 * quiz.x.T @ quiz.y / 5, 1e-5 * 2 * quiz.y.mean()
    assert np.mean((quiz.x @ w + b - quiz.y) ** 2) == pytest.approx(9298.51965442, abs=5e-9)


def test_the_class_tables_of_the_lessons() -> None:
    passed, grades = load("pass_fail"), load("three_grades")
    assert passed.x.tolist() == [[1, 2], [2, 3], [3, 1], [4, 3], [5, 3], [6, 2]]
    assert passed.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert grades.x[[0, 3, 7]].tolist() == [[1, 2, 1, 1], [4, 1, 5, 5], [1, 7, 7, 7]]
    assert grades.x.sum(axis=0).tolist() == [14, 27, 35, 36]
    assert grades.y.tolist() == [2, 2, 2, 1, 1, 1, 0, 0]


def test_diabetes_is_scikit_learns_scaled_table_at_unit_deviation() -> None:
    # Its scaled columns have mean 0 and a sum of squares of 1: sqrt(n) times that is a deviation of 1.
    published, target = sklearn.datasets.load_diabetes(return_X_y=True)
    np.testing.assert_allclose(load("diabetes").x, published * np.sqrt(442), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(load("diabetes").y, target)
    np.testing.assert_allclose(load("diabetes_bmi").x, np.asarray(published)[:, 2] * np.sqrt(442), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "iris", "wine"])
def test_classes_and_standardised_features_are_scikit_learns(name: str) -> None:
    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    np.testing.assert_allclose(load(name).x, StandardScaler().fit_transform(x), rtol=0, atol=1e-11)
    np.testing.assert_array_equal(load(name).y, y)


def test_constant_pixels_become_zeros() -> None:
    raw, _ = sklearn.datasets.load_digits(return_X_y=True)
    constant = np.ptp(raw, axis=0) == 0
    assert np.count_nonzero(constant) == 3
    assert not load("digits").x[:, constant].any()


def test_the_labels_are_in_the_order_of_their_codes() -> None:
    assert load("breast_cancer").labels == ("malignant", "benign")
    assert load("iris").labels == ("setosa", "versicolor", "virginica")
    assert load("diabetes").labels == ()


@pytest.mark.parametrize("name", ["diabetes", "digits"])
def test_float32_is_float64_rounded(name: str) -> None:
    wide, narrow = load(name), load(name, dtype="float32")
    np.testing.assert_array_equal(narrow.x, wide.x.astype(np.float32))
    assert narrow.y.dtype == (np.int64 if wide.model is Model.SOFTMAX else np.float32)
    assert narrow.learning_rate == wide.learning_rate


def test_a_number_beyond_float32_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^study_hours: a number exceeds float32: .+$"):
        replace(lessons.study_hours(), x=np.array([1.0, 1e39, 2.0])).astype("float32")


def test_an_unknown_name_is_kept_in_the_error() -> None:
    with pytest.raises(UnknownDataset) as caught:
        load("irsi")
    assert caught.value.name == "irsi"
    assert "iris" in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "options", "reason"),
    [
        ("iris", {"target": "species"}, "--target is only for .csv and .npz files: leave it out"),
        ("iris", {"raw": True}, "--raw is only for .csv and .npz files: leave it out"),
        ("synthetic:softmax,n=9", {"raw": True}, "--raw is only for .csv and .npz files: leave it out"),
        ("iris", {"model": Model.LOGISTIC}, "is for softmax, not logistic: use --model softmax"),
        ("synthetic:softmax,n=9", {"model": Model.LOGISTIC}, "is for softmax, not logistic"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(spec: str, options: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        load(spec, **options)  # type: ignore[arg-type]
    assert str(caught.value).startswith(f"{spec}: {reason}")
    assert "\n" not in str(caught.value)


def test_the_model_that_fits_may_be_named() -> None:
    assert load("iris", model=Model.SOFTMAX).model is Model.SOFTMAX


def test_importing_the_table_imports_no_large_library() -> None:
    code = "import sys, datasets; print({'sklearn', 'pandas', 'scipy', 'torch', 'jax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def odd() -> Dataset:
    named = replace(
        lessons.three_grades(), name='a,"b"\n\\ä \udcff.csv', labels=("ü", "", 'x,"y"'), learning_rate=1 / 3
    )
    return named.astype("float32")


@pytest.mark.parametrize("dataset", [odd(), lessons.triple(), lessons.pass_fail()], ids=["odd", "triple", "pass_fail"])
def test_a_saved_dataset_is_read_back_exactly(dataset: Dataset, tmp_path: Path) -> None:
    save(dataset, tmp_path / "new" / "folder")
    found = open_saved(tmp_path / "new" / "folder")
    for field in fields(Dataset):
        before, after = getattr(dataset, field.name), getattr(found, field.name)
        if isinstance(before, np.ndarray):
            assert (after.tobytes(), after.dtype, after.shape) == (before.tobytes(), before.dtype, before.shape)
            assert type(after) is np.ndarray
            assert isinstance(after.base, np.memmap)
        else:
            assert (after, type(after)) == (before, type(before))


def test_what_a_process_writes_to_a_saved_dataset_stays_its_own(tmp_path: Path) -> None:
    save(lessons.triple(), tmp_path)
    mine, other = open_saved(tmp_path), open_saved(tmp_path)
    mine.x[...] = np.nan
    mine.y[...] = np.nan
    for found in (other, open_saved(tmp_path)):
        assert np.array_equal(found.x, lessons.triple().x)
        assert np.array_equal(found.y, lessons.triple().y)
