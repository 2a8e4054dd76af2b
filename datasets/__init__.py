"""The training data: the table of built-in datasets, and `load` for these, synthetic data and files.

Importing this needs only NumPy; a loader imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datasets import bundled, lessons, synthetic
from datasets.dataset import Batching, Dataset, Model
from datasets.files import SUFFIXES, load_file
from datasets.folder import open_folder


@dataclass(frozen=True)
class Facts:
    """What is known about a dataset without loading it; k is 1 unless the model is softmax."""

    name: str
    model: Model
    n: int
    d: int
    k: int
    description: str
    load: Callable[[], Dataset]


SIMPLE, MULTIVARIATE, LOGISTIC, SOFTMAX = Model  # in the order of their definition

DATASETS: dict[str, Facts] = {
    row.name: row
    for row in (
        Facts("study_hours", SIMPLE, 3, 1, 1, "hours of study and points, y = 2x", lessons.study_hours),
        Facts("identity", SIMPLE, 3, 1, 1, "y = x", lessons.identity),
        Facts("triple", SIMPLE, 6, 1, 1, "y = 3x", lessons.triple),
        Facts("quiz_scores", MULTIVARIATE, 5, 3, 1, "final score from three quiz scores", lessons.quiz_scores),
        Facts("pass_fail", LOGISTIC, 6, 2, 1, "exam passed or not", lessons.pass_fail),
        Facts("three_grades", SOFTMAX, 8, 4, 3, "one of three grades", lessons.three_grades),
        Facts("diabetes_bmi", SIMPLE, 442, 1, 1, "progression of diabetes from body mass index", bundled.diabetes_bmi),
        Facts("diabetes", MULTIVARIATE, 442, 10, 1, "progression of diabetes from ten measurements", bundled.diabetes),
        Facts("breast_cancer", LOGISTIC, 569, 30, 1, "malignant or benign, from cell nuclei", bundled.breast_cancer),
        Facts("digits", SOFTMAX, 1797, 64, 10, "handwritten digits, 8 x 8 pixels", bundled.digits),
        Facts("iris", SOFTMAX, 150, 4, 3, "species of iris from measurements of the flower", bundled.iris),
        Facts("wine", SOFTMAX, 178, 13, 3, "growers of wine from chemical analysis", bundled.wine),
    )
}


class UnknownDataset(ValueError):
    """The name is neither in the table, nor synthetic:..., nor a .csv or .npz file, nor a folder."""

    def __init__(self, name: str) -> None:
        known = f"{', '.join(DATASETS)}, synthetic:MODEL,n=ROWS, a .csv or .npz file or a folder"
        super().__init__(f"unknown dataset '{name}': choose from {known}")
        self.name = name


def load(
    spec: str, *, model: Model | None = None, target: str | None = None, raw: bool = False, dtype: str = "float64"
) -> Dataset:
    """Load the dataset that the spec names, with x (and y, unless it holds class indices) in float32 or float64.

    spec     a name in DATASETS, synthetic:MODEL,n=... (see `synthetic.parse`), a path that
             ends in .csv or .npz (see `files.load_file`), or a folder (see `folder.open_folder`)
    model    the model to fit; inferred for a file if None
    target   the target column of a .csv
    raw      leave a file's features as they are

    Raises UnknownDataset, or ValueError with one line that names input, reason and remedy.
    """
    if spec not in DATASETS and Path(spec).suffix.lower() in SUFFIXES:
        return load_file(spec, model=model, target=target, raw=raw).astype(dtype)
    if target is not None or raw:
        option = "--raw" if target is None else "--target"
        raise ValueError(f"{spec}: {option} is only for .csv and .npz files: leave it out")
    if spec.partition(":")[0] == "synthetic":
        sizes = synthetic.parse(spec)
        _check_model(spec, sizes[0], model)
        return synthetic.draw(*sizes, dtype=dtype).dataset
    if spec not in DATASETS:
        if Path(spec).is_dir():
            return open_folder(spec, model=model, dtype=dtype)
        raise UnknownDataset(spec)
    _check_model(spec, DATASETS[spec].model, model)
    return DATASETS[spec].load().astype(dtype)


def _check_model(spec: str, model: Model, wanted: Model | None) -> None:
    if wanted not in (None, model):
        raise ValueError(f"{spec}: is for {model}, not {wanted}: use --model {model} or another dataset")


__all__ = ["DATASETS", "Batching", "Dataset", "Facts", "Model", "UnknownDataset", "load"]
