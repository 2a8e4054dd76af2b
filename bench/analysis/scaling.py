"""How time grows with size: cost per step, cost per row, and where one implementation overtakes another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, takewhile
from statistics import median

import numpy as np

from bench.analysis.statistics import Ratio, compare, level, order_interval, paired_ratio
from bench.store.cell import Cell
from bench.store.tables import Comparison, Family, Places, Scaling
from datasets import synthetic
from datasets.dataset import Model

# By block, the seconds per epoch of one cell.
_Values = Mapping[int, float]
_Interval = tuple[float | None, float | None, float | None]
_NONE: _Interval = (None, None, None)


def family(cell: Cell) -> Family | None:
    """Return the family of a cell; None unless its data are synthetic, since others differ in more than size."""
    one = cell.problem
    if one.dataset.partition(":")[0] != "synthetic":
        return None
    *_, seed = synthetic.parse(one.dataset)
    return Family(one.model, one.d, one.k, one.dtype, seed, one.shuffle, one.drop_last, one.feed, cell.threads)


@dataclass(frozen=True)
class _Runner:
    """An implementation on one device, with the values of its cells of one family."""

    implementation: str
    device: str
    cells: Mapping[Cell, _Values]

    @property
    def full(self) -> dict[int, _Values]:
        """The values with full batches, by number of rows.

        Those with batches of a fixed size are left out, because there the cost per step does not depend on n.
        """
        return {cell.problem.n: values for cell, values in self.cells.items() if cell.problem.batch_size is None}


_Pair = tuple[_Runner, _Runner]


def scalings(values: Mapping[Cell, _Values]) -> list[Scaling]:
    """Return the costs of each implementation timed at several sizes of synthetic data, and the ranking of each pair.

    values   by block, the seconds per epoch of each cell that is OK
    """
    runners = _runners(values)
    pairs = {one: [pair for pair in combinations(group, 2) if len(_shared(pair)) > 1] for one, group in runners.items()}
    count = Counter[Model]()
    for one, found in pairs.items():
        count[one.model] += 2 * len(found)
    rows: list[Scaling] = []
    for one, group in runners.items():
        rows += [row for runner in group for row in _costs(one, runner, count[one.model])]
        rows += [_places(one, pair, count[one.model]) for pair in pairs[one]]
    return rows


def _runners(values: Mapping[Cell, _Values]) -> dict[Family, list[_Runner]]:
    """Return the implementations of each family with several sizes."""
    groups: dict[Family, dict[tuple[str, str], dict[Cell, _Values]]] = {}
    for cell, own in values.items():
        if (one := family(cell)) is not None:
            groups.setdefault(one, {}).setdefault((cell.implementation, cell.device), {})[cell] = own
    return {
        one: [_Runner(*who, cells) for who, cells in group.items()]
        for one, group in groups.items()
        if len({(cell.problem.steps, cell.problem.rows) for cells in group.values() for cell in cells}) > 1
    }


def _shared(pair: _Pair) -> list[int]:
    """Return the numbers of rows at which both ran a full batch."""
    return sorted(pair[0].full.keys() & pair[1].full.keys())


def _costs(one: Family, runner: _Runner, comparisons: int) -> Iterator[Scaling]:
    """Yield the fit of seconds = steps x overhead + rows x slope in each block, if the sizes determine both."""
    sizes = np.array([(cell.problem.steps, cell.problem.rows) for cell in runner.cells], float)
    if np.linalg.matrix_rank(sizes / sizes.max(axis=0)) < 2:
        return
    blocks = sorted(set.intersection(*(set(values) for values in runner.cells.values())))
    fits = [_fit(sizes, np.array([values[block] for values in runner.cells.values()])) for block in blocks]
    if fits:
        overhead, slope = (_median([fit[i] for fit in fits]) for i in (0, 1))
        yield _row(one, (runner, None), comparisons, step=overhead, row=slope)


def _fit(sizes: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Return the overhead and slope of least relative error, so that small sizes count as much as large ones."""
    (overhead, slope), *_ = np.linalg.lstsq(sizes / seconds[:, None], np.ones(len(seconds)), rcond=None)
    return float(overhead), float(slope)


def _median(values: Sequence[float]) -> _Interval:
    low, high, _ = order_interval(values, level(1)) or (None, None, None)
    return median(values), low, high


def _places(one: Family, pair: _Pair, comparisons: int) -> Scaling:
    """Return the ranking of two as the rows of a full batch grow, with the one that is faster in the end named first.

    Sizes are read from both ends inwards, each end up to the first size that is not decided like the end. At each end
    two things can go wrong: its own sign, and that of the first size whose true sign differs. Each is one tail of one
    interval, however many sizes there are, so an end costs as much as one interval, and two ends per pair are
    corrected for: a fixed sequence of tests (Westfall and Krishen, J. Statist. Plann. Inference 99, 2001), with
    directions. A ratio within the margin is not decided.
    """
    a, b = pair
    ratios = [(n, paired_ratio(a.full[n], b.full[n], comparisons)) for n in _shared(pair)]
    told = [(n, compare(ratio)) for n, ratio in ratios]
    (_, first), (_, last) = told[0], told[-1]
    if not {first, last} <= {Comparison.FASTER, Comparison.SLOWER}:
        return _row(one, pair, comparisons, places=Places.UNDECIDED)
    faster_first = (a, b) if last is Comparison.FASTER else (b, a)
    if first is last:
        return _row(one, faster_first, comparisons, places=Places.FASTER)
    low, high = _reach(told), _reach(told[::-1])
    between = [(n, ratio) for n, ratio in ratios if low <= n <= high and ratio is not None]
    rows, level = (_crossing(between), float(low), float(high)), min(between[0][1].level, between[-1][1].level)
    return _row(one, faster_first, comparisons, places=Places.OVERTAKES, crossover=rows, level=level)


def _reach(told: Sequence[tuple[int, Comparison]]) -> int:
    """Return the last size before one that is not decided like the first."""
    *_, (n, _) = takewhile(lambda size: size[1] is told[0][1], told)
    return n


def _crossing(known: Sequence[tuple[int, Ratio]]) -> float:
    """Return where the ratio is 1, on the first line between neighbouring sizes that crosses 1."""
    for (n, ratio), (following, later) in pairwise(known):
        here, there = math.log(ratio.ratio), math.log(later.ratio)
        if (here < 0) != (there < 0):
            return float(n * (following / n) ** (here / (here - there)))
    raise ValueError("the ratio stays on one side of 1")


def _row(
    one: Family,
    pair: tuple[_Runner, _Runner | None],
    comparisons: int,
    *,
    places: Places | None = None,
    step: _Interval = _NONE,
    row: _Interval = _NONE,
    crossover: _Interval = _NONE,
    level: float | None = None,
) -> Scaling:
    runner, against = pair
    return Scaling(
        implementation=runner.implementation,
        device=runner.device,
        against=against.implementation if against else "",
        against_device=against.device if against else "",
        family=one,
        step_seconds=step[0],
        step_seconds_low=step[1],
        step_seconds_high=step[2],
        row_seconds=row[0],
        row_seconds_low=row[1],
        row_seconds_high=row[2],
        places=places,
        crossover_rows=crossover[0],
        crossover_rows_low=crossover[1],
        crossover_rows_high=crossover[2],
        crossover_level=level,
        comparisons=comparisons,
    )
