"""Of very many cells, those that people look at: report.md and the page show the first of each model."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Timing
from datasets.dataset import Model

# A browser takes seconds for ten thousand rows, and nobody reads them.
MOST_CELLS = 1000


def shown(rows: Sequence[Timing]) -> list[tuple[int, Timing]]:
    """Return the rows to show, each with its place in timings.csv: all, or as many of each model."""
    every = list(enumerate(rows))
    if len(every) <= MOST_CELLS:
        return every
    by_model = [[(number, row) for number, row in every if row.model is model] for model in Model]
    return [one for of_model in by_model for one in of_model[: MOST_CELLS // len(Model)]]


def left_out(rows: Sequence[Timing]) -> str:
    """Say how many rows are not shown, if any."""
    hidden = len(rows) - len(shown(rows))
    return f"{hidden:,} more cells are in timings.csv." if hidden else ""
