"""How far a run's own timing can be trusted: its blocks, disturbances, fixed cost, A/A comparisons and means."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.analysis.pairing import widest
from bench.analysis.run import Mean, Raw, SelfComparison
from bench.analysis.statistics import MARGIN, Ratio, process_value
from bench.machine import host
from bench.plan.controls import NULL, is_twin
from bench.report.views import names, notation
from bench.report.views.names import Names
from bench.store.cell import Runner
from bench.store.tables import Comparison
from impls.protocol import Feed

# A run on very many problems has as many A/A comparisons.
MOST_COMPARISONS = 20


def lines(raw: Raw, named: Names, *, every: bool = True) -> list[str]:
    """Return sentences about the quality of the timing: all of them, or only the most important."""
    own = self_comparisons(raw, named) if every else self_comparison(raw, named)
    said = [*own, f"{stop_reason(raw)}."]
    said += _noisy(raw, named)
    if not every:
        return said
    waited = sum(block.waited_seconds for block in raw.blocks)
    said += [f"Waited {waited:.0f} s for the machine to become idle."] if waited >= 0.5 else []
    said += power(raw, named)
    null = null_epoch_seconds(raw)
    said += (
        []
        if null is None
        else [f"Fixed cost of the harness: {notation.duration(null)} per epoch, included in every time."]
    )
    return said


def self_comparisons(raw: Raw, named: Names) -> list[str]:
    """Return one line for all A/A comparisons (only the widest of very many), and one for those that failed."""
    results = raw.self_comparisons
    if not results:
        return []
    widest = {one.cell for one in sorted(results, key=_width, reverse=True)[:MOST_COMPARISONS]}
    parts = [
        f"{named.contest(one.cell.contest)}: {_said(one.ratio, one.comparison)}"
        for one in results
        if one.cell in widest
    ]
    whole = [f"all together: {_said(one.ratio, one.comparison)}" for one in _twins(raw)]
    some = f", the widest {len(parts)} of {len(results):,}" if len(parts) < len(results) else ""
    name = results[0].cell.implementation
    return [f"A/A ({name} against itself{some}): {'; '.join(parts + whole)}.", *_wrong(results, named)]


def self_comparison(raw: Raw, named: Names) -> list[str]:
    """Return the widest A/A interval, or all if there are not several, and those that failed."""
    results = raw.self_comparisons
    told = [(one.cell, one.ratio) for one in results if one.ratio]
    if len(told) < 2:
        return self_comparisons(raw, named)
    cell, ratio = max(told, key=lambda one: one[1].half_width)
    said = (
        f"A/A: {cell.implementation} was also timed against itself. The widest interval of that ratio is "
        f"{notation.ratio_range(ratio.low, ratio.high)}, on {named.contest(cell.contest)}, so in this run an interval "
        "that wide can come from noise alone."
    )
    return [said, *_wrong(results, named)]


def _wrong(results: Sequence[SelfComparison], named: Names) -> list[str]:
    """Return the sentence on A/A comparisons that found a difference, if any did."""
    places = [
        named.contest(one.cell.contest) for one in results if one.comparison in {Comparison.FASTER, Comparison.SLOWER}
    ]
    if not places:
        return []
    rest = len(places) - MOST_COMPARISONS
    where = ", ".join(places[:MOST_COMPARISONS]) + (f" and {rest:,} more" if rest > 0 else "")
    return [f"A/A check failed on {where}: do not trust ratios there."]


def _width(one: SelfComparison) -> float:
    return one.ratio.half_width if one.ratio else 0.0


def _twins(raw: Raw) -> list[Mean]:
    return [one for one in raw.means if is_twin(one.implementation)]


def _said(ratio: Ratio | None, comparison: str) -> str:
    return f"{notation.ratio_range(ratio.low, ratio.high)} {comparison}" if ratio else "too few blocks"


MEANS = (
    "Geometric means of the ratios over all cells of an implementation. Each block that has the ratios of all cells "
    "gives one value. Blocks that lack some are pooled until the pool has the ratios of all cells, and each pool gives "
    "one value. The last row is the baseline against itself, whose true ratio is 1."
)
MEAN_HEADERS = ("implementation", "cells", "values", "mean ratio", "interval", "level", "verdict")


def mean_row(mean: Mean) -> tuple[str, ...]:
    """Return a row of the table of means."""
    name = names.runner(Runner(mean.implementation, mean.device, mean.threads))
    name += ", fed from the host" if mean.feed is Feed.HOST else ""
    if mean.ratio is None:
        return name, str(mean.cells), "", "", "", "", "too few blocks"
    return (
        name,
        str(mean.cells),
        str(mean.ratio.blocks),
        notation.ratio(mean.ratio.ratio),
        notation.ratio_range(mean.ratio.low, mean.ratio.high),
        f"{100 * mean.ratio.level:.2f} %",
        mean.comparison,
    )


def null_epoch_seconds(raw: Raw) -> float | None:
    """Return the measured time of an epoch that does nothing; None if it was not timed."""
    values = [process_value(one) for one in raw.counted if one.name == NULL]
    return median(values) if values else None


def power(raw: Raw, named: Names) -> list[str]:
    """Return which differences this run could have found, given the scatter of its own blocks."""
    found = [(row.could_have_found, row.cell) for row in raw.timings if row.could_have_found is not None]
    if not found:
        return []
    usual = median(share for share, _ in found)
    most, cell = max(found, key=lambda one: one[0])
    return [
        f"A run like this one would detect a difference of {notation.share(usual)} nine times in ten (median over "
        f"ratios; the worst is {named.cell(cell)} with {notation.share(most)})."
    ]


def machine(raw: Raw) -> list[str]:
    """Return what the system counted on the machine while rounds were timed; nothing where it has no counters."""
    seen = host.total([one.host for one in raw.blocks])
    wall = seen.wall_seconds
    said = (
        ("some process was waiting for a processor in {} of the time (pressure, PSI)", seen.pressure_seconds, wall),
        ("the hypervisor took {} of the time of one processor (steal)", seen.steal_seconds, wall),
        ("the control group was throttled for {} of the time", seen.throttled_seconds, wall),
    )
    parts = [line.format(notation.share(seconds / of)) for line, seconds, of in said if seconds is not None and of]
    return [f"While rounds were timed, {'; '.join(parts)}."] if parts else []


def _noisy(raw: Raw, named: Names) -> list[str]:
    """Return on which problems blocks had no quiet processor, and in how many: they give no ratio there.

    A quick run has no ratios to miss.
    """
    if raw.quick:
        return []
    blocks: dict[str, set[int]] = {}
    for block, cells in raw.noisy.items():
        for cell in cells:
            blocks.setdefault(named.contest(cell.contest), set()).add(block)
    parts = [f"{name} in {notation.number(len(found), 'block')}" for name, found in blocks.items()]
    return [f"No quiet processor, so no ratio: {'; '.join(parts)}."] if parts else []


_WIDENED = "; interval levels are exact only for a number of blocks fixed in advance"


def stop_reason(raw: Raw) -> str:
    """Return how many blocks count, and why there are not more."""
    options = raw.environment["options"]
    blocks, most = options["blocks"], options.get("max_blocks", options["blocks"])
    extra = {one.number for one in raw.blocks if one.extra and not one.stopped}
    number = len({one.block for one in raw.counted} - extra)
    more = f"; {len(extra)} more because some datasets had blocks without a quiet processor" if extra else ""
    if number < blocks:
        return f"{number} of {blocks} blocks: the run was stopped, or nothing was left to time{more}"
    if number == most > blocks:
        return f"{number} blocks, the maximum allowed{more}{_WIDENED}"
    if number > blocks:
        precision = options.get("precision")
        narrow = widest(raw.counted, raw.fine) <= (precision or MARGIN)
        otherwise = "the run was stopped" if precision is None else "its time was up, or it was stopped"
        why = "every interval was narrow" if narrow else otherwise
        return f"{number} blocks: {blocks} as planned, and more until {why}{more}{_WIDENED}"
    return f"{number} block{'s'[: number != 1]} as planned{more}"
