"""Which rows are ranked, in which order, and how the ranking reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.analysis.statistics import MARGIN
from bench.report.views.names import contest, runner, work
from bench.report.views.notation import duration, duration_range, number, ratio, ratio_range, share
from bench.store.cell import Status
from bench.store.raw_rows import Verdict
from bench.store.tables import Comparison, Timing

# Fixed before any run: where a tenth of denormal numbers makes softmax take 4 to 8 times as long, so many cost less
# than a hundredth.
MOST_DENORMAL = 1e-4


def agreement(verdicts: Sequence[Verdict]) -> str:
    """Return how many cells agree, and the most that one of them uses of its budget."""
    agreed = [verdict for verdict in verdicts if verdict.status is Status.OK]
    if len(agreed) < len(verdicts):
        how_many = f"{len(agreed):,} of {number(len(verdicts), 'cell')}"
    else:
        how_many = f"all {len(verdicts):,} cells" if len(verdicts) > 1 else "the only cell"
    shares = [(verdict.budget_share, verdict.cell) for verdict in agreed if verdict.budget_share is not None]
    if not shares:
        return f"Agreement: {how_many}."
    largest, cell = max(shares, key=lambda pair: (math.isnan(pair[0]), pair[0]))
    where = f"{cell.implementation} on {work(cell.problem)}"
    return f"Agreement: {how_many}, within {share(largest)} of what rounding may do ({where})."


def verdict(row: Timing) -> str:
    """Return what the interval of a row says, else its status.

    Marked where the ratio is another one under load, where too few slow rounds make the time, and where denormal
    numbers make it one of these data alone.
    """
    marks = {"UNEVEN": row.uneven, "depends on load": row.depends_on_load, "saturated": saturated(row)}
    mark = "".join(f", {name}" for name, holds in marks.items() if holds)
    if row.status is Status.OK and is_baseline(row):
        return f"baseline{mark}"
    return f"{row.comparison or row.status}{mark}"


def saturated(row: Timing) -> bool:
    """Return whether more of its probabilities are denormal numbers than leave a time as it is."""
    return row.denormal_share is not None and row.denormal_share > MOST_DENORMAL


def time_cells(row: Timing) -> tuple[str, str, str, str]:
    """Return time, its interval, ratio and its interval, each "" where there is none."""
    low, high = row.epoch_seconds_low, row.epoch_seconds_high
    ratio_low, ratio_high = row.ratio_low, row.ratio_high
    return (
        "" if row.epoch_seconds is None else duration(row.epoch_seconds),
        "" if low is None or high is None else duration_range(low, high),
        "" if row.ratio is None else ratio(row.ratio),
        "" if ratio_low is None or ratio_high is None else ratio_range(ratio_low, ratio_high),
    )


def by_work(rows: Sequence[Timing]) -> dict[str, list[Timing]]:
    """Return the rows of each piece of work and number of threads, in their order."""
    groups: dict[str, list[Timing]] = {}
    for row in rows:
        groups.setdefault(contest(row), []).append(row)
    return groups


def ranked(rows: Sequence[Timing]) -> list[Timing]:
    """Return the rows of one piece of work, the fastest first: by ratio, else by time; those without a time last."""

    def place(row: Timing) -> tuple[bool, bool, float]:
        ratio = 1.0 if is_baseline(row) else row.ratio
        return row.epoch_seconds is None, ratio is None, row.epoch_seconds or 0.0 if ratio is None else ratio

    compared = any(row.ratio is not None for row in rows)
    return sorted(rows, key=place if compared else lambda row: (row.epoch_seconds is None, row.epoch_seconds or 0.0))


def rankings(rows: Sequence[Timing], *, quick: bool) -> list[str]:
    """Return one sentence for each piece of work, in the order of the rows."""
    return [ranking(group, quick=quick) for group in by_work(rows).values()]


def ranking(rows: Sequence[Timing], *, quick: bool) -> str:
    """Return what one piece of work showed, claiming no more than its intervals do.

    All intervals of a table hold together with 95 %, so that one which lies below another, and
    below it by more than the margin, is faster.
    """
    timed = [row for row in rows if row.epoch_seconds is not None]
    name = contest(rows[0])
    if not timed:
        return f"{name}: no time to show."
    if quick:
        return f"{name}: times only; --quick compares nothing."
    rivals = [row for row in timed if not is_baseline(row)]
    compared = [row for row in ranked(rivals) if row.ratio is not None]
    if not compared:
        return f"{name}: nothing is compared, {_why_nothing(timed, rivals)}."
    leader = _leader(timed, compared)
    clauses = [_clause(row, rows[0].baseline, leader) for row in compared if row is not leader]
    missing = [runner(row) for row in rivals if row.ratio is None]
    clauses += [f"not compared: {', '.join(missing)}"] if missing else []
    return "; ".join([_head(name, leader, rows[0].baseline), *clauses]) + "."


def _leader(timed: Sequence[Timing], compared: Sequence[Timing]) -> Timing | None:
    """Return the row whose interval lies below all others by more than the margin, if there is one."""
    bounds = [(row, _low(row), _high(row)) for row in (*(row for row in timed if is_baseline(row)), *compared)]
    first, _, high = min(bounds, key=lambda bound: bound[2])
    others = [low for row, low, _ in bounds if row is not first]
    return first if others and min(others) > high * (1 + MARGIN) else None


def _head(name: str, leader: Timing | None, baseline: str) -> str:
    if leader is None:
        return f"{name}: no implementation is clearly the fastest"
    if is_baseline(leader):
        return f"{runner(leader)} is fastest on {name}"
    return f"{runner(leader)} is fastest on {name}: it takes {_times(leader)} as long as {baseline} {_brackets(leader)}"


def _clause(row: Timing, baseline: str, leader: Timing | None) -> str:
    than = "" if leader is not None and is_baseline(leader) else f" as {baseline}"
    match row.comparison:
        case Comparison.SAME:
            return f"{runner(row)} takes as long as {baseline} within {100 * MARGIN:.0f} % {_brackets(row)}"
        case Comparison.AMBIGUOUS:
            return f"{runner(row)} cannot be told from {baseline} {_brackets(row)}"
        case _:
            return f"{runner(row)} takes {_times(row)} as long{than} {_brackets(row)}"


def _why_nothing(timed: Sequence[Timing], rivals: Sequence[Timing]) -> str:
    if not rivals:
        return "there is one time only" if len(timed) == 1 else "all times are the baseline's"
    if not any(is_baseline(row) for row in timed):
        return f"the baseline {timed[0].baseline} has no time here"
    return f"{rivals[0].blocks} block{'s'[: rivals[0].blocks != 1]} are too few for an interval"


def is_baseline(row: Timing) -> bool:
    """Return whether this row is what the ratios of its table are over."""
    return (row.implementation, row.device) == (row.baseline, row.baseline_device)


def _low(row: Timing) -> float:
    return 1.0 if row.ratio_low is None else row.ratio_low


def _high(row: Timing) -> float:
    return 1.0 if row.ratio_high is None else row.ratio_high


def _times(row: Timing) -> str:
    assert row.ratio is not None, row
    return f"{ratio(row.ratio)} times"


def _brackets(row: Timing) -> str:
    assert row.ratio_low is not None and row.ratio_high is not None, row
    return f"({ratio_range(row.ratio_low, row.ratio_high)})"
