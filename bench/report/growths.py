"""The section of report.md on how time grows with size: what a step and a row cost, and where two change places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.records import Scaling, Timing
from bench.report import sizes, words
from bench.report.markdown import bullets, table
from bench.report.sizes import Panel
from impls.protocol import Feed

_INTRODUCTION = (
    "Time of an epoch = steps x overhead + rows x slope, fitted in each block to all sizes of a model, each size with "
    "the same weight; medians over blocks with intervals at 95 %. Caches bend the line: it is a summary of these sizes."
)


def section(scalings: Sequence[Scaling], rows: Sequence[Timing]) -> str:
    """Return both costs of every implementation as a table, and each crossover as a sentence."""
    headers = ("model", "implementation", "overhead of a step", "interval", "cost of a row", "its interval")
    costs = [
        (_work(one), words.runner(one), *_cells(one.step_seconds, one.step_seconds_low, one.step_seconds_high),
         *_cells(one.row_seconds, one.row_seconds_low, one.row_seconds_high))
        for one in scalings if not one.against
    ]  # fmt: skip
    fitted = table(headers, costs, right=headers[2:])
    return "\n\n".join([_INTRODUCTION, fitted, *_crossovers(sizes.panels(rows, scalings))])


def _crossovers(panels: Sequence[Panel]) -> Iterator[str]:
    """Yield how it is told which overtakes which, and that of every panel in which it can be told."""
    told = [panel for panel in panels if panel.comparisons]
    if told:
        yield " ".join([sizes.HOW, *dict.fromkeys(map(sizes.level, told))])
        yield bullets(f"{panel.title}: {line}" for panel in told for line in sizes.findings(panel))


def _work(one: Scaling) -> str:
    shape = f"d {one.d}" + (f", k {one.k}" if one.k > 1 else "")
    fed = " fed from the host" if one.feed is Feed.HOST else ""
    return f"{one.model} ({shape})" + (f" {one.dtype}" if one.dtype != "float32" else "") + fed


def _cells(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if value is None:
        return "", ""
    interval = "" if low is None or high is None else f"{_seconds(low)} to {_seconds(high)}"
    return _seconds(value), interval


def _seconds(value: float) -> str:
    """Return a duration; a fitted one may be below 0, where there is nothing to be told from 0."""
    return f"-{words.duration(-value)}" if value < 0 else words.duration(value)
