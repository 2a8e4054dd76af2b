"""The user's own files: the datasets they become, and the one-line error for each unusable file."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from datasets import Dataset, Model, load
from datasets.curvature import learning_rate

Loader = Callable[..., Dataset]


@pytest.fixture
def csv(tmp_path: Path) -> Loader:
    """Load these lines as a .csv with the target y."""

    def loader(*lines: str, target: str | None = "y", model: Model | None = None, raw: bool = False) -> Dataset:
        file = tmp_path / "own, file.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        return load(str(file), target=target, model=model, raw=raw)

    return loader


@pytest.fixture
def npz(tmp_path: Path) -> Loader:
    """Load these arrays as an .npz."""

    def loader(
        model: Model | None = None, target: str | None = None, raw: bool = False, **arrays: ArrayLike
    ) -> Dataset:
        file = tmp_path / "own.npz"
        np.savez(file, allow_pickle=True, **{name: np.asarray(array) for name, array in arrays.items()})
        return load(str(file), target=target, model=model, raw=raw)

    return loader


def refusal(loader: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        loader()
    message = str(caught.value)
    assert "\n" not in message
    assert ": " in message
    return message


# What a .csv becomes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "model", "y", "labels"),
    [
        (["no", "yes", "no"], Model.LOGISTIC, [0, 1, 0], ("no", "yes")),
        (["red", "Blue", "amber"], Model.SOFTMAX, [2, 0, 1], ("Blue", "amber", "red")),
        (["None", "NA", "None"], Model.LOGISTIC, [1, 0, 1], ("NA", "None")),
        (["True", "False", "True"], Model.LOGISTIC, [1, 0, 1], ("False", "True")),
        ([9, 10, 9], Model.LOGISTIC, [0, 1, 0], ("9", "10")),
        ([100, -3, 20], Model.SOFTMAX, [2, 0, 1], ("-3", "20", "100")),
        ([7, 7, 7], Model.SIMPLE_LINEAR, [7, 7, 7], ()),
        ([1.5, 2.5, 1.5], Model.SIMPLE_LINEAR, [1.5, 2.5, 1.5], ()),
        (["1.0", "0.0", "1.0"], Model.SIMPLE_LINEAR, [1, 0, 1], ()),
    ],
)
def test_the_target_tells_the_model(
    csv: Loader, target: list[object], model: Model, y: list[float], labels: tuple[str, ...]
) -> None:
    dataset = csv("x,y", *(f"{row},{value}" for row, value in enumerate(target)))
    assert (dataset.model, dataset.y.tolist(), dataset.labels) == (model, y, labels)
    assert dataset.classes == (len(labels) if model is Model.SOFTMAX else 1)
    assert dataset.x.shape == ((3,) if model is Model.SIMPLE_LINEAR else (3, 1))


@pytest.mark.parametrize(("distinct", "model"), [(20, Model.SOFTMAX), (21, Model.SIMPLE_LINEAR)])
def test_up_to_twenty_integers_are_classes(csv: Loader, distinct: int, model: Model) -> None:
    assert csv("x,y", *(f"{row},{row}" for row in range(distinct))).model is model


@pytest.mark.parametrize(
    ("target", "model", "y"),
    [
        ([1, 0, 2], Model.SIMPLE_LINEAR, [1, 0, 2]),
        ([1, 0, 2], Model.MULTIVARIATE_LINEAR, [1, 0, 2]),
        ([1.0, 0.0, 1.0], Model.LOGISTIC, [1, 0, 1]),
        ([5, 3, 5], Model.SOFTMAX, [1, 0, 1]),
        (["3+", "3", "4"], Model.SOFTMAX, [1, 0, 2]),
    ],
)
def test_a_given_model_decides(csv: Loader, target: list[object], model: Model, y: list[float]) -> None:
    dataset = csv("x,y", *(f"{row},{value}" for row, value in enumerate(target)), model=model)
    assert (dataset.model, dataset.y.tolist()) == (model, y)


def test_the_target_may_be_any_column_and_features_keep_their_order(csv: Loader) -> None:
    dataset = csv("\ufeffa, y ,b", "1,2.5,-4", "2,3.5,8", target="y ", raw=True)
    assert dataset.model is Model.MULTIVARIATE_LINEAR
    assert dataset.x.tolist() == [[1, -4], [2, 8]]
    assert dataset.y.tolist() == [2.5, 3.5]


def test_features_are_standardised_and_the_target_is_not(csv: Loader) -> None:
    dataset = csv("a,b,c,y", "1,0.1,1e200,10.5", "2,0.1,2e200,20.5", "3,0.1,3e200,60.5")
    high = np.sqrt(1.5)  # 1, 2, 3 have the population variance 2/3
    np.testing.assert_allclose(dataset.x, [[-high, 0, -high], [0, 0, 0], [high, 0, high]], rtol=0, atol=1e-15)
    assert dataset.y.tolist() == [10.5, 20.5, 60.5]
    assert dataset.learning_rate == learning_rate(dataset.model, dataset.x)


def test_the_record_says_which_file_and_column(csv: Loader) -> None:
    dataset = csv("x,y", "1,2.5", "2,3.5")
    assert dataset.name == "own, file.csv"
    assert dataset.source.endswith("own, file.csv: column 'y' from standardised features")
    assert csv("x,y", "1,2.5", "2,3.5", raw=True).source.endswith("from raw features")


def test_numbers_are_read_to_the_last_digit(csv: Loader) -> None:
    numbers = np.random.default_rng(0).normal(size=50) * 10.0 ** np.arange(-25, 25)
    dataset = csv("x,y", *(f"{number!r},0.5" for number in numbers.tolist()), raw=True)
    np.testing.assert_array_equal(dataset.x, numbers)


# What a .csv is refused for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([""], "the file is empty"),
        (["x,y"], "no rows below the header"),
        (["x,z", "1,2"], "no column 'y' to use as the target: choose from 'x', 'z'"),
        (["x,yy", "1,2"], "no column 'y' to use as the target: did you mean 'yy'?"),
        (["y", "1", "2"], "no column except the target"),
        (["x,y", "1,2.5", "nan,3"], "data row 2, column 'x' is nan"),
        (["x,y", "1,2.5", "-inf,3"], "data row 2, column 'x' is -inf"),
        (["x,y", "1,2.5", ",3"], "data row 2, column 'x' is empty"),
        (["x,y", "1,2.5", "NA,3"], "data row 2, column 'x' holds 'NA', not a number"),
        (["x,y", "red,2.5"], "data row 1, column 'x' holds 'red', not a number: encode"),
        (["x,y", "1,2.5", "1,nan"], "data row 2, column 'y' is nan"),
        (["x,y", "1,inf", "1,2.5"], "data row 1, column 'y' is inf"),
        (["x,y", "1,2.5", "1,"], "data row 2, column 'y' is empty"),
        (["x,y", "1,a", "1,"], "data row 2, column 'y' is empty"),
        (["x,y", "1,a", "1"], "data row 2, column 'y' is empty"),
        (["x,y", "1,2.5", "1,NA"], "data row 2, column 'y' holds 'NA', not a number: correct it, or use --model"),
        (["x,y", "1,a", "2,a"], "column 'y' holds only one class, 'a'"),
        (["x,y", "1,2,3", "2,3,4"], "more entries than the header"),
        (["x,y", "1,2", "2,3,4"], "Expected 2 fields in line 3, saw 3"),
        (["x,y", '"1,2', "2,3"], "cannot be read"),
    ],
)
def test_a_bad_csv_is_refused(csv: Loader, lines: list[str], reason: str) -> None:
    message = refusal(lambda: csv(*lines))
    assert "own, file.csv: " in message
    assert reason in message


@pytest.mark.parametrize(
    ("target", "model", "reason"),
    [
        (["a", "b", "a"], Model.SIMPLE_LINEAR, "holds 'a', not a number"),
        (["True", "False", "True"], Model.SIMPLE_LINEAR, "use --model logistic"),
        ([0.5, 1.0, 2.0], Model.SOFTMAX, "holds fractions, not classes"),
        ([0, 1, 2], Model.LOGISTIC, "3 classes, logistic takes 2"),
        ([1, 1, 1], Model.LOGISTIC, "only one class"),
    ],
)
def test_a_model_that_does_not_fit_a_csv_is_refused(
    csv: Loader, target: list[object], model: Model, reason: str
) -> None:
    lines = [f"{row},{value}" for row, value in enumerate(target)]
    assert reason in refusal(lambda: csv("x,y", *lines, model=model))


def test_simple_linear_takes_one_feature(csv: Loader, npz: Loader) -> None:
    assert "multivariate_linear" in refusal(lambda: csv("a,b,y", "1,2,3.5", model=Model.SIMPLE_LINEAR))
    assert "multivariate_linear" in refusal(lambda: npz(x=[[1, 2]], y=[0.5], model=Model.SIMPLE_LINEAR))


def test_a_csv_needs_a_target(csv: Loader) -> None:
    assert "give --target with one of 'x', 'y'" in refusal(lambda: csv("x,y", "1,2", target=None))


def test_raw_features_too_large_for_a_rate_are_refused(csv: Loader) -> None:
    assert "leave out --raw" in refusal(lambda: csv("x,y", "1e300,1.5", "2,2.5", raw=True))


def test_a_csv_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert "UTF-8" in refusal(lambda: load(str(tmp_path / "a.csv"), target="y"))


# Paths --------------------------------------------------------------------------------------------------------------


def test_a_missing_file_offers_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").touch()
    (tmp_path / "houses.txt").touch()
    message = refusal(lambda: load(str(tmp_path / "house.csv"), target="y"))
    assert message.endswith(f"there is no such file: did you mean {tmp_path / 'houses.csv'}?")
    assert "check the path" in refusal(lambda: load(str(tmp_path / "nowhere" / "house.csv"), target="y"))


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.npz").mkdir()
    assert "is a folder" in refusal(lambda: load(str(tmp_path / "a.npz")))


# .npz ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "given", "expected"),
    [
        ([1, 2, 3], [0.5, 1, 2], None, (Model.SIMPLE_LINEAR, (3,))),
        ([[1], [2], [3]], [0.5, 1, 2], None, (Model.SIMPLE_LINEAR, (3,))),
        ([[1], [2], [3]], [0.5, 1, 2], Model.MULTIVARIATE_LINEAR, (Model.MULTIVARIATE_LINEAR, (3, 1))),
        ([[1, 0], [2, 1], [3, 0]], [0.5, 1, 2], None, (Model.MULTIVARIATE_LINEAR, (3, 2))),
        ([[1, 0], [2, 1], [3, 0]], [0.0, 1, 1], None, (Model.MULTIVARIATE_LINEAR, (3, 2))),
        ([[1, 0], [2, 1], [3, 0]], [0.0, 1, 1], Model.LOGISTIC, (Model.LOGISTIC, (3, 2))),
        ([1, 2, 3], [1, 0, 1], None, (Model.LOGISTIC, (3, 1))),
        ([1, 2, 3], [True, False, True], None, (Model.LOGISTIC, (3, 1))),
        ([1, 2, 3], [1, 0, 1], Model.SOFTMAX, (Model.SOFTMAX, (3, 1))),
        ([1, 2, 3], [2, 0, 1], None, (Model.SOFTMAX, (3, 1))),
        ([1, 2, 3], [7, 0, 9], Model.SIMPLE_LINEAR, (Model.SIMPLE_LINEAR, (3,))),
    ],
)
def test_what_an_npz_becomes(
    npz: Loader, x: ArrayLike, y: ArrayLike, given: Model | None, expected: tuple[Model, tuple[int, ...]]
) -> None:
    dataset = npz(x=x, y=y, model=given, raw=True)
    assert (dataset.model, dataset.x.shape) == expected
    assert dataset.labels == ()
    np.testing.assert_array_equal(dataset.x.ravel(), np.ravel(x))
    np.testing.assert_array_equal(dataset.y, y)


@pytest.mark.parametrize("dtype", [">f8", "<f4", "int16", "uint8", "bool", "float16"])
def test_features_of_any_real_dtype_become_float64(npz: Loader, dtype: str) -> None:
    x = np.asfortranarray([[1, 0], [0, 1], [1, 1]]).astype(dtype, order="F")
    dataset = npz(x=x, y=[0.5, 1, 2], raw=True)
    assert dataset.x.dtype == np.float64
    assert dataset.x.flags.c_contiguous
    assert dataset.x.tolist() == [[1, 0], [0, 1], [1, 1]]


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": [1], "y": [1]}, "no array x, it holds a, y"),
        ({"a": [1]}, "no array x nor y"),
        ({}, "it holds nothing"),
        ({"x": [1, 2], "y": [[1], [2]]}, "x has shape (2,) and y (2, 1)"),
        ({"x": [1, 2], "y": [1, 2, 3]}, "x has shape (2,) and y (3,)"),
        ({"x": [[[1]]], "y": [1]}, "x has shape (1, 1, 1)"),
        ({"x": 1, "y": [1]}, "x has shape ()"),
        ({"x": np.empty(0), "y": np.empty(0)}, "at least one row"),
        ({"x": np.empty((2, 0)), "y": [1, 2]}, "at least one row and one feature"),
        ({"x": [[1, 2], [3, np.nan]], "y": [0, 1]}, "data row 2, x[:, 1] is nan"),
        ({"x": [1, -np.inf], "y": [0, 1]}, "data row 2, x[:, 0] is -inf"),
        ({"x": [1, 2], "y": [0.5, np.nan]}, "data row 2, y is nan"),
        ({"x": [1j, 2], "y": [0, 1]}, "x has dtype complex128"),
        ({"x": ["a", "b"], "y": [0, 1]}, "x has dtype <U1"),
        ({"x": [1, 2], "y": ["a", "b"]}, "y has dtype <U1: number the classes 0..k-1"),
        ({"x": [1, 2], "y": [1, 2]}, "y holds 2 labels from 1 to 2, not 0..1"),
        ({"x": [1, 2, 3], "y": [0, 1, 5]}, "y holds 3 labels from 0 to 5, not 0..2"),
        ({"x": [1, 2], "y": [-1, 1]}, "y holds 2 labels from -1 to 1"),
        ({"x": [1, 2], "y": [0, 0]}, "only one class"),
        ({"x": [1, 2], "y": np.array([0, None])}, "Object arrays cannot be loaded"),
    ],
)
def test_a_bad_npz_is_refused(npz: Loader, arrays: dict[str, ArrayLike], reason: str) -> None:
    message = refusal(lambda: npz(**arrays))
    assert "own.npz: " in message
    assert reason in message


@pytest.mark.parametrize(
    ("y", "model", "reason"),
    [
        ([0.5, 1.0, 0.0], Model.SOFTMAX, "y holds fractions, not classes"),
        ([0, 1, 2], Model.LOGISTIC, "3 classes, logistic takes 2"),
        ([1.0, 2.0, 1.0], Model.LOGISTIC, "not 0..1"),
    ],
)
def test_a_model_that_does_not_fit_an_npz_is_refused(npz: Loader, y: list[float], model: Model, reason: str) -> None:
    assert reason in refusal(lambda: npz(x=[1, 2, 3], y=y, model=model))


def test_an_npz_takes_no_target(npz: Loader) -> None:
    assert "leave out --target" in refusal(lambda: npz(x=[1], y=[1], target="y"))


def zipped(**arrays: ArrayLike) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=True, **{name: np.asarray(array) for name, array in arrays.items()})
    return buffer.getvalue()


def single() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


def damaged() -> bytes:
    content = bytearray(zipped(x=np.random.default_rng(0).normal(size=2000), y=np.ones(2000)))
    content[5000:5100] = bytes(100)
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"plain text", zipped(x=[1], y=[1])[:-20], damaged(), single()], ids=len)
def test_a_file_that_is_no_sound_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    message = refusal(lambda: load(str(tmp_path / "a.npz")))
    assert "a.npz: cannot be read (" in message
    assert "np.savez(file, x=x, y=y)" in message


def test_a_large_npz_is_standardised_where_it_lies(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(3, 2, (200_000, 20))
    np.savez(tmp_path / "a.npz", x=x, y=x[:, 0])
    tracemalloc.start()
    try:
        dataset = load(str(tmp_path / "a.npz"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * x.nbytes
    np.testing.assert_allclose(dataset.x, (x - x.mean(axis=0)) / x.std(axis=0), rtol=0, atol=1e-12)
