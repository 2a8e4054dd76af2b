"""The section of report.md on the least time an epoch can take on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.ranking import rankings
from bench.analysis.roofline import SAFETY
from bench.report.markdown.syntax import table
from bench.report.views import names, notation
from bench.report.views.names import Names
from bench.store.tables import Timing


def section(rows: Sequence[Timing], named: Names) -> str:
    """Return the limit of each contest, and each time as a multiple of it."""
    known = [row for row in rows if row.limit_seconds is not None]
    if not known:
        return "No limit is known: the machine's rates are measured in the blocks of a run, for one thread only."
    runners = list(dict.fromkeys(row.cell.runner for row in known))
    lines = []
    for one in rankings(known):
        times = {row.cell.runner: row.times_limit for row in one.rows}
        limit = one.rows[0].limit_seconds
        assert limit is not None, "those without were left out"
        shown = ("" if (value := times.get(runner)) is None else notation.ratio(value) for runner in runners)
        lines.append([named.shaped(one.contest), notation.duration(limit), *shown])
    headers = [*map(names.runner, runners)]
    return f"{_INTRODUCTION}\n\n{table(['data', 'limit', *headers], lines, right=['limit', *headers])}"


_INTRODUCTION = (
    "No epoch can take less than this limit. It is computed from the least work that an epoch needs, and the highest "
    "rates that NumPy and its BLAS reached on this machine in any block. For n rows of d features and k outputs, an "
    "epoch must read every row once and do 4 n d k operations in two matrix products; logistic also needs one "
    "exponential per row, and softmax k - 1 per row. The limit is the longer of the time "
    f"to read and the time to compute, times {SAFETY} for safety. The table shows each time as a multiple of this "
    "limit; a time below it is rejected. On small data, call overhead dominates, and the limit does not include it."
)
