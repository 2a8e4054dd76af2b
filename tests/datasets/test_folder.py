"""Data on disk: a folder of two mapped arrays, with only a few batches in memory at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import datasets
from bench.cli import app
from bench.errors import BadInput
from bench.gate import reference, stochastic, trajectory
from bench.plan import cells
from bench.plan.options import Options
from bench.worker.prepare import digests
from datasets import synthetic
from datasets.curvature import learning_rate
from datasets.dataset import Batching, Dataset, Model
from datasets.folder import sample
from datasets.prepared import open_saved, save
from impls.protocol import Feed, Recipe, zeros


def written(folder: Path, x: object, y: object) -> str:
    folder.mkdir(exist_ok=True)
    for name, array in (("x", x), ("y", y)):
        if array is not None:
            np.save(folder / f"{name}.npy", np.asarray(array))
    return str(folder)


def on_disk(folder: Path, model: Model = Model.SOFTMAX, n: int = 40) -> Dataset:
    d, k = 1 if model is Model.SIMPLE_LINEAR else 3, 3 if model is Model.SOFTMAX else 1
    drawn = synthetic.draw(model, n, d, k, 0, dtype="float32").dataset
    return datasets.load(written(folder, drawn.x, drawn.y), model=model, dtype="float32")


X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.5]], np.float32)


@pytest.mark.parametrize(
    ("x", "y", "model", "found", "shape"),
    [
        (X, np.array([0, 1, 2]), None, Model.SOFTMAX, (3, 2)),
        (X, np.array([0.5, 1, 2], np.float32), None, Model.MULTIVARIATE_LINEAR, (3, 2)),
        (X, np.array([0, 1, 1], np.float32), Model.LOGISTIC, Model.LOGISTIC, (3, 2)),
        (X[:, 0].copy(), np.array([0, 1, 1], np.float32), None, Model.SIMPLE_LINEAR, (3,)),
        (X[:, :1].copy(), np.array([0, 1, 1], np.float32), None, Model.SIMPLE_LINEAR, (3,)),
    ],
)
def test_a_folder_is_mapped_and_its_model_inferred(
    x: np.ndarray, y: np.ndarray, model: Model | None, found: Model, shape: tuple[int, ...], tmp_path: Path
) -> None:
    dataset = datasets.load(written(tmp_path / "rows", x, y), model=model, dtype="float32")
    assert (dataset.name, dataset.model, dataset.x.shape, dataset.on_disk) == ("rows", found, shape, True)
    assert not dataset.x.flags.writeable
    assert dataset.classes == (3 if found is Model.SOFTMAX else 1)
    assert dataset.learning_rate == pytest.approx(learning_rate(found, x), rel=1e-12)
    assert "read from the disk" in dataset.source


@pytest.mark.parametrize(
    ("x", "y", "model", "message"),
    [
        (None, [0.0], None, "holds no x.npy"),
        (X, None, None, "holds no y.npy"),
        (X.astype(np.float64), [0.0, 1, 2], None, "use --dtype float64"),
        (X.astype(np.int64), [0.0, 1, 2], None, "store float32 or float64"),
        (X, np.zeros(2, np.float32), None, "store x as (n, d) in C order"),
        (np.asfortranarray(X), np.zeros(3, np.float32), None, "store x as (n, d) in C order"),
        (X, np.zeros(3), None, "y.npy holds float64, multivariate_linear takes float32"),
        (X, np.array([0, 1, 2]), Model.LOGISTIC, "y.npy holds int64, logistic takes float32"),
        (X, np.array([0, 2, 2]), None, "number two classes or more 0..k-1"),
        (X, np.array([-1, 0, 1]), None, "number two classes or more 0..k-1"),
        (X, np.array([0, 0, 0]), None, "number two classes or more 0..k-1"),
        (X, np.array([0, 1, 2], np.float32), Model.LOGISTIC, "holds numbers other than 0 and 1"),
        (X, np.array([0, 1, np.nan], np.float32), None, "y.npy holds NaN or infinity"),
        (np.where(X == 3, np.nan, X), np.array([0, 1, 2]), None, "leave out the rows with NaN or infinity"),
        (X, np.zeros(3, np.float32), Model.SIMPLE_LINEAR, "use multivariate_linear"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_in_one_line(
    x: object, y: object, model: Model | None, message: str, tmp_path: Path
) -> None:
    spec = written(tmp_path / "rows", x, y)
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)").replace(".", r"\.")) as error:
        datasets.load(spec, model=model, dtype="float32")
    assert spec in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_array_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "x.npy").write_text("1,2")
    with pytest.raises(ValueError, match=r"x\.npy: cannot be mapped .*np\.save"):
        datasets.load(str(folder), dtype="float32")


def test_what_is_saved_for_a_worker_is_no_copy(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "rows", Model.SIMPLE_LINEAR)
    save(dataset, tmp_path / "saved")
    assert [file.name for file in (tmp_path / "saved").iterdir()] == ["dataset.json"]
    found = open_saved(tmp_path / "saved")
    assert found.on_disk
    assert found.x.tobytes() == dataset.x.tobytes()
    assert not found.x.flags.writeable


def test_data_on_disk_have_the_digest_of_their_numbers(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "rows")
    before = dataset.digest()
    assert before == replace(dataset, x=dataset.x.copy(), y=dataset.y.copy(), folder="").digest()
    np.load(tmp_path / "rows" / "x.npy", mmap_mode="r+")[-1] += 1
    assert dataset.digest() != before


def test_a_timed_worker_does_not_read_data_on_disk_for_their_digest(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "rows")
    assert digests(dataset) == ()
    assert digests(replace(dataset, folder="")) == (dataset.digest(),)


def test_a_sample_holds_the_start_the_middle_and_the_end(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "rows")
    found = sample(dataset, [8, 2], tmp_path / "some")
    expected = [*range(8), *range(16, 24), *range(35, 40)]  # 20 rows would be ten batches of 2
    assert np.array_equal(found.x, dataset.x[expected])
    assert np.array_equal(found.y, dataset.y[expected])
    assert found.on_disk
    assert len(sample(dataset, [20], tmp_path / "all").x) == 40


def test_the_reference_runs_batch_by_batch_as_on_all_rows(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "rows")
    recipe, start = Recipe(dataset.learning_rate, Batching(7)), zeros(dataset)
    wide = reference.widen(dataset)
    run = trajectory.run(wide, reference.stacked(start, wide), recipe, range(2))
    *_, found = stochastic.along(dataset, start, recipe, range(2))
    *_, of_all = stochastic.along(dataset.some(slice(0, dataset.n)), start, recipe, range(2))
    assert found.value.astype(float) == pytest.approx(run.after(2).astype(float), rel=1e-12, abs=1e-15)
    assert np.array_equal(found.scale, of_all.scale)


def test_a_plan_needs_a_batch_size_and_no_shuffling(tmp_path: Path) -> None:
    """The refusal comes before the data are read: there are none here."""
    (tmp_path / "rows").mkdir()
    asked = Options(datasets=(str(tmp_path / "rows"),))
    with pytest.raises(BadInput, match="give --batch-size"):
        cells.make(asked)
    with pytest.raises(BadInput, match="leave out --shuffle"):
        cells.make(replace(asked, batch_sizes=("5",), shuffle=True))
    with pytest.raises(BadInput, match="leave out --feed device"):
        cells.make(replace(asked, batch_sizes=("5",), feeds=("device", "host")))


def test_what_needs_all_rows_in_memory_is_left_out_with_the_reason(tmp_path: Path) -> None:
    on_disk(tmp_path / "rows")
    made = cells.make(Options(("numpy_manual", "jax_scan"), datasets=(str(tmp_path / "rows"),), batch_sizes=("5",)))
    assert [cell.implementation for cell in made.cells] == ["numpy_manual"]
    assert [one.detail for one in made.left_out] == ["needs all rows on its device, and cannot be fed from the host"]
    assert {cell.problem.feed for cell in made.cells} == {Feed.HOST}


def test_a_run_on_data_on_disk_is_checked_timed_and_says_so(tmp_path: Path) -> None:
    on_disk(tmp_path / "rows", n=300)
    out = tmp_path / "run"
    options = ["-i", "torch_nn", "-d", str(tmp_path / "rows"), "--batch-size", "64", "--out", str(out)]
    assert app.main(["run", "--quick", *options]) == 0
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "read from the disk batch by batch" in report
    assert "rows batch 64 fed from the host" in report
