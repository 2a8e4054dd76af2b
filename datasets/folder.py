"""Data larger than memory: a folder with x.npy and y.npy, which are mapped and never copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.curvature import learning_rate
from datasets.dataset import Dataset, FloatArray, LabelArray, Model

X_FILE, Y_FILE = "x.npy", "y.npy"
# How many numbers are read at a time.
_BLOCK_NUMBERS = 1 << 20


def open_folder(spec: str, *, model: Model | None, dtype: str) -> Dataset:
    """Open the dataset of a folder whose x.npy holds (n, d), or (n,) for one feature, in C order.

    x and y are mapped, so rows are read from disk when they are used; features are not standardised. Targets
    are numbers in the dtype of x, or int64 class numbers 0..k-1. Classes are fitted with softmax; numbers with
    simple_linear for one feature and multivariate_linear for more, and with logistic only if the model is given. The
    learning rate is 1/L. x is read once, to find L and to check the numbers, and y a few times.

    Raises ValueError, with one line that names folder, reason and remedy, for anything it cannot use.
    """
    x, y = arrays(Path(spec))
    if str(x.dtype) != dtype:
        other = f"use --dtype {x.dtype}" if x.dtype in (np.float32, np.float64) else "store float32 or float64"
        raise ValueError(f"{spec}: {X_FILE} holds {x.dtype}, not {dtype}: {other}")
    if x.ndim not in (1, 2) or y.ndim != 1 or len(x) != len(y) or not x.size or not x.flags.c_contiguous:
        raise ValueError(f"{spec}: x has shape {x.shape} and y {y.shape}: store x as (n, d) in C order and y as (n,)")
    chosen = _model(spec, x, y, model)
    classes = _classes(spec, y) if chosen is Model.SOFTMAX else 1
    if chosen is not Model.SOFTMAX:
        _check_numbers(spec, y, chosen)
    return Dataset(
        name=Path(spec).resolve().name,
        model=chosen,
        x=x.reshape(-1) if chosen is Model.SIMPLE_LINEAR else x.reshape(len(x), -1),
        y=y,
        classes=classes,
        learning_rate=_learning_rate(spec, chosen, x),
        source=f"{spec}: {X_FILE} and {Y_FILE} as they are, read from the disk batch by batch",
        licence="the user's own files",
        folder=str(Path(spec).resolve()),
    )


def arrays(folder: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return x and y of a folder, mapped read-only; raise ValueError, with the remedy, if they are missing."""
    return _mapped(folder / X_FILE), _mapped(folder / Y_FILE)


def sample(dataset: Dataset, batch_sizes: Sequence[int], folder: Path) -> Dataset:
    """Write rows from the start, the middle and the end of a dataset to a new folder, and return them as a dataset.

    Start and middle give as many rows as the largest batch, the end half as many and a few more, so that every batch
    size above 1 has a short last batch. A dataset no larger than that is used whole.
    """
    n, rows = dataset.n, max(batch_sizes)
    last = next(last for last in count(rows // 2) if all((2 * rows + last) % size for size in batch_sizes if size > 1))
    places = [slice(0, rows), slice((n - rows) // 2, (n - rows) // 2 + rows), slice(n - last, n)]
    pieces = [slice(0, n)] if n <= 2 * rows + last else places
    folder.mkdir(parents=True)
    np.save(folder / X_FILE, np.concatenate([dataset.x[piece] for piece in pieces]))
    np.save(folder / Y_FILE, np.concatenate([dataset.y[piece] for piece in pieces]))
    x, y = arrays(folder)
    return replace(dataset, x=x, y=y, folder=str(folder))


def _mapped(file: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError:
        raise ValueError(f"{file.parent}: holds no {file.name}: a folder of data has {X_FILE} and {Y_FILE}") from None
    except (ValueError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{file}: cannot be mapped ({reason}): write it with np.save from a number array") from None


def _model(spec: str, x: FloatArray, y: LabelArray | FloatArray, given: Model | None) -> Model:
    features = 1 if x.ndim == 1 else x.shape[1]
    fitting = Model.SIMPLE_LINEAR if features == 1 else Model.MULTIVARIATE_LINEAR
    chosen = given or (Model.SOFTMAX if y.dtype.kind in "biu" else fitting)
    wanted = np.dtype(np.int64) if chosen is Model.SOFTMAX else x.dtype
    if y.dtype != wanted:
        raise ValueError(f"{spec}: {Y_FILE} holds {y.dtype}, {chosen} takes {wanted}: store it as {wanted}")
    if chosen is Model.SIMPLE_LINEAR and features != 1:
        raise ValueError(f"{spec}: there are {features} features, simple_linear takes 1: use multivariate_linear")
    return chosen


def _classes(spec: str, y: NDArray[Any]) -> int:
    least, most = min(int(block.min()) for block in _blocks(y)), max(int(block.max()) for block in _blocks(y))
    if least == 0 and most < len(y):
        counts = sum(np.bincount(block.astype(np.int64), minlength=most + 1) for block in _blocks(y))
        if np.all(counts) and most > 0:
            return most + 1
    raise ValueError(
        f"{spec}: {Y_FILE} holds labels from {least} to {most}: number two classes or more 0..k-1, all used"
    )


def _check_numbers(spec: str, y: NDArray[Any], model: Model) -> None:
    for block in _blocks(y):
        if model is Model.LOGISTIC and not np.isin(block, (0, 1)).all():
            raise ValueError(f"{spec}: {Y_FILE} holds numbers other than 0 and 1: logistic takes only these")
        if not np.isfinite(block).all():
            raise ValueError(f"{spec}: {Y_FILE} holds NaN or infinity: leave such rows out")


def _learning_rate(spec: str, model: Model, x: FloatArray) -> float:
    try:
        return learning_rate(model, x)
    except OverflowError:
        finite = all(np.isfinite(block).all() for block in _blocks(x))
        remedy = "scale its features down" if finite else "leave out the rows with NaN or infinity"
        raise ValueError(f"{spec}: {X_FILE} holds numbers whose squares cannot be summed: {remedy}") from None


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    size = max(1, _BLOCK_NUMBERS * len(array) // array.size)
    for start in range(0, len(array), size):
        yield array[start : start + size]
