"""The rows to show if there are very many: report.md and the page show the first rows of each model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

from bench.analysis.ranking import rankings
from bench.report.views import notation
from bench.store.cell import NOT_ATTEMPTED, Contest, Status
from bench.store.layout import TIMINGS_CSV
from bench.store.tables import Timing
from datasets.dataset import Model

# A row of timings.csv with its position there, which is the number of its cell.
Numbered = tuple[int, Timing]

Row = TypeVar("Row")

# A browser takes seconds for ten thousand rows, too many to read; a sweep of nine sizes has about 250.
MOST_ROWS = 300


def shown(rows: Sequence[Timing]) -> list[Numbered]:
    """Return the rows to show: all, or the first problems of each model.

    A problem is shown whole or not at all: the fastest of only some of its rows need not be the fastest.
    """
    numbered = list(enumerate(rows))
    if len(numbered) <= MOST_ROWS:
        return numbered
    by_model: dict[Model, list[Timing]] = {}
    for row in rows:
        by_model.setdefault(row.cell.problem.model, []).append(row)
    chosen: set[Contest] = set()
    for of_model in by_model.values():
        contests = rankings(of_model)
        whole = first((len(one.rows) for one in contests), MOST_ROWS // len(by_model))
        chosen.update(one.contest for one in contests[:whole])
    return [(number, row) for number, row in numbered if row.cell.contest in chosen]


def first(sizes: Iterable[int], most: int) -> int:
    """Return how many groups of these sizes to show: the first with at most `most` rows in total, but at least one."""
    return max(1, sum(total <= most for total in accumulate(sizes)))


def left_out(rows: Sequence[Timing], shown: Sequence[object]) -> str:
    """Say how many rows are not shown, if any."""
    return more(len(rows) - len(shown), "cell", TIMINGS_CSV)


def unfinished(rows: Sequence[Timing]) -> tuple[Sequence[Numbered], str]:
    """Return the first rows without a time, failures before those not run, and how many more there are, if any.

    They come from all problems, shown or not.
    """
    found = [(number, row) for number, row in enumerate(rows) if row.status is not Status.OK]
    return cut(sorted(found, key=lambda one: one[1].status in NOT_ATTEMPTED), "cell", TIMINGS_CSV)


def cut(rows: Sequence[Row], noun: str, file: str) -> tuple[Sequence[Row], str]:
    """Return the first rows of a table, and how many more there are in this file, if any."""
    return rows[:MOST_ROWS], more(len(rows) - MOST_ROWS, noun, file)


def more(count: int, noun: str, file: str) -> str:
    """Say how many are not shown and where they are: "9,000 more cells: timings.csv."; empty if none."""
    return f"{notation.number(count, f'more {noun}')}: {file}." if count > 0 else ""
