"""The cells added for control: the baseline, its second copy, and the null implementation."""

from __future__ import annotations

from bench.store.cell import CPU, Cell
from impls import BASELINE

NULL = "null"


# Marks the second copy of the baseline in every block, whose true ratio to the first is 1.
TWIN = "@aa"


def baseline_of(cell: Cell) -> Cell:
    """Return the cell that this one's ratio is relative to: the baseline on the same problem on the CPU."""
    return Cell(BASELINE, cell.problem, CPU, cell.threads)
