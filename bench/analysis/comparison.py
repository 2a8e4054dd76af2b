"""Compare two runs from their raw rows (docs/decisions/0006-comparing-runs.md).

Times are not compared across runs, because load shifts them all. The ratio to the baseline is compared instead: both
were timed in the same blocks, so what the machine did to both cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.analysis.run import Raw
from bench.analysis.statistics import Ratio, compare, level, order_interval
from bench.errors import BadInput
from bench.plan.controls import baseline_of
from bench.store.cell import Cell, Status, data_key
from bench.store.comparable import CONDITIONS
from bench.store.raw_rows import Verdict
from bench.store.tables import Change
from datasets.dataset import Model


@dataclass(frozen=True)
class Between:
    """Two runs side by side.

    changes       one per cell that both have
    only_old, only_new   the cells that the other run does not have with these settings, including the data
    missing       the cells of only_old that had a time
    differences   differences that were allowed, in words
    absolute      whether times were compared directly, not through the baseline
    """

    changes: Sequence[Change]
    only_old: Sequence[Cell]
    only_new: Sequence[Cell]
    missing: Sequence[Cell]
    differences: Sequence[str]
    absolute: bool


def between(old: Raw, new: Raw, *, across: Sequence[str] = (), absolute: bool = False) -> Between:
    """Return how the cells that two runs share have changed.

    across     conditions that may differ: keys of CONDITIONS
    absolute   compare the times directly: for a machine that is known not to have changed

    Raises BadInput if another condition differs, a run has no intervals, or the runs share no cell.
    """
    for raw, name in ((old, "old"), (new, "new")):
        if not raw.timed or raw.quick:
            raise BadInput(f"the {name} run has no intervals (agree or --quick): compare runs of python -m bench run")
    identities = old.environment.get("identity", {}), new.environment.get("identity", {})
    differences = _differences(*identities, across)
    cells = {one.cell: one for one in old.final}, {one.cell: one for one in new.final}
    changed = _changed_data(*identities)
    shared = [
        cell
        for cell in cells[1]
        if cell in cells[0] and data_key(cell.problem.dataset, cell.problem.dtype) not in changed
    ]
    if not shared:
        raise BadInput(f"the runs share no cell: {_why_none(list(cells[0]), list(cells[1]), changed)}")
    changes = [
        change
        for model in Model
        for change in _of_model([cell for cell in shared if cell.problem.model is model], old, new, absolute)
    ]
    both = set(shared)
    only_old, only_new = ([cell for cell in own if cell not in both] for own in cells)
    missing = [cell for cell in only_old if cells[0][cell].status is Status.OK]
    return Between(changes, only_old, only_new, missing, differences, absolute)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], across: Sequence[str]) -> list[str]:
    """Return the allowed differences; raise BadInput for the first one that is not allowed."""
    found = []
    for condition, names in CONDITIONS.items():
        for name in names:
            if old.get(name) == new.get(name):
                continue
            said = _difference(name, old.get(name), new.get(name))
            if condition not in across:
                raise BadInput(f"different {condition}: {said}; --across {condition} compares anyway")
            found.append(said)
    return found


def _difference(name: str, old: Any, new: Any) -> str:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        parts = [_difference(key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)]
        return ", ".join(parts)
    return f"{name} was {old} and is {new}"


def _changed_data(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the data, by name and dtype, that have the same name in both runs but different content."""
    before, after = old.get("data", {}), new.get("data", {})
    return {name for name in before if name in after and before[name] != after[name]}


def _why_none(old: Sequence[Cell], new: Sequence[Cell], changed: set[str]) -> str:
    """Return the setting in which cells of the same implementation and dataset differ."""
    if changed:
        return f"the data of {', '.join(sorted(changed))} have changed"
    for one in old:
        for other in new:
            if (one.implementation, one.problem.dataset) == (other.implementation, other.problem.dataset):
                names = [*vars(one.problem)]
                settings = {name: (getattr(one.problem, name), getattr(other.problem, name)) for name in names}
                settings |= {"device": (one.device, other.device), "threads": (one.threads, other.threads)}
                return next(f"{name} was {a} and is {b}" for name, (a, b) in settings.items() if a != b)
    return "no implementation and dataset are in both"


def _of_model(cells: Sequence[Cell], old: Raw, new: Raw, absolute: bool) -> list[Change]:
    """Return the changes of one table, with intervals that hold together at 95 %."""
    ended = {verdict.cell: verdict for verdict in old.final}, {verdict.cell: verdict for verdict in new.final}
    compared = [cell for cell in cells if absolute or baseline_of(cell) != cell]
    return [_change(cell, ended, (old, new), max(1, len(compared)), absolute) for cell in cells]


