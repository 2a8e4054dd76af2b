"""Tables as CSV: a number is the shortest text that reads back as the same float64; a missing number is empty.

A record inside another one, such as the cell of a row, becomes one column per field. Only this module knows which
columns these are.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, cast, get_type_hints

import pandas as pd

from bench.store.cell import Cell

# The columns of a cell, in the order of every table that has one.
_CELL = (
    "implementation", "problem.model", "problem.dataset", "problem.n", "problem.d", "problem.k", "problem.dtype",
    "device", "problem.batch_size", "problem.shuffle", "problem.drop_last", "problem.feed", "threads",
)  # fmt: skip


def csv(cls: type[Any], records: Sequence[Any]) -> str:
    """Return the records as CSV with a header, one line per record."""
    table = [[*map(exact, flat(record).values())] for record in records]
    text: str = pd.DataFrame(table, columns=columns(cls), dtype=object).to_csv(index=False, lineterminator="\n")
    return text


def flat(record: Any) -> dict[str, Any]:
    """Return the values of a record by column."""
    paths, values = _table(cast(Hashable, type(record)))
    return dict(zip(paths, values(record), strict=True))


def columns(cls: type[Any]) -> list[str]:
    """Return the columns of these records."""
    return [*_table(cast(Hashable, cls))[0]]


def value(record: Any, column: str) -> str:
    """Return the value of a column, as written in the CSV files."""
    return exact(attrgetter(_table(cast(Hashable, type(record)))[0][column])(record))


@cache
def _table(cls: Hashable) -> tuple[dict[str, str], attrgetter[Any]]:
    """Return the attribute path of each column, and a getter for all of them."""
    paths = {path.rpartition(".")[2]: path for path in _paths(cls)}
    return paths, attrgetter(*paths.values())


def _paths(cls: Any) -> list[str]:
    if cls is Cell:
        return [*_CELL]
    kinds = get_type_hints(cls)
    behind: Mapping[str, tuple[str, ...]] = getattr(cls, "BEHIND", {})
    found: list[str] = []
    for field in fields(cls):
        kind = kinds[field.name]
        inner = [f"{field.name}.{path}" for path in _paths(kind)] if is_dataclass(kind) else [field.name]
        found += [*inner, *behind.get(field.name, ())]
    return found


def exact(value: object) -> str:
    """Return a value as written in the CSV files: for a float, the shortest text that reads back as the same."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
