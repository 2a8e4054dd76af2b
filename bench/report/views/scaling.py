"""Time against size, if a run has several sizes of one model, and where one implementation overtakes another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import exp, log
from statistics import fmean

import numpy as np

from bench.analysis import statistics
from bench.analysis.scaling import family
from bench.analysis.statistics import MARGIN, least_blocks
from bench.report.views import names, notation, truncate
from bench.store.cell import Runner
from bench.store.layout import TIMINGS_CSV
from bench.store.tables import Family, Places, Scaling, Timing
from impls.protocol import Feed

HOW = (
    "The range in brackets: up to its lower end the other is faster, from its upper end on it is slower, "
    f"each by more than {100 * MARGIN:.0f} %."
)
NOWHERE = "No crossover is certain in this range."
MOST_PANELS = 12  # per model, in a picture or on the page


@dataclass(frozen=True)
class Curve:
    """The timed rows of one implementation on one device, in the order of n."""

    runner: Runner
    rows: tuple[Timing, ...]

    @property
    def name(self) -> str:
        """The implementation of this curve, with its device and threads."""
        return names.runner(self.runner)


@dataclass(frozen=True)
class Panel:
    """The curves of a family at one batch size that have two sizes or more, and where they cross.

    faster        the pairs in which one is faster at both the smallest and the largest size
    undecided     the pairs that are undecided at one of these sizes or both
    comparisons   two (smallest and largest size) for each pair of the model; 0 if nothing was compared
    """

    title: str
    curves: tuple[Curve, ...]
    crossovers: tuple[Scaling, ...]
    faster: tuple[Scaling, ...]
    undecided: tuple[Scaling, ...]
    comparisons: int


def panels(rows: Sequence[Timing], scalings: Sequence[Scaling]) -> list[Panel]:
    """Return the panels of these rows, with the crossovers in these records."""
    groups: dict[int | None, dict[Family, list[Timing]]] = {}
    for row in rows:
        if row.epoch_seconds is not None and (one := family(row.cell)) is not None:
            groups.setdefault(row.cell.problem.batch_size, {}).setdefault(one, []).append(row)
    found = (
        _panel(one, title, groups[size][one], scalings)
        for size in groups
        for one, title in names.distinct(groups[size], partial(_title, batch_size=size)).items()
    )
    return [panel for panel in found if panel.curves]


def rest(panels: Sequence[Panel]) -> str:
    """Say how many panels of a model are not drawn, if any."""
    return truncate.more(len(panels) - MOST_PANELS, "chart", TIMINGS_CSV)


def _panel(one: Family, title: str, rows: Sequence[Timing], scalings: Sequence[Scaling]) -> Panel:
    by_runner: dict[Runner, list[Timing]] = {}
    for row in sorted(rows, key=lambda row: row.cell.problem.n):
        by_runner.setdefault(row.cell.runner, []).append(row)
    curves = tuple(Curve(runner, tuple(group)) for runner, group in by_runner.items() if len(group) > 1)
    own = [record for record in scalings if rows[0].cell.problem.batch_size is None and record.family == one]
    drawn = {curve.runner for curve in curves}
    told = [record for record in own if record.other is not None and {record.runner, record.other} <= drawn]
    crossovers = tuple(sorted((one for one in told if one.places is Places.OVERTAKES), key=where))
    faster, undecided = (tuple(one for one in told if one.places is at) for at in (Places.FASTER, Places.UNDECIDED))
    comparisons = max((record.comparisons for record in own), default=0)
    return Panel(title, curves, crossovers, faster, undecided, comparisons)


def _title(one: Family, batch_size: int | None) -> str:
    parts = [one.model, notation.number(one.d, "feature")]
    parts += [f"{one.k} classes"] if one.k > 1 else []
    parts += [one.dtype]
    parts += [f"batch {batch_size}"] if batch_size is not None else []
    parts += ["fed from the host"] if one.feed is Feed.HOST else []
    parts += [f"{one.threads} threads"] if one.threads > 1 else []
    return ", ".join(parts)


def findings(panel: Panel) -> list[str]:
    """Return one sentence per crossover, or one that says why there is none."""
    if panel.crossovers:
        return [f"{said(one)}." for one in panel.crossovers]
    return [_untold(panel) or NOWHERE]


def _untold(panel: Panel) -> str:
    """Return why nothing can be said about the pairs; empty if something can."""
    if not panel.comparisons or not _compared(panel):
        return "Nothing is compared here."
    blocks, least = max(row.blocks for curve in panel.curves for row in curve.rows), least_blocks(panel.comparisons)
    if blocks < least:
        needed = f"{panel.comparisons} comparisons need {least}"
        return f"Undecided with {notation.number(blocks, 'block')}: {needed}."
    return ""


def _compared(panel: Panel) -> bool:
    """Return whether any two curves have two sizes in common."""
    sizes = [{row.cell.problem.n for row in curve.rows} for curve in panel.curves]
    return any(len(one & other) > 1 for one, other in combinations(sizes, 2))


def level(panel: Panel) -> str:
    """Return the joint level of all statements about the pairs of a model."""
    model, each = panel.curves[0].rows[0].cell.problem.model, 100 * statistics.level(panel.comparisons)
    return (
        f"All statements about {model} pairs hold jointly at 95 % ({panel.comparisons} comparisons, each at "
        f"{each:.3f} % or above)."
    )


def others(panel: Panel) -> list[str]:
    """Return one sentence for the pairs that one of the two wins at both ends, and one for the undecided pairs."""
    if _untold(panel):
        return []
    faster, undecided = _grouped(panel.faster, "beats"), _grouped(panel.undecided, "and")
    found = [("faster at both ends", faster), ("undecided", undecided)]
    return [f"{what}: {pairs}." for what, pairs in found if pairs]


def _grouped(pairs: Sequence[Scaling], link: str) -> str:
    """Group pairs by their first: "a beats b, c; b beats c"."""
    seconds: dict[Runner, list[str]] = {}
    for one in pairs:
        seconds.setdefault(one.runner, []).append(_other(one))
    return "; ".join(f"{names.runner(first)} {link} {', '.join(others)}" for first, others in seconds.items())


def _other(one: Scaling) -> str:
    assert one.other is not None, one
    return names.runner(one.other)


def legend(panel: Panel) -> list[str]:
    """Return the findings, with each crossover numbered as in the chart."""
    found = findings(panel)
    return [f"({number}) {line}" for number, line in enumerate(found, start=1)] if panel.crossovers else found


def where(one: Scaling) -> tuple[float, float, float]:
    """Return the number of rows at a crossover, and at both ends of its interval."""
    near, low, high = one.crossover_rows, one.crossover_rows_low, one.crossover_rows_high
    assert near is not None and low is not None and high is not None, one
    return near, low, high


def height(panel: Panel, one: Scaling) -> float:
    """Return the seconds at which to mark a crossover: the mean of its two curves, interpolated between sizes."""
    n, *_ = where(one)
    curves = [curve for curve in panel.curves if curve.runner in (one.runner, one.other)]
    return exp(fmean(_at(curve, log(n)) for curve in curves))


def _at(curve: Curve, log_n: float) -> float:
    timed = [(row.cell.problem.n, row.epoch_seconds) for row in curve.rows if row.epoch_seconds is not None]
    ns, seconds = np.log(np.array(timed)).T
    return float(np.interp(log_n, ns, seconds))


def said(one: Scaling) -> str:
    """Return a crossover in words: "jax_grad overtakes numpy_manual near 3,100 rows (1,000 to 10,000)"."""
    near, low, high = map(notation.rows, where(one))
    return f"{names.runner(one.runner)} overtakes {_other(one)} near {near} rows ({low} to {high})"
