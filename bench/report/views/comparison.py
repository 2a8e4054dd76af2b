"""The changes between two runs in words and as table rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bench.analysis.comparison import Between, moved_baselines, through_itself
from bench.analysis.statistics import MARGIN, level
from bench.report.views import names, notation
from bench.report.views.names import Names
from bench.store.cell import Cell, Contest, Status
from bench.store.tables import Change, Comparison
from datasets.dataset import Model

HEADERS = ("implementation", "before", "now", "change", "interval", "verdict")

_MOST_NAMES = 8
_HINT = {
    Comparison.SAME: f"within {100 * MARGIN:.0f} %",
    Comparison.AMBIGUOUS: "more blocks may decide",
    Comparison.NONE: "not compared",
}


def named(found: Between) -> Names:
    """Return the names of the problems of both runs."""
    cells: Iterable[Cell] = (*(change.cell for change in found.changes), *found.only_old, *found.only_new)
    return names.of(cell.problem for cell in cells)


def verdicts(found: Between) -> list[str]:
    """Return what changed: cells that did by name, the others as counts."""
    called = named(found)
    counts = Counter(change.comparison for change in found.changes if not through_itself(change))
    said = [
        _sentence(change, called)
        for kind in (Comparison.SLOWER, Comparison.FASTER)
        for change in found.changes
        if change.comparison is kind
    ]
    rest = [
        f"{notation.number(counts[kind], 'cell')} {kind or 'not compared'}" + (f" ({_HINT[kind]})" if kind else "")
        for kind in (Comparison.SAME, Comparison.AMBIGUOUS, Comparison.NONE)
        if counts[kind]
    ]
    lost = [
        f"{called.cell(change.cell)} no longer has a time: {change.new_status}."
        for change in found.changes
        if _lost(change)
    ]
    return [*said, *lost, *([f"{'; '.join(rest)}."] if rest else [])]


def remarks(found: Between) -> list[str]:
    """Return what a reader of the changes should know: different conditions, and cells in only one run."""
    called = named(found)
    said = [f"DIFFERENT: {difference}." for difference in found.differences]
    moved = moved_baselines(found.changes, MARGIN)
    if moved:
        times = ", ".join(f"{notation.ratio(ratio)} ({called.work(change.cell.problem)})" for change, ratio in moved)
        said.append(
            f"{moved[0][0].cell.implementation} itself took {times} times as long as before. If the machine "
            "changed, this cancels in every change here; if the baseline itself changed, it affects all of them."
        )
    for cells, run in ((found.only_old, "old"), (found.only_new, "new")):
        if cells:
            said.append(f"Only in the {run} run, with these settings: {some_cells(cells, called)}.")
    return said


def how(found: Between) -> str:
    """Return how the changes were measured."""
    counts = {change.comparisons for change in found.changes}
    if found.absolute:
        basis = "Change: the time now over the time before, without the baseline (--absolute)."
    else:
        baseline = next(change.through for change in found.changes)
        basis = (
            f"Change: the time now over the time before, each relative to {baseline} in the same blocks, so a machine "
            "that is slower today cancels out."
        )
    return f"{basis} Intervals at {100 * level(max(counts)):.2f} % or above, from the processes of each run."


def by_model(found: Between) -> Mapping[Model, Mapping[Contest, Sequence[Change]]]:
    """Group the changes by model and contest."""
    groups: dict[Model, dict[Contest, list[Change]]] = {}
    for change in found.changes:
        groups.setdefault(change.cell.problem.model, {}).setdefault(change.cell.contest, []).append(change)
    return groups


def cells(change: Change) -> tuple[str, ...]:
    """Return a row of a table with HEADERS."""
    low, high = change.change_low, change.change_high
    return (
        names.runner(change.cell.runner),
        _time(change.old_epoch_seconds, change.old_status),
        _time(change.new_epoch_seconds, change.new_status),
        "" if change.change is None else notation.ratio(change.change),
        "" if low is None or high is None else notation.ratio_range(low, high),
        "baseline" if through_itself(change) else change.comparison or "too few blocks",
    )


def some_cells(cells: Sequence[Cell], named: Names) -> str:
    """Return the first of these cells by name, and how many more there are."""
    first = ", ".join(map(named.cell, cells[:_MOST_NAMES]))
    return first + (f" and {len(cells) - _MOST_NAMES} more" if len(cells) > _MOST_NAMES else "")


def _sentence(change: Change, named: Names) -> str:
    assert change.change is not None and change.change_low is not None and change.change_high is not None, change
    said = notation.speed(change.change, change.change_low, change.change_high, "before")
    return f"{change.comparison}: {named.cell(change.cell)} is {said}."


def _lost(change: Change) -> bool:
    return change.old_status is Status.OK and change.new_status is not Status.OK


def _time(seconds: float | None, status: Status) -> str:
    return str(status) if seconds is None else notation.duration(seconds)
