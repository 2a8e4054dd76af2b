"""The history picture: the ratio of each cell to the baseline with its interval, run by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.history import HistoryRow, by_cell
from bench.analysis.statistics import MARGIN
from bench.report.svg import style
from bench.report.views import names, notation
from bench.report.views.history import named
from bench.report.views.palette import Mark
from bench.store.cell import Contest, Runner, Status
from bench.store.layout import HISTORY_CSV

MOST_PANELS = 20
_LEFT, _RIGHT, _TOP, _BOTTOM, _WIDTH, _PANEL, _GAP = 0.7, 2.0, 0.7, 1.4, 8.2, 1.6, 0.4
_MOST_LABELS = 6  # side by side

# The entries of each cell that one panel shows.
Cells = list[list[HistoryRow]]


def draw(entries: Sequence[HistoryRow], marks: Mapping[Runner, Mark]) -> Figure | None:
    """Return the picture of these entries, earliest run first; None if nothing was compared."""
    every, called = _panels(entries), named(entries)
    shown = list(every.items())[:MOST_PANELS]
    if not shown:
        return None
    runs = list({entry.run: entry for entry in entries}.values())
    figure = style.canvas(_WIDTH, _TOP + len(shown) * (_PANEL + _GAP) + _BOTTOM - _GAP)
    for number, (contest, cells) in enumerate(reversed(shown)):
        bottom = _BOTTOM + number * (_PANEL + _GAP)
        axes = style.axes(figure, _LEFT, bottom, _WIDTH - _LEFT - _RIGHT, _PANEL)
        _panel(axes, cells, [run.run for run in runs], marks)
        _runs(axes, runs, last=number == 0)
        axes.set_title(style.shorter(called.shaped(contest), 80), fontsize=9, pad=4)
    title = f"History: time per epoch relative to {entries[0].timing.baseline}"
    style.caption(figure, title, _note(shown, len(every) - len(shown)))
    return figure


def _panels(entries: Sequence[HistoryRow]) -> dict[Contest, Cells]:
    """Return the cells of each contest that some run compared."""
    found: dict[Contest, Cells] = {}
    for group in by_cell(entries):
        if any(entry.timing.ratio is not None for entry in group):
            found.setdefault(group[0].timing.cell.contest, []).append(group)
    return found


def _panel(axes: Axes, cells: Cells, runs: Sequence[str], marks: Mapping[Runner, Mark]) -> None:
    for place, group in enumerate(cells):
        aside = 0.5 * ((place + 0.5) / len(cells) - 0.5)
        slots = {run: slot + aside for slot, run in enumerate(runs)}
        _cell(axes, group, slots, marks[group[0].timing.cell.runner])
    ends = [end for group in cells for entry in group for end in _interval(entry)]
    low, high = style.around([*ends, 1 / (1 + MARGIN), 1 + MARGIN], 0.08)
    axes.set_ylim(low, high)
    axes.set_yscale("log")
    style.log_ticks(axes.yaxis, low, high, style.RATIO, most=4)
    axes.axhspan(1 / (1 + MARGIN), 1 + MARGIN, color=style.BAND, linewidth=0)
    axes.axhline(1, color=style.MUTED, linewidth=1, zorder=1)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def _cell(axes: Axes, group: Sequence[HistoryRow], slots: Mapping[str, float], mark: Mark) -> None:
    """Draw the ratios of one cell, joined between runs with the same conditions, and crosses for missing times."""
    label: str | None = style.shorter(names.runner(group[0].timing.cell.runner), 24)
    for conditions in dict.fromkeys(entry.conditions for entry in group):
        own = [entry for entry in group if entry.conditions == conditions and entry.timing.ratio is not None]
        lows, ratios, highs = zip(*map(_interval, own), strict=True) if own else ((), (), ())
        below, above = ([abs(end - ratio) for end, ratio in zip(ends, ratios, strict=True)] for ends in (lows, highs))
        axes.errorbar(
            [slots[entry.run] for entry in own], ratios, (below, above), label=label, color=mark.colour,
            marker=mark.marker, markeredgecolor="white", markersize=7, linewidth=0.9, elinewidth=2.2, capsize=3,
        )  # fmt: skip
        label = None
    lost = [slots[entry.run] for entry in group if entry.timing.status is not Status.OK]
    bottom = axes.get_xaxis_transform()
    axes.plot(lost, [0.07] * len(lost), "x", color=mark.colour, markersize=7, markeredgewidth=2, transform=bottom)


def _interval(entry: HistoryRow) -> tuple[float, ...]:
    """Return lower end, ratio and upper end; empty if nothing was compared."""
    found = entry.timing.ratio_low, entry.timing.ratio, entry.timing.ratio_high
    return tuple(end for end in found if end is not None)


def _runs(axes: Axes, runs: Sequence[HistoryRow], *, last: bool) -> None:
    axes.set_xlim(-0.5, len(runs) - 0.5)
    slots = range(0, len(runs), -(-len(runs) // _MOST_LABELS))
    axes.set_xticks(slots, [_label(runs[slot]) if last else "" for slot in slots], fontsize=8, linespacing=1.3)


def _label(run: HistoryRow) -> str:
    began = notation.moment(run.started).replace(" ", "\n", 1)
    return f"{began}\n{run.commit[:7] or 'no commit'}\nconditions {run.conditions}"


def _note(shown: Sequence[tuple[Contest, Cells]], left_out: int) -> str:
    every = [entry.timing.ratio_level for _, cells in shown for group in cells for entry in group]
    level = min(level for level in every if level is not None)
    rest = f" {notation.number(left_out, 'more problem')}: {HISTORY_CSV}." if left_out else ""
    return (
        f"Log scale, lower is faster; grey: within {100 * MARGIN:.0f} %. Intervals at {100 * level:.2f} % or more, "
        "each from its own run.\n"
        f"A line joins runs on the same machine and versions. Cross: no time in that run.{rest}"
    )
