"""Which cells are compared with which, for the race and the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis.statistics import paired_ratio, process_value
from bench.plan.controls import NULL, baseline_of, is_twin
from bench.store.cell import Cell
from bench.store.raw_rows import Rounds
from datasets.dataset import Model


def comparisons(timed: Iterable[Cell]) -> int:
    """Return m, the number of ratios in a table of these cells; at least 1."""
    cells = set(timed)
    return max(1, sum(baseline != cell and baseline in cells for cell in cells for baseline in [baseline_of(cell)]))


def by_cell(rounds: Iterable[Rounds]) -> tuple[dict[Cell, list[Rounds]], dict[Cell, list[Rounds]]]:
    """Return the rounds of each cell, and those of its A/A twin, without the null implementation."""
    own: dict[Cell, list[Rounds]] = {}
    twins: dict[Cell, list[Rounds]] = {}
    for one in rounds:
        if one.name != NULL:
            (twins if is_twin(one.name) else own).setdefault(one.cell, []).append(one)
    return own, twins


def by_block(rounds: Iterable[Rounds]) -> dict[int, float]:
    """Return the process value of each block."""
    return {one.block: process_value(one) for one in rounds}


def widest(rounds: Sequence[Rounds], timed: Iterable[Cell]) -> float:
    """Return the half-width of the widest interval of a ratio; 0 if there is none."""
    own, _ = by_cell(rounds)
    cells = [cell for cell in timed if cell in own]
    found = 0.0
    for model in Model:
        of_model = [cell for cell in cells if cell.problem.model is model]
        for cell in of_model:
            baseline = baseline_of(cell)
            if baseline != cell and baseline in own:
                ratio = paired_ratio(by_block(own[cell]), by_block(own[baseline]), comparisons(of_model))
                found = max(found, ratio.half_width if ratio else 0.0)
    return found
