"""Load a user's file as a dataset: infer the model unless given, and standardise the features."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np

from datasets.columns import Columns
from datasets.csv_file import read_csv
from datasets.curvature import learning_rate
from datasets.dataset import Dataset, Model
from datasets.npz_file import read_npz
from datasets.standardise import standardise

SUFFIXES = (".csv", ".npz")


def load_file(file: str, *, model: Model | None = None, target: str | None = None, raw: bool = False) -> Dataset:
    """Load the dataset in a .csv (`target` names a column) or .npz (arrays x and y), in float64.

    Unless the model is given, two classes are fitted with logistic and more with softmax; a numeric target is
    fitted with simple_linear if there is one feature and multivariate_linear if there are more. Features are
    standardised to mean 0 and population standard deviation 1 (a constant one becomes zeros), unless `raw`; targets
    keep their own units. The learning rate is 1/L, with L the largest curvature of the loss.

    Raises ValueError, with one line that names file, reason and remedy, for anything it cannot use.
    """
    _check_file(file)
    if Path(file).suffix.lower() == ".csv":
        columns = read_csv(file, target, model)
    elif target is not None:
        raise ValueError(f"{file}: the target in an .npz file is its array y: leave out --target {target}")
    else:
        columns = read_npz(file, model)
    chosen = _model(file, columns, model)
    x = columns.x
    if not raw:
        standardise(x)
    try:
        rate = learning_rate(chosen, x)
    except OverflowError as error:
        raise ValueError(f"{file}: {error}: scale them down or leave out --raw") from None
    return Dataset(
        name=Path(file).name,
        model=chosen,
        x=x[:, 0] if chosen is Model.SIMPLE_LINEAR else x,
        y=columns.y if chosen is Model.SOFTMAX else columns.y.astype(np.float64, copy=False),
        classes=int(columns.y.max()) + 1 if chosen is Model.SOFTMAX else 1,
        learning_rate=rate,
        source=f"{file}: {columns.origin} from {'raw' if raw else 'standardised'} features",
        licence="the user's own file",
        labels=columns.labels,
    )


def _check_file(file: str) -> None:
    path = Path(file)
    if path.is_file():
        return
    if path.is_dir():
        raise ValueError(f"{file} is a folder: name a file in it")
    folder = path.parent
    others = [other.name for other in folder.iterdir() if other.suffix.lower() in SUFFIXES] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, others, n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(str(folder / name) for name in near)}?" if near else "check the path"
    raise ValueError(f"{file}: there is no such file: {remedy}")


def _model(file: str, columns: Columns, given: Model | None) -> Model:
    """Return the model for these columns; the readers have already decided between classes and numbers."""
    features = columns.x.shape[1]
    if columns.y.dtype == np.int64:
        classes = int(columns.y.max()) + 1
        if given is Model.LOGISTIC and classes != 2:
            raise ValueError(f"{file}: {columns.origin} holds {classes} classes, logistic takes 2: use softmax")
        return given or (Model.LOGISTIC if classes == 2 else Model.SOFTMAX)
    if given is Model.SIMPLE_LINEAR and features != 1:
        raise ValueError(
            f"{file}: there are {features} features, simple_linear takes 1: use --model multivariate_linear"
        )
    return given or (Model.SIMPLE_LINEAR if features == 1 else Model.MULTIVARIATE_LINEAR)