_Ended = Mapping[Cell, Verdict]


def _change(cell: Cell, ended: tuple[_Ended, _Ended], runs: tuple[Raw, Raw], count: int, absolute: bool) -> Change:
    times = [_times(cell, raw, verdicts) for raw, verdicts in zip(runs, ended, strict=True)]
    is_baseline = baseline_of(cell) == cell
    if absolute:
        logs = [[math.log(seconds) for seconds in run] for run in times]
    else:
        logs = [_ratio_logs(cell, raw, one) for raw, one in zip(runs, ended, strict=True)]
    ratio = None if is_baseline and not absolute else shift(logs[0], logs[1], count)
    return Change(
        cell=cell,
        old_status=ended[0][cell].status,
        new_status=ended[1][cell].status,
        comparison=compare(ratio),
        through="" if absolute else baseline_of(cell).implementation,
        change=ratio.ratio if ratio else None,
        change_low=ratio.low if ratio else None,
        change_high=ratio.high if ratio else None,
        change_level=ratio.level if ratio else None,
        comparisons=count,
        old_epoch_seconds=runs[0].shown.get(cell),
        new_epoch_seconds=runs[1].shown.get(cell),
        old_blocks=len(times[0]),
        new_blocks=len(times[1]),
    )


def _times(cell: Cell, raw: Raw, ended: _Ended) -> list[float]:
    """Return the seconds per epoch of each block that met a quiet processor."""
    if ended[cell].status is not Status.OK:
        return []
    return [*raw.values.get(cell, {}).values()]


def _ratio_logs(cell: Cell, raw: Raw, ended: _Ended) -> list[float]:
    """Return the logarithm of the ratio to the baseline for each block that has both, if both are OK."""
    if any(one not in ended or ended[one].status is not Status.OK for one in (cell, baseline_of(cell))):
        return []
    values, baseline = raw.values.get(cell, {}), raw.values.get(baseline_of(cell), {})
    return [math.log(values[block] / baseline[block]) for block in sorted(values.keys() & baseline.keys())]


def shift(old: Sequence[float], new: Sequence[float], comparisons: int) -> Ratio | None:
    """Return exp of the median of `new` minus that of `old`, logarithms by process; None if there are too few.

    Each median has its own exact interval at level 1 - a/2, where 1 - a is the `level` of the table; together they
    hold at 1 - a, whatever the two distributions and however they differ, so the difference lies between the
    differences of their ends (Bonferroni). An interval that assumes that both runs scatter alike would be narrower.
    For the very same processes the difference is known to be 0, not estimated.
    """
    if old and list(old) == list(new):
        return Ratio(1.0, 1.0, 1.0, 1.0, len(old))
    half = level(2 * comparisons)
    before, after = order_interval(old, half), order_interval(new, half)
    if before is None or after is None:
        return None
    low, high = math.exp(after[0] - before[1]), math.exp(after[1] - before[0])
    reached = 1 - (1 - before[2]) - (1 - after[2])
    return Ratio(math.exp(median(new) - median(old)), low, high, reached, min(len(old), len(new)))


def slower_than(changes: Sequence[Change], share: float) -> list[Change]:
    """Return the cells that are certainly slower by more than this share, and those that no longer have a time."""
    return [
        change
        for change in changes
        if (change.change_low is not None and change.change_low > 1 + share)
        or (change.old_status is Status.OK and change.new_status is not Status.OK)
    ]


def untold(changes: Sequence[Change]) -> list[Change]:
    """Return the cells that have a time in both runs, but too few blocks for an interval of the change."""
    return [
        change
        for change in changes
        if change.old_status is change.new_status is Status.OK
        and change.change_low is None
        and not through_itself(change)
    ]


def moved_baselines(changes: Sequence[Change], share: float) -> list[tuple[Change, float]]:
    """Return the baseline's cells whose median time changed by more than this share, and the ratio."""
    found = []
    for change in changes:
        if through_itself(change) and change.old_epoch_seconds and change.new_epoch_seconds:
            ratio = change.new_epoch_seconds / change.old_epoch_seconds
            if not 1 / (1 + share) <= ratio <= 1 + share:
                found.append((change, ratio))
    return found


def through_itself(change: Change) -> bool:
    """Return whether this is the baseline's own cell, through which the other changes are measured."""
    return bool(change.through) and change.cell == baseline_of(change.cell)
