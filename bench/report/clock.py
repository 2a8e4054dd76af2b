"""What a run tells of its own clock: blocks and why they ended, what disturbed it, its own cost, A/A, and means."""

from __future__ import annotations

from bench.compared import TWIN
from bench.report import summary, words
from bench.report.summary import Mean, Raw
from bench.statistics import Ratio
from impls.protocol import Feed


def lines(raw: Raw, *, every: bool = True) -> list[str]:
    """Return one sentence for each thing that a reader of any time here should know, or for the most important."""
    own = self_comparisons(raw) if every else self_comparison(raw)
    said = [*own, f"{summary.stop_reason(raw)}."]
    if raw.disturbed:
        number = len(raw.disturbed)
        reason = next(iter(raw.disturbed.values()))
        said.append(f"{number} of them {'was' if number == 1 else 'were'} disturbed and kept: {reason}.")
    if not every:
        return said
    waited = sum(block.waited_seconds for block in raw.blocks)
    said += [f"{waited:.0f} s were waited for the machine to be quiet."] if waited >= 0.5 else []
    null = summary.null_epoch_seconds(raw)
    said += [] if null is None else [f"An epoch that does nothing takes {words.duration(null)}: it is in every time."]
    return said


def self_comparisons(raw: Raw) -> list[str]:
    """Return one line for all A/A comparisons; none where there were none."""
    results = summary.self_comparisons(raw)
    if not results:
        return []
    parts = [f"{words.work(one.cell.problem)}: {_said(one.ratio, one.comparison)}" for one in results]
    whole = [f"all together: {_said(one.ratio, one.comparison)}" for one in _twins(raw)]
    return [f"A/A, {results[0].cell.implementation} against itself: {'; '.join(parts + whole)}."]


def self_comparison(raw: Raw) -> list[str]:
    """Return how far the A/A intervals of the cells reach, or what there is if they are not several."""
    found = [(one.cell, one.ratio) for one in summary.self_comparisons(raw) if one.ratio]
    if len(found) < 2:
        return self_comparisons(raw)
    low, high = min(ratio.low for _, ratio in found), max(ratio.high for _, ratio in found)
    return [
        f"A/A: the intervals of {found[0][0].implementation} against itself reach from {words.ratio_range(low, high)} "
        "over all cells: so wide are intervals here where nothing differs."
    ]


def _twins(raw: Raw) -> list[Mean]:
    return [one for one in summary.means(raw) if one.implementation.endswith(TWIN)]


def _said(ratio: Ratio | None, comparison: str) -> str:
    return f"{words.ratio_range(ratio.low, ratio.high)} {comparison}" if ratio else "too few blocks"


MEAN_HEADERS = ("implementation", "cells", "blocks", "mean ratio", "its interval", "level", "verdict")


def mean_row(mean: Mean) -> tuple[str, ...]:
    """Return a row of the table of means."""
    name = words.on(mean.implementation, mean.device, mean.threads)
    name += ", fed from the host" if mean.feed is Feed.HOST else ""
    if mean.ratio is None:
        return name, str(mean.cells), "", "", "", "", "too few blocks"
    return (
        name,
        str(mean.cells),
        str(mean.ratio.blocks),
        words.ratio(mean.ratio.ratio),
        words.ratio_range(mean.ratio.low, mean.ratio.high),
        f"{100 * mean.ratio.level:.2f} %",
        mean.comparison,
    )
