"""The section of report.md on how time grows with size: cost per step and per row, and crossovers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.report.markdown.syntax import bullets, table
from bench.report.views import names, notation, scaling, truncate
from bench.report.views.scaling import Panel
from bench.store.layout import SWEEP_CSV
from bench.store.tables import Family, Scaling, Timing
from datasets.dataset import DEFAULT_DTYPE
from impls.protocol import Feed

_INTRODUCTION = (
    "Time per epoch = steps x overhead + rows x cost, fitted in each block to all sizes of a model with equal weight; "
    "medians over blocks, intervals at 95 %. Caches bend the line, so it only summarises these sizes."
)


def section(scalings: Sequence[Scaling], rows: Sequence[Timing]) -> str:
    """Return both costs of every implementation as a table, and each crossover as a sentence."""
    headers = ("model", "implementation", "overhead per step", "overhead interval", "cost per row", "cost interval")
    works = names.distinct((one.family for one in scalings), _work)
    shown, more = truncate.cut(_in_order(scalings, rows), "row", SWEEP_CSV)
    costs = [
        (works[one.family], names.runner(one.runner),
         *_cells(one.step_seconds, one.step_seconds_low, one.step_seconds_high),
         *_cells(one.row_seconds, one.row_seconds_low, one.row_seconds_high))
        for one in shown
    ]  # fmt: skip
    parts = [
        _INTRODUCTION,
        table(headers, costs, right=headers[2:]),
        more,
        *_crossovers(scaling.panels(rows, scalings)),
    ]
    return "\n\n".join(part for part in parts if part)


def _in_order(scalings: Sequence[Scaling], rows: Sequence[Timing]) -> list[Scaling]:
    """Sort the costs by problem, and within it in the order of the times."""
    costs = [one for one in scalings if not one.against]
    families = list(dict.fromkeys(one.family for one in costs))
    runners = list(dict.fromkeys(row.cell.runner for row in rows))
    return sorted(costs, key=lambda one: (families.index(one.family), runners.index(one.runner)))


def _crossovers(panels: Sequence[Panel]) -> Iterator[str]:
    """Yield how crossovers are found, and those of every panel that has comparisons."""
    told = [panel for panel in panels if panel.comparisons]
    if told:
        how = [scaling.HOW] if any(panel.crossovers for panel in told) else []
        yield " ".join([*how, *dict.fromkeys(map(scaling.level, told))])
        lines = [
            f"{panel.title}: {line}" for panel in told for line in (*scaling.findings(panel), *scaling.others(panel))
        ]
        shown, more = truncate.cut(lines, "line", SWEEP_CSV)
        yield bullets(shown)
        yield more


def _work(one: Family) -> str:
    shape = f"d {one.d}" + (f", k {one.k}" if one.k > 1 else "")
    fed = " fed from the host" if one.feed is Feed.HOST else ""
    return f"{one.model} ({shape})" + (f" {one.dtype}" if one.dtype != DEFAULT_DTYPE else "") + fed


def _cells(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if value is None:
        return "", ""
    return _seconds(value), "" if low is None or high is None else _range(low, high)


def _range(low: float, high: float) -> str:
    return notation.duration_range(low, high) if low >= 0 else f"{_seconds(low)} to {_seconds(high)}"


def _seconds(value: float) -> str:
    """Return a duration; a fitted one may be negative if it is indistinguishable from 0."""
    return f"-{notation.duration(-value)}" if value < 0 else notation.duration(value)
