"""Read a user's .csv: one column is the target, every other one a numeric feature."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.columns import Columns, check_finite, whole
from datasets.dataset import Model

MOST_INTEGER_CLASSES = 20


def read_csv(file: str, target: str | None, model: Model | None) -> Columns:
    """Read the columns; raise ValueError, with one line that names the remedy, if the file has faults.

    The target is a class if the model classifies or, with no model given, if it is text, true and
    false, or whole numbers with 2 to 20 distinct values. Classes are coded in sorted order:
    numbers by value, text alphabetically; labels are kept. An empty entry, or NA, is a
    fault; it is never skipped. Rows are counted from 1 after the header.
    """
    cells = _cells(file)
    if target is None:
        raise ValueError(f"{file}: the target column is not named: give --target with one of {_list(cells)}")
    if target not in cells:
        near = difflib.get_close_matches(target, list(cells), n=3, cutoff=0.5)
        remedy = f"did you mean {_list(near)}?" if near else f"choose from {_list(cells)}"
        raise ValueError(f"{file}: no column '{target}' to use as the target: {remedy}")
    y, labels = _target(file, target, cells.pop(target), model)
    if not cells:
        raise ValueError(f"{file}: no column except the target '{target}': add at least one feature")
    x = np.empty((len(y), len(cells)))
    for j, (column, values) in enumerate(cells.items()):
        x[:, j] = _numbers(file, column, values, "encode the column as numbers or remove it")
    check_finite(file, x, [f"column '{column}'" for column in cells])
    return Columns(x, y, labels, f"column '{target}'")


def _cells(file: str) -> dict[str, NDArray[Any]]:
    """Return the entries of each column: numbers or booleans if all of them are, otherwise text."""
    import pandas as pd  # noqa: PLC0415 - nothing else here needs pandas

    try:
        with warnings.catch_warnings():
            # Rows longer than the header would lose entries with only this warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                file,
                index_col=False,
                keep_default_na=False,  # 'NA' stays visible, and 'None' can be a class
                skipinitialspace=True,
                low_memory=False,
                encoding="utf-8-sig",
            )
    except pd.errors.ParserWarning:
        raise ValueError(
            f"{file}: some rows have more entries than the header: name every column in the first line"
        ) from None
    except pd.errors.EmptyDataError:
        raise ValueError(f"{file}: the file is empty: give it a header and rows") from None
    except (pd.errors.ParserError, UnicodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{file}: cannot be read as comma-separated UTF-8 text ({reason}): repair the file") from None
    if not len(frame):
        raise ValueError(f"{file}: there are no rows below the header: add some")
    return {str(column): frame[column].to_numpy() for column in frame.columns}


def _target(
    file: str, column: str, values: NDArray[Any], model: Model | None
) -> tuple[NDArray[np.float64] | NDArray[np.int64], tuple[str, ...]]:
    regression = model is not None and not model.classifies
    if values.dtype.kind == "O":
        text = _text(file, column, values)
        if regression or (model is None and any(_number(cell) is not None for cell in text)):
            remedy = "correct it, or use --model logistic or softmax to make every value a class"
            numbers = _numbers(file, column, text, remedy)
            check_finite(file, numbers[:, None], [f"column '{column}'"])
            return numbers, ()
        return _encode(file, column, text)
    if values.dtype.kind == "b":
        if regression:
            raise ValueError(f"{file}: column '{column}' is true or false, not a number: use --model logistic")
        return _encode(file, column, values)
    numbers = values.astype(np.float64)
    check_finite(file, numbers[:, None], [f"column '{column}'"])
    if model is None:
        few = values.dtype.kind in "iu" and 2 <= len(np.unique(values)) <= MOST_INTEGER_CLASSES
        return _encode(file, column, values) if few else (numbers, ())
    if regression:
        return numbers, ()
    if not whole(numbers):
        raise ValueError(f"{file}: column '{column}' holds fractions, not classes: use a linear model, not {model}")
    return _encode(file, column, numbers.astype(np.int64))


def _encode(file: str, column: str, values: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"{file}: column '{column}' holds only one class, '{classes[0]}': add rows of another")
    return codes.astype(np.int64), tuple(str(label) for label in classes)


def _text(file: str, column: str, values: NDArray[Any]) -> NDArray[np.str_]:
    """Return the entries of a text column, stripped; raise ValueError if one is empty."""
    text = np.array(["" if isinstance(cell, float) else str(cell).strip() for cell in values])  # a missing entry is NaN
    if not text.all():
        row = int(np.argmin(text != "")) + 1
        raise ValueError(f"{file}: data row {row}, column '{column}' is empty: complete the row or remove it")
    return text


def _numbers(file: str, column: str, values: NDArray[Any], remedy: str) -> NDArray[np.float64]:
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    numbers = np.empty(len(values))
    for row, cell in enumerate(values):
        number = _number(cell)
        if number is None:
            reason = f"holds '{cell}', not a number: {remedy}" if cell else "is empty: complete the row or remove it"
            raise ValueError(f"{file}: data row {row + 1}, column '{column}' {reason}")
        numbers[row] = number
    return numbers


def _number(cell: object) -> float | None:
    try:
        return float(str(cell))
    except ValueError:
        return None


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
