"""How time grows with size: what a step costs, what a row costs, and where one overtakes another. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from statistics import median

import numpy as np

from bench.compared import by_block, by_cell
from bench.records import Cell, Rounds, Scaling
from bench.statistics import Ratio, order_interval, paired_ratio

# By block, the seconds per epoch of one cell.
_Values = Mapping[int, float]
_Interval = tuple[float | None, float | None, float | None]
_NONE: _Interval = (None, None, None)


def scalings(rounds: Sequence[Rounds]) -> list[Scaling]:
    """Return the costs of every implementation that was timed at several sizes of one model, and their crossovers."""
    groups: dict[tuple[object, ...], dict[str, dict[Cell, _Values]]] = {}
    for cell, own in by_cell(rounds, twins=False).items():
        one = cell.problem
        key = (one.model, one.dtype, cell.device, cell.threads, one.d, one.k, one.shuffle, one.drop_last, one.feed)
        groups.setdefault(key, {}).setdefault(cell.implementation, {})[cell] = by_block(own)
    found: list[Scaling] = []
    for group in groups.values():
        if len({_size(cell) for cells in group.values() for cell in cells}) > 1:
            found += [row for cells in group.values() for row in _costs(cells)]
            found += [row for pair in combinations(group.values(), 2) for row in _crossovers(*pair)]
    return found


def _size(cell: Cell) -> tuple[int, int]:
    """Return the steps and the rows of an epoch."""
    n, size = cell.problem.n, cell.problem.batch_size or cell.problem.n
    steps = n // size if cell.problem.drop_last else math.ceil(n / size)
    return steps, n - n % size if cell.problem.drop_last else n


def _costs(cells: Mapping[Cell, _Values]) -> Iterator[Scaling]:
    """Yield seconds = steps x overhead + rows x slope, fitted in each block, where the sizes tell the two apart."""
    sizes = np.array([_size(cell) for cell in cells], float)
    if np.linalg.matrix_rank(sizes / sizes.max(axis=0)) < 2:
        return
    blocks = sorted(set.intersection(*(set(values) for values in cells.values())))
    fits = [_fit(sizes, np.array([values[block] for values in cells.values()])) for block in blocks]
    if fits:
        overhead, slope = (_median([fit[i] for fit in fits]) for i in (0, 1))
        yield _row(next(iter(cells)), "", step=overhead, row=slope)


def _fit(sizes: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Return the overhead and the slope of least relative error: small sizes count as much as large ones."""
    (overhead, slope), *_ = np.linalg.lstsq(sizes / seconds[:, None], np.ones(len(seconds)), rcond=None)
    return float(overhead), float(slope)


def _median(values: Sequence[float]) -> _Interval:
    low, high, _ = order_interval(values, 0.95) or (None, None, None)
    return median(values), low, high


def _crossovers(a: Mapping[Cell, _Values], b: Mapping[Cell, _Values]) -> Iterator[Scaling]:
    """Yield where the faster of two changes as the rows of a full batch grow.

    The interval reaches from the last size at which one is faster to the first at which the other is, each by an
    interval that holds for all sizes together. Between them the ratio's logarithm is taken for a line.
    """
    other = {cell.problem.n: values for cell, values in b.items() if cell.problem.batch_size is None}
    own = sorted((cell.problem.n, values) for cell, values in a.items() if cell.problem.batch_size is None)
    paired = [(n, paired_ratio(values, other[n], len(own))) for n, values in own if n in other]
    known = [(n, ratio) for n, ratio in paired if ratio is not None]
    decided = [(n, ratio) for n, ratio in known if ratio.high < 1 or ratio.low > 1]
    for (low, before), (high, after) in pairwise(decided):
        if (before.high < 1) != (after.high < 1):
            between = [(n, ratio) for n, ratio in known if low <= n <= high]
            rows = (_crossing(between), float(low), float(high))
            yield _row(next(iter(a)), next(iter(b)).implementation, crossover=rows)


def _crossing(known: Sequence[tuple[int, Ratio]]) -> float:
    """Return where the ratio is 1, on the first line between neighbours that passes it."""
    for (n, ratio), (following, later) in pairwise(known):
        here, there = math.log(ratio.ratio), math.log(later.ratio)
        if (here < 0) != (there < 0):
            return float(n * (following / n) ** (here / (here - there)))
    raise ValueError("the ratio stays on one side of 1")


def _row(
    cell: Cell,
    against: str,
    step: _Interval = _NONE,
    row: _Interval = _NONE,
    crossover: _Interval = _NONE,
) -> Scaling:
    one = cell.problem
    place = (one.model, one.d, one.k, one.dtype, cell.device, cell.threads)
    return Scaling(cell.implementation, against, *place, *step, *row, *crossover)
