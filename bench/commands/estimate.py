"""An estimate of how long a run will take, before it starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import impls
from bench.gate.check import AT_ONCE
from bench.plan.controls import NULL
from bench.plan.sweep import work_seconds
from bench.store.cell import Cell
from bench.timing import entrants

# Seconds on two idle cores of a Xeon, rounded, for: a worker until its first cell, by library; each cell in it; the
# gate for one implementation in both dtypes, by library; the rates that a block measures, per dtype; all that comes
# before the gate and after the race.
_START = {"numpy": 0.7, "torch": 2.8, "jax": 2.4}
_OTHER_START = 2.5
_PILOT_CELL, _TIMED_CELL, _QUICK_CELL = 0.1, 0.5, 0.2
_GATE = {"numpy": 8.0, "torch": 20.0, "jax": 36.0}
_OTHER_GATE = 15.0
_RATES, _AROUND = 1.0, 6.0
# What a C++ compiler takes in addition, in processor time: for its first shape, for each further shape, and for the
# 120 shapes of the gate in two workers.
_FIRST_SHAPE, _SHAPE, _COMPILED_GATE = 25.0, 3.5, 470.0
# One dtype instead of two, but with the same expectations for the cells' own data.
_QUICK_GATE = 0.6


def seconds(cells: Sequence[Cell], blocks: int, quick: bool) -> float:
    """Return how many seconds the gate and the race will take for these cells."""
    pilot, block = entrants.worker_groups(cells, controls=False), entrants.worker_groups(cells, controls=not quick)
    pace = _QUICK_CELL if quick else _TIMED_CELL
    at_once = len(entrants.processors())
    piloted = 0.0 if quick else sum(_start(group) / at_once + _PILOT_CELL * len(group.cells) for group in pilot)
    rated = {cell.problem.dtype for cell in cells if cell.on_one_processor}
    timed = sum(_start(group) / at_once + sum(max(pace, _work(cell)) for cell in group.cells) for group in block)
    timed += 0.0 if quick else _RATES * len(rated)
    gate = sum(_gate(name) for name in {cell.implementation for cell in cells}) / AT_ONCE
    return (_QUICK_GATE if quick else 1.0) * gate + piloted + blocks * timed + _AROUND


def _work(cell: Cell) -> float:
    one = cell.problem
    if cell.implementation == NULL:
        return 0.0
    return work_seconds(one.n, one.d, one.k, np.dtype(one.dtype).itemsize, one.batch_size)


def _start(group: entrants.WorkerGroup) -> float:
    name = group.cells[0].implementation
    compiling = _FIRST_SHAPE + _SHAPE * (len(group.cells) - 1) if _compiles(name) else 0.0
    return _START.get(_library(name), _OTHER_START) + compiling


def _gate(implementation: str) -> float:
    compiling = _COMPILED_GATE if _compiles(implementation) else 0.0
    return _GATE.get(_library(implementation), _OTHER_GATE) + compiling


def _compiles(implementation: str) -> bool:
    row = impls.row(implementation)
    return row is not None and row.compiler


def _library(implementation: str) -> str:
    row = impls.row(implementation)
    return row.requires if row else "numpy"  # the null implementation is not in the table
