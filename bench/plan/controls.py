"""The cells added for control: the baseline, its second copy, and the null implementation."""

from __future__ import annotations

from bench.store.cell import CPU, Cell
from impls import BASELINE

NULL = "null"


# Marks the second copy of the baseline in every block, whose true ratio to the first is 1.
TWIN = "@aa"


def twin(name: str) -> str:
    """Return the name of the second copy of an implementation."""
    return f"{name}{TWIN}"


def is_twin(name: str) -> bool:
    """Return whether this is the name of a second copy."""
    return name.endswith(TWIN)


def baseline_of(cell: Cell) -> Cell:
    """Return the cell that this one's ratio is relative to: the baseline on the same problem on the CPU."""
    return Cell(BASELINE, cell.problem, CPU, cell.threads)
