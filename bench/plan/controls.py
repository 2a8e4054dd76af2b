"""What runs beside the cells that were asked for: the baseline, its twin, and the null implementation."""

from __future__ import annotations

from bench.store.cell import CPU, Cell
from impls import BASELINE

NULL = "null"


# The second copy of the baseline in every block: what the clock says of a thing and itself.
TWIN = "@aa"


def baseline_of(cell: Cell) -> Cell:
    """Return the cell that this one's ratio is over: the same work by the baseline on the CPU."""
    return Cell(BASELINE, cell.problem, CPU, cell.threads)
