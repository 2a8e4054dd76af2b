"""The section of report.md on how time grows with size: what a step and a row cost, and where two change places."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Scaling
from bench.report import words
from bench.report.markdown import bullets, table

_INTRODUCTION = (
    "Time of an epoch = steps x overhead + rows x slope, fitted in each block to all sizes of a model, each size with "
    "the same weight; medians over blocks with intervals at 95 %. Caches bend the line: it is a summary of these sizes."
)


def section(scalings: Sequence[Scaling]) -> str:
    """Return both costs of every implementation as a table, and each crossover as a sentence."""
    headers = ("model", "implementation", "overhead of a step", "interval", "cost of a row", "its interval")
    costs = [
        (_work(one), one.implementation, *_cells(one.step_seconds, one.step_seconds_low, one.step_seconds_high),
         *_cells(one.row_seconds, one.row_seconds_low, one.row_seconds_high))
        for one in scalings if not one.against
    ]  # fmt: skip
    crossings = [
        f"{_work(one)}: {one.implementation} and {one.against} change places at {one.crossover_rows:.3g} rows "
        f"({one.crossover_rows_low:.3g} to {one.crossover_rows_high:.3g})"
        for one in scalings
        if one.against
    ]
    below = bullets(crossings) if crossings else "Nowhere between these sizes do two of them change places for certain."
    return f"{_INTRODUCTION}\n\n{table(headers, costs, right=headers[2:])}\n\n{below}"


def _work(one: Scaling) -> str:
    shape = f"d {one.d}" + (f", k {one.k}" if one.k > 1 else "")
    return f"{one.model} ({shape})" + (f" {one.dtype}" if one.dtype != "float32" else "")


def _cells(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if value is None:
        return "", ""
    interval = "" if low is None or high is None else f"{_seconds(low)} to {_seconds(high)}"
    return _seconds(value), interval


def _seconds(value: float) -> str:
    """Return a duration; a fitted one may be below 0, where there is nothing to be told from 0."""
    return f"-{words.duration(-value)}" if value < 0 else words.duration(value)
