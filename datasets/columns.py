"""The columns read from a file, and the check that every number in them is finite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Columns:
    """The numbers in a file.

    x        (n, d) float64, C-contiguous, owned by this object
    y        (n,): float64 numbers, or int64 class codes that take every value 0..k-1
    labels   the file's names of the classes, in the order of their codes; () if it has none
    origin   where y is in the file, for messages
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64] | NDArray[np.int64]
    labels: tuple[str, ...]
    origin: str


def check_finite(file: str, values: NDArray[np.float64], names: list[str]) -> None:
    """Raise ValueError naming the first entry that is NaN or infinite; values (n, d), one name per column."""
    # NaN and infinities survive min and max, which need no mask as large as the values.
    finite = np.isfinite(values.min(axis=0)) & np.isfinite(values.max(axis=0))
    if finite.all():
        return
    column = int(np.argmin(finite))
    row = int(np.argmin(np.isfinite(values[:, column])))
    raise ValueError(
        f"{file}: data row {row + 1}, {names[column]} is {values[row, column]}: complete the row or remove it"
    )


def whole(values: NDArray[Any]) -> bool:
    """Return whether every number is whole and fits in int64."""
    return bool(values.dtype.kind in "biu" or (np.all(values == np.floor(values)) and np.abs(values).max() < 2**53))
