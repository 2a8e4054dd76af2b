"""Every timed round of a model, process by process: drift within processes, steps between them, disturbances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.svg import style
from bench.report.views.names import Names
from bench.report.views.palette import Mark
from bench.report.views.samples import History, Process
from bench.store.cell import Runner
from bench.store.layout import RAW, ROUNDS

Point = tuple[float, float]

MOST_PANELS = 15
# Rounds longer than this multiple of the median are drawn at the upper edge, so that the rest is readable.
MOST_TIMES = 2.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _WIDTH, _PANEL, _GAP = 0.85, 0.12, 0.65, 0.95, 8.2, 0.72, 0.34


def draw(histories: Sequence[History], marks: Mapping[Runner, Mark], named: Names) -> Figure | None:
    """Return the picture of the histories of one model; None if nothing was timed."""
    shown = histories[:MOST_PANELS]
    if not shown:
        return None
    blocks = sorted({process.block for history in shown for process in history.processes})
    figure = style.canvas(_WIDTH, _TOP + len(shown) * (_PANEL + _GAP) + _BOTTOM - _GAP)
    for number, history in enumerate(reversed(shown)):
        bottom = _BOTTOM + number * (_PANEL + _GAP)
        axes = style.axes(figure, _LEFT, bottom, _WIDTH - _LEFT - _RIGHT, _PANEL)
        _panel(axes, history, blocks, marks[history.cell.runner].colour)
        axes.set_title(style.shorter(history.name(named), 90), fontsize=9, pad=3)
        _blocks(axes, blocks, last=number == 0)
    style.caption(figure, f"{shown[0].cell.problem.model}: every timed round", _note(len(histories) - len(shown)))
    return figure


def _panel(axes: Axes, history: History, blocks: Sequence[int], colour: str) -> None:
    middle = median(process.middle for process in history.processes)
    top = middle * MOST_TIMES
    for process in history.processes:
        if process.noisy:
            slot = blocks.index(process.block)
            axes.axvspan(slot, slot + 1, facecolor=style.FAINT, edgecolor=style.GRID, hatch="///", linewidth=0)
    for counts, chosen in ((False, style.REST), (True, colour)):
        lines = [_line(one, blocks, top) for one in history.processes if one.counts is counts]
        _broken(axes, lines, color=chosen, linewidth=0.9)
        beyond = [(place, top) for line in lines for place, seconds in line if seconds == top]
        axes.plot(*_columns(beyond), linestyle="", marker="^", color=chosen, markersize=3.5, clip_on=False)
    middles = [_middle(one, blocks, top) for one in history.processes]
    _broken(axes, middles, color=style.INK, linewidth=1.5)
    axes.axhline(middle, color=style.MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    _scale(axes, [min(seconds, top) for process in history.processes for seconds in process.epoch_seconds])


def _line(process: Process, blocks: Sequence[int], top: float) -> list[Point]:
    """Return the rounds of a process from left to right in the slot of its block."""
    start, count = blocks.index(process.block) + 0.1, len(process.epoch_seconds)
    return [
        (start + 0.8 * (number + 0.5) / count, min(seconds, top))
        for number, seconds in enumerate(process.epoch_seconds)
    ]


def _middle(process: Process, blocks: Sequence[int], top: float) -> list[Point]:
    slot, height = blocks.index(process.block), min(process.middle, top)
    return [(slot + 0.1, height), (slot + 0.9, height)]


def _broken(axes: Axes, lines: Sequence[Sequence[Point]], **style: Any) -> None:
    """Draw these lines as one, with gaps: a thousand separate lines would take a second."""
    axes.plot(*_columns([point for line in lines for point in (*line, (nan, nan))]), **style)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _scale(axes: Axes, heights: Sequence[float]) -> None:
    low, high = style.around(heights, 0.08)
    axes.set_ylim(low, high)  # set first: matplotlib warns if it has to find limits for equal values
    axes.set_yscale("log")
    style.log_ticks(axes.yaxis, low, high, style.DURATION, most=3)
    axes.grid(axis="y")


def _blocks(axes: Axes, blocks: Sequence[int], *, last: bool) -> None:
    axes.set_xlim(0, len(blocks))
    every = 1 + len(blocks) // 30
    slots = range(0, len(blocks), every) if last else ()
    axes.set_xticks([slot + 0.5 for slot in slots], [str(blocks[slot]) for slot in slots])
    axes.tick_params(axis="x", length=0)
    if last:
        axes.set_xlabel("block (one process of each, in order)", color=style.MUTED)


def _note(left_out: int) -> str:
    rest = f" {left_out:,} more cells: {RAW}/{ROUNDS}." if left_out else ""
    return (
        "Time per epoch in each round (log scale). Black: median of a process; dashed: median of all processes. "
        f"Triangles: above {MOST_TIMES:g} times that.\n"
        f"Hatched: no quiet processor, so no ratio. Grey rounds: the block was stopped, and they are not counted.{rest}"
    )
