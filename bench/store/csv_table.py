"""Tables as CSV: a number is the shortest text that reads back as the same float64, what does not exist is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import pandas as pd


def csv(cls: type[Any], records: Sequence[Any]) -> str:
    """Return the records as CSV with a header, one line a record."""
    columns = [field.name for field in fields(cls)]
    table = [[*map(exact, values)] for values in map(attrgetter(*columns), records)]
    text: str = pd.DataFrame(table, columns=columns, dtype=object).to_csv(index=False, lineterminator="\n")
    return text


def exact(value: object) -> str:
    """Return a value as the CSV files have it: of a float the shortest text that reads back as the same."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
