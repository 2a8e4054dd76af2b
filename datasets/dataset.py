"""The four models, a dataset, and how its rows are batched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

DTYPES = ("float32", "float64")
DEFAULT_DTYPE = "float32"

FloatArray = NDArray[np.floating]
LabelArray = NDArray[np.int64]
Rows = slice | NDArray[np.int64]


class Model(StrEnum):
    """The four models; every loss is a mean over rows, and none has a regulariser.

    simple_linear        z = x w + b, x (n,)      mean((z - y)^2)
    multivariate_linear  z = x w + b, x (n, d)    mean((z - y)^2), without a factor 1/2
    logistic             z = x w + b, x (n, d)    mean(log(1 + exp(z)) - y z), y in {0, 1}
    softmax              z = x w + b, x (n, d)    mean(log(sum_c exp(z_c)) - z_y), y in 0..k-1

    Source: the conventions of torch.nn's MSELoss, BCEWithLogitsLoss and CrossEntropyLoss
    with reduction="mean".
    """

    SIMPLE_LINEAR = "simple_linear"
    MULTIVARIATE_LINEAR = "multivariate_linear"
    LOGISTIC = "logistic"
    SOFTMAX = "softmax"

    @property
    def classifies(self) -> bool:
        """Whether y is a class rather than a number."""
        return self in (Model.LOGISTIC, Model.SOFTMAX)


@dataclass(frozen=True, eq=False)
class Dataset:
    """One table of rows, the model to fit to it, and its origin.

    x              (n,) for simple_linear, else (n, d); float32 or float64, C-contiguous
    y              (n,); x's dtype for the linear models and logistic, int64 for softmax
    classes        k for softmax, 1 otherwise
    learning_rate  the lesson's own, or 1/L with L a bound on the largest eigenvalue of the
                   loss's Hessian (`datasets.curvature.learning_rate`)
    labels         the user's class labels in the order of their codes, if there are any
    folder         the folder from which x and y are mapped; empty if they are in memory
    """

    name: str
    model: Model
    x: FloatArray
    y: FloatArray | LabelArray
    classes: int
    learning_rate: float
    source: str
    licence: str
    labels: tuple[str, ...] = ()
    folder: str = ""

    def __post_init__(self) -> None:
        dimensions = 1 if self.model is Model.SIMPLE_LINEAR else 2
        y_dtype = np.dtype(np.int64) if self.model is Model.SOFTMAX else self.x.dtype
        if self.x.ndim != dimensions:
            raise ValueError(f"{self.name}: x has {self.x.ndim} axes, {self.model} takes {dimensions}")
        if self.y.shape != (len(self.x),):
            raise ValueError(f"{self.name}: y has shape {self.y.shape}, x has {len(self.x)} rows")
        if str(self.x.dtype) not in DTYPES or self.y.dtype != y_dtype:
            raise ValueError(f"{self.name}: dtypes {self.x.dtype} and {self.y.dtype} of x and y")

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.x)

    @property
    def d(self) -> int:
        """The number of features; 1 for simple_linear."""
        return 1 if self.x.ndim == 1 else self.x.shape[1]

    @property
    def on_disk(self) -> bool:
        """Whether x and y are read from disk as they are used; they are then read-only."""
        return bool(self.folder)

    def digest(self) -> str:
        """Return the SHA-256 of all numbers of x and then y, in C order."""
        both = hashlib.sha256()
        for array in (self.x, self.y):
            both.update(np.ascontiguousarray(array).data)
        return both.hexdigest()

    def some(self, rows: Rows) -> Dataset:
        """Return a dataset of only these rows, in memory (a slice is not copied)."""
        return replace(self, x=self.x[rows], y=self.y[rows], folder="")

    def astype(self, dtype: str) -> Dataset:
        """Return the same rows with x (and y, unless it holds class indices) rounded to `dtype`.

        Raises ValueError if a number is beyond the range of `dtype`.
        """
        try:
            with np.errstate(over="raise"):
                y = self.y if self.model is Model.SOFTMAX else self.y.astype(dtype, copy=False)
                return replace(self, x=self.x.astype(dtype, copy=False), y=y)
        except FloatingPointError:
            raise ValueError(f"{self.name}: a number exceeds {dtype}: scale it down or use float64") from None


@dataclass(frozen=True)
class Batching:
    """How an epoch walks through the rows; the names have the same meaning as in torch's DataLoader.

    batch_size   rows per batch; None means all rows at once
    shuffle      a new row order every epoch, drawn from (seed, epoch)
    drop_last    leave out a last batch that is shorter than batch_size
    """

    batch_size: int | None = None
    shuffle: bool = False
    drop_last: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch size {self.batch_size}: give 1 or more, or none for all rows at once")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed}: give 0 or more")

    def rows(self, n: int, epoch: int) -> list[Rows]:
        """Return the rows of each batch of this epoch: slices, or index arrays when shuffled."""
        size = n if self.batch_size is None else self.batch_size
        stop = n - n % size if self.drop_last else n
        if not self.shuffle:
            return [slice(start, min(start + size, n)) for start in range(0, stop, size)]
        order = np.random.default_rng((self.seed, epoch)).permutation(n)
        return [order[start : start + size] for start in range(0, stop, size)]
