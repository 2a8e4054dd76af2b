"""Which cells are compared with which, for the race and the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis import quiet
from bench.analysis.quiet import Estimates
from bench.analysis.statistics import paired_ratio
from bench.plan.controls import NULL, baseline_of, is_twin
from bench.store.cell import Cell, Contest
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


def estimates(rounds: Sequence[Rounds]) -> dict[Cell, Estimates]:
    """Return what each cell takes, by block, from the rounds of a run that count."""
    own, twins = by_cell(rounds)
    floors = quiet.floors(rounds)
    found = {
        cell: quiet.of_baseline(its, twins.get(cell, []), floors[cell.contest])
        for cell, its in own.items()
        if baseline_of(cell) == cell
    }
    nobody = Estimates({}, {}, {})
    for cell, its in own.items():
        if cell not in found:
            baseline = baseline_of(cell)
            copies = own.get(baseline, []), twins.get(baseline, [])
            found[cell] = quiet.of_other(its, *copies, found.get(baseline, nobody), floors[cell.contest])
    return found


def quiet_blocks(rounds: Sequence[Rounds], timed: Iterable[Cell]) -> dict[Contest, int]:
    """Return, for each contest of these cells, the number of blocks in which all of them had a quiet processor."""
    known = estimates(rounds)
    found: dict[Contest, set[int]] = {}
    for cell in timed:
        blocks = set(known[cell].quiet) if cell in known else set[int]()
        found[cell.contest] = found.get(cell.contest, blocks) & blocks
    return {contest: len(blocks) for contest, blocks in found.items()}


def widest(rounds: Sequence[Rounds], timed: Iterable[Cell]) -> float:
    """Return the half-width of the widest interval of a ratio; 0 if there is none."""
    known = estimates(rounds)
    cells = [cell for cell in timed if cell in known]
    found = 0.0
    for model in Model:
        of_model = [cell for cell in cells if cell.problem.model is model]
        for cell in of_model:
            baseline = baseline_of(cell)
            if baseline != cell and baseline in known:
                ratio = paired_ratio(known[cell].quiet, known[baseline].quiet, comparisons(of_model))
                found = max(found, ratio.half_width if ratio else 0.0)
    return found
