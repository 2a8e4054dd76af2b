"""One ranked interval plot per model: the ratio of each implementation to the baseline, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.statistics import MARGIN
from bench.report.svg import style
from bench.report.views import chart_rows, names
from bench.report.views.names import Names
from bench.report.views.palette import Mark
from bench.store.cell import Contest, Runner
from bench.store.tables import Timing

_LEFT, _RIGHT, _TOP, _BOTTOM, _WIDTH, _LINE = 2.1, 2.35, 0.45, 0.8, 8.2, 0.27


def draw(rows: Sequence[Timing], marks: Mapping[Runner, Mark], named: Names) -> Figure | None:
    """Return the picture of the rows of one model; None if none was timed."""
    every = chart_rows.timed(rows)
    groups = chart_rows.first(every, chart_rows.MOST_ROWS)
    if not groups:
        return None
    compared = chart_rows.compared(groups)
    lines = sum(len(group.timed) + 1 for group in groups)
    figure = style.canvas(_WIDTH, _TOP + _LINE * lines + _BOTTOM)
    axes = style.axes(figure, _LEFT, _BOTTOM, _WIDTH - _LEFT - _RIGHT, _LINE * lines)
    line = 0
    for group in groups:
        _head(axes, line, group.contest, named)
        for row in group.timed:
            line += 1
            _row(axes, line, row, marks[row.cell.runner], compared=compared)
        line += 1
    _scale(axes, lines, [row for group in groups for row in group.timed], compared=compared)
    rest = chart_rows.rest(len(every) - len(groups))
    style.caption(figure, chart_rows.title(rows[0], compared=compared), _note(rows, rest, compared=compared))
    return figure


def _head(axes: Axes, line: int, contest: Contest, named: Names) -> None:
    text = f"{style.shorter(named.contest(contest), 60)} ({chart_rows.size(contest.problem)})"
    axes.annotate(
        text, (0, line), xytext=(-_LEFT * 72 + 8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        va="center", fontweight="bold", annotation_clip=False, bbox=style.PAPER,
    )  # fmt: skip


def _row(axes: Axes, line: int, row: Timing, mark: Mark, *, compared: bool) -> None:
    _beside(axes, line, style.shorter(names.runner(row.cell.runner), 30), -8, "right")
    value, low, high = chart_rows.bounds(row, compared=compared)
    if value is not None:
        if low is not None and high is not None:
            axes.plot((low, high), (line, line), color=mark.colour, linewidth=2.2, solid_capstyle="butt")
            axes.plot((low, high), (line, line), "|", color=mark.colour, markersize=6, markeredgewidth=1.5)
        axes.plot(value, line, mark.marker, color=mark.colour, markersize=7, markeredgecolor="white")
    _beside(axes, line, chart_rows.said(row, compared=compared), 8, "left")


def _beside(axes: Axes, line: int, text: str, points: float, side: str) -> None:
    axes.annotate(
        text, (0 if side == "right" else 1, line), xytext=(points, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="center", ha=side, annotation_clip=False,
    )  # fmt: skip


def _scale(axes: Axes, lines: int, rows: Sequence[Timing], *, compared: bool) -> None:
    ends = [one for row in rows for one in chart_rows.bounds(row, compared=compared) if one is not None]
    low, high = style.around([*ends, *((1 / (1 + MARGIN), 1 + MARGIN) if compared else ())], 0.06)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(lines - 0.4, -0.6)
    style.log_ticks(axes.xaxis, low, high, style.RATIO if compared else style.DURATION)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    if compared:
        axes.axvspan(1 / (1 + MARGIN), 1 + MARGIN, color=style.BAND, linewidth=0)
        axes.axvline(1, color=style.MUTED, linewidth=1, zorder=1)
        axes.set_xlabel(f"ratio to {rows[0].baseline} (log scale; left = faster)", color=style.MUTED)
    else:
        axes.set_xlabel("time per epoch (log scale; left = faster)", color=style.MUTED)


def _note(rows: Sequence[Timing], rest: str, *, compared: bool) -> str:
    what = (
        f"Ratios within blocks; grey: within {100 * MARGIN:.0f} %."
        if compared
        else "Medians over processes; no comparison."
    )
    level = min((level for row in rows if (level := _level(row, compared=compared)) is not None), default=inf)
    sure = "" if level == inf else f" Intervals at {100 * level:.2f} % or more."
    return f"{what}{sure} {rest}".rstrip()


def _level(row: Timing, *, compared: bool) -> float | None:
    return row.ratio_level if compared else row.epoch_seconds_level
