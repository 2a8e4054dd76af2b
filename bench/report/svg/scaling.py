"""Time per epoch against the number of rows, with bands, and where one implementation overtakes another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.svg import style
from bench.report.views import scaling
from bench.report.views.palette import Mark
from bench.report.views.scaling import Curve, Panel
from bench.store.cell import Runner
from bench.store.tables import Scaling

_LEFT, _RIGHT, _TOP, _WIDTH, _PANEL, _BELOW, _LINE = 0.85, 2.1, 0.75, 8.2, 3.2, 1.0, 0.155


def draw(panels: Sequence[Panel], marks: Mapping[Runner, Mark]) -> Figure | None:
    """Return the picture of the panels of one model; None if there are none."""
    shown = panels[: scaling.MOST_PANELS]
    if not shown:
        return None
    notes = [_note(panel) for panel in shown]
    heights = [_PANEL + _BELOW + _LINE * len(note) for note in notes]
    figure = style.canvas(_WIDTH, _TOP + sum(heights) - 0.2)
    top = figure.get_size_inches()[1] - _TOP
    for panel, note, height in zip(shown, notes, heights, strict=True):
        axes = style.axes(figure, _LEFT, top - _PANEL, _WIDTH - _LEFT - _RIGHT, _PANEL)
        _panel(axes, panel, marks)
        axes.annotate(
            "\n".join(note), (0, 0), xytext=(-_LEFT * 72 + 8, -42), xycoords="axes fraction",
            textcoords="offset points", va="top", fontsize=8, color=style.MUTED, linespacing=1.35,
        )  # fmt: skip
        top -= height
    style.caption(
        figure, f"{shown[0].curves[0].rows[0].cell.problem.model}: time per epoch against size", scaling.rest(panels)
    )
    return figure


def _panel(axes: Axes, panel: Panel, marks: Mapping[Runner, Mark]) -> None:
    for curve in panel.curves:
        _curve(axes, curve, marks[curve.runner])
    for number, one in enumerate(panel.crossovers, start=1):
        _crossover(axes, number, one, scaling.height(panel, one))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(style.around((row.cell.problem.n for curve in panel.curves for row in curve.rows), 0.04))
    axes.set_ylim(style.around((one for curve in panel.curves for row in _band(curve) for one in row), 0.06))
    style.log_ticks(axes.xaxis, *axes.get_xlim(), style.NUMBER, most=6)
    style.log_ticks(axes.yaxis, *axes.get_ylim(), style.DURATION)
    axes.grid()
    axes.set_axisbelow(True)
    axes.set_xlabel("rows", color=style.MUTED)
    axes.set_title(panel.title, fontsize=9)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def _curve(axes: Axes, curve: Curve, mark: Mark) -> None:
    ns = [row.cell.problem.n for row in curve.rows]
    lows, highs, middles = zip(*_band(curve), strict=True)
    axes.fill_between(ns, lows, highs, color=mark.colour, alpha=0.2, linewidth=0)
    axes.plot(
        ns, middles, color=mark.colour, marker=mark.marker, markeredgecolor="white", label=style.shorter(curve.name, 24)
    )


def _band(curve: Curve) -> list[tuple[float, float, float]]:
    """Return lower end, upper end and time of each row; without an interval all three are the time."""
    return [
        (row.epoch_seconds_low or row.epoch_seconds, row.epoch_seconds_high or row.epoch_seconds, row.epoch_seconds)
        for row in curve.rows
        if row.epoch_seconds is not None
    ]


def _crossover(axes: Axes, number: int, one: Scaling, height: float) -> None:
    """Mark where two take equally long, with its interval and its number in the note below the panel."""
    near, *ends = scaling.where(one)
    axes.plot(ends, [height, height], color=style.INK, linewidth=1.2, zorder=3)
    axes.plot(ends, [height, height], "|", color=style.INK, markersize=8, markeredgewidth=1.2, zorder=3)
    axes.plot(near, height, "o", color="white", markeredgecolor=style.INK, markeredgewidth=1.2, markersize=11, zorder=4)
    axes.annotate(str(number), (near, height), ha="center", va="center_baseline", fontsize=7, zorder=5)


def _note(panel: Panel) -> list[str]:
    lines = ["Log scales. Bands: the interval of each time on its own; a busy block shifts all its times together."]
    told = [*scaling.legend(panel), scaling.HOW, scaling.level(panel)] if panel.crossovers else scaling.legend(panel)
    return [*lines, *told]
