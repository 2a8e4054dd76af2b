"""Agreement, verdicts and rankings in words; `bench.analysis.ranking` decides them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bench.analysis.ranking import Ranking, is_baseline, rankings, saturated
from bench.analysis.statistics import MARGIN
from bench.report.views.names import Names, runner
from bench.report.views.notation import duration, duration_range, number, ratio, ratio_range, share, speed
from bench.store.cell import Status
from bench.store.raw_rows import Verdict
from bench.store.tables import Comparison, Timing

QUICK = "Quick look: times only. Drop --quick for ratios and verdicts."


def agreement(verdicts: Sequence[Verdict], named: Names) -> str:
    """Return how many cells agree, and the largest share of its budget that one of them used."""
    agreed = [verdict for verdict in verdicts if verdict.status is Status.OK]
    if len(agreed) < len(verdicts):
        how_many = f"{len(agreed):,} of {len(verdicts):,} cells agree"
    else:
        how_many = f"all {len(verdicts):,} cells agree" if len(verdicts) > 1 else "the only cell agrees"
    shares = [(verdict.budget_share, verdict.cell) for verdict in agreed if verdict.budget_share is not None]
    if not shares:
        return f"Agreement: {how_many}."
    largest, cell = max(shares, key=lambda pair: (math.isnan(pair[0]), pair[0]))
    where = f"{cell.implementation} on {named.work(cell.problem)}"
    return f"Agreement: {how_many}. Largest error: {share(largest)} of its rounding budget ({where})."


def remarks(verdicts: Iterable[Verdict]) -> list[str]:
    """Return what is to be said of implementations that agree, once each: "jax_grad: something is computed ..."."""
    said = (f"{one.cell.implementation}: {one.detail}" for one in verdicts if one.status is Status.OK and one.detail)
    return [*dict.fromkeys(said)]


def verdict(row: Timing) -> str:
    """Return what the interval of a row says, or its status.

    It is marked if there were too few slow rounds to know the time, if the ratio is different under load, or if
    denormal numbers make the time specific to these data.
    """
    marks = {
        "UNEVEN": row.uneven,
        "depends on load": row.depends_on_load,
        "saturated": saturated(row),
        "memory grows": bool(row.kept_bytes_per_epoch),
    }
    mark = "".join(f", {name}" for name, holds in marks.items() if holds)
    if row.status is Status.OK and is_baseline(row):
        return f"baseline{mark}"
    return f"{row.comparison or row.status}{mark}"


def time_cells(row: Timing) -> tuple[str, str, str, str]:
    """Return time, time interval, ratio and ratio interval, each "" if there is none."""
    low, high = row.epoch_seconds_low, row.epoch_seconds_high
    ratio_low, ratio_high = row.ratio_low, row.ratio_high
    return (
        "" if row.epoch_seconds is None else duration(row.epoch_seconds),
        "" if low is None or high is None else duration_range(low, high),
        "" if row.ratio is None else ratio(row.ratio),
        "" if ratio_low is None or ratio_high is None else ratio_range(ratio_low, ratio_high),
    )


def sentences(rows: Sequence[Timing], named: Names, *, quick: bool) -> list[str]:
    """Return one sentence per contest, in the order of the rows; a quick run has one for all its times."""
    return list(dict.fromkeys(sentence(one, named, quick=quick) for one in rankings(rows)))


def sentence(one: Ranking, named: Names, *, quick: bool) -> str:
    """Return the ranking of one contest in words, claiming no more than its intervals show."""
    name = named.contest(one.contest)
    if not one.timed:
        return f"{name}: no times."
    if quick:
        return QUICK
    if not one.compared:
        return f"{name}: no comparison, because {_why_nothing(one)}."
    clauses = [_clause(row, one.leader) for row in one.compared if row is not one.leader]
    missing = [runner(row.cell.runner) for row in one.rivals if row.ratio is None]
    clauses += [f"not compared: {', '.join(missing)}"] if missing else []
    return "; ".join([_head(name, one), *clauses]) + "."


def _head(name: str, one: Ranking) -> str:
    if one.leader is None:
        return f"{name}: no implementation is clearly the fastest"
    first = f"{runner(one.leader.cell.runner)} is fastest on {name}"
    if is_baseline(one.leader):
        return first
    return f"{first}: {_speed(one.leader, one.leader.baseline)}"


def _clause(row: Timing, leader: Timing | None) -> str:
    name = runner(row.cell.runner)
    than = "" if leader is not None and is_baseline(leader) else row.baseline
    match row.comparison:
        case Comparison.SAME:
            return f"{name} is as fast as {row.baseline} within {100 * MARGIN:.0f} % {_brackets(row)}"
        case Comparison.AMBIGUOUS:
            return f"{name} vs {row.baseline}: undecided {_brackets(row)}"
        case _:
            return f"{name} is {_speed(row, than)}"


def _why_nothing(one: Ranking) -> str:
    if not one.rivals:
        return "there is only one time" if len(one.timed) == 1 else "all times are the baseline's"
    if len(one.rivals) == len(one.timed):
        return f"the baseline {one.timed[0].baseline} has no time here"
    if any(row.comparison is Comparison.NO_QUIET for row in one.rivals):
        return "too few blocks had a quiet processor"
    return f"an interval needs more than {number(one.rivals[0].blocks, 'block')}"


def _speed(row: Timing, than: str) -> str:
    assert row.ratio is not None and row.ratio_low is not None and row.ratio_high is not None, row
    return speed(row.ratio, row.ratio_low, row.ratio_high, than)


def _brackets(row: Timing) -> str:
    assert row.ratio_low is not None and row.ratio_high is not None, row
    return f"(ratio {ratio_range(row.ratio_low, row.ratio_high)})"
