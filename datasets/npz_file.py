"""Read a user's .npz: an array x of features and an array y of targets."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.columns import Columns, check_finite, whole
from datasets.dataset import Model


def read_npz(file: str, model: Model | None) -> Columns:
    """Read x and y; raise ValueError, with one line that names the remedy, if the file has faults.

    x is (n, d), or (n,) for one feature, of any real dtype. y is (n,): classes if the model
    classifies or, with no model given, if it holds integers or booleans; classes are 0..k-1.
    A float64 x in C order is not copied.
    """
    x, y = _arrays(file)
    if y.dtype.kind not in "biuf" or x.dtype.kind not in "biuf":
        which, array = ("x", x) if x.dtype.kind not in "biuf" else ("y", y)
        remedy = "number the classes 0..k-1 (np.unique, return_inverse=True)" if which == "y" else "store real numbers"
        raise ValueError(f"{file}: {which} has dtype {array.dtype}: {remedy}")
    if x.ndim not in (1, 2) or y.ndim != 1 or len(x) != len(y):
        raise ValueError(f"{file}: x has shape {x.shape} and y {y.shape}: store x as (n, d) or (n,) and y as (n,)")
    if not x.size:
        raise ValueError(f"{file}: x has shape {x.shape}: store at least one row and one feature")
    x = np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float64)
    check_finite(file, x, [f"x[:, {j}]" for j in range(x.shape[1])])
    numbers = y.astype(np.float64, copy=False)
    check_finite(file, numbers[:, None], ["y"])
    classifies = y.dtype.kind in "biu" if model is None else model.classifies
    return Columns(x, _classes(file, y) if classifies else numbers, (), "y")


def _arrays(file: str) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        with Path(file).open("rb") as stream:  # opened here, since np.load leaves a damaged file open
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            missing = [name for name in ("x", "y") if name not in archive.files]
            if not missing:
                return archive["x"], archive["y"]
            found = f"it holds {', '.join(archive.files) or 'nothing'}"
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{file}: cannot be read ({reason}): write it again with np.savez(file, x=x, y=y) from number arrays"
        ) from None
    raise ValueError(f"{file}: no array {' nor '.join(missing)}, {found}: write it with np.savez(file, x=x, y=y)")


def _classes(file: str, y: NDArray[Any]) -> NDArray[np.int64]:
    if not whole(y):
        raise ValueError(f"{file}: y holds fractions, not classes: number the classes 0..k-1 or use a linear model")
    values = np.unique(y)
    if len(values) < 2:
        raise ValueError(f"{file}: y holds only one class, {values[0]}: add rows of another")
    if not np.array_equal(values, np.arange(len(values))):
        raise ValueError(
            f"{file}: y holds {len(values)} labels from {values[0]} to {values[-1]}, not 0..{len(values) - 1}: "
            "number the classes 0..k-1 (np.unique, return_inverse=True), or use a linear model"
        )
    return y.astype(np.int64, copy=False)
