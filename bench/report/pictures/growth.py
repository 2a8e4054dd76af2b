"""Time of an epoch against the number of rows, with bands, and where one implementation overtakes the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import sizes
from bench.report.marks import Mark
from bench.report.pictures import look
from bench.report.sizes import Crossing, Curve, Family

MOST_PANELS = 12
_LEFT, _RIGHT, _TOP, _WIDTH, _PANEL, _BELOW, _LINE = 0.85, 2.1, 0.75, 8.2, 3.2, 1.0, 0.155


def draw(families: Sequence[Family], marks: Mapping[str, Mark]) -> Figure | None:
    """Return the picture of the families of one model; None if there are none."""
    shown = families[:MOST_PANELS]
    if not shown:
        return None
    notes = [_note(family) for family in shown]
    heights = [_PANEL + _BELOW + _LINE * len(note) for note in notes]
    figure = look.canvas(_WIDTH, _TOP + sum(heights) - 0.2)
    top = figure.get_size_inches()[1] - _TOP
    for family, note, height in zip(shown, notes, heights, strict=True):
        axes = look.axes(figure, _LEFT, top - _PANEL, _WIDTH - _LEFT - _RIGHT, _PANEL)
        _panel(axes, family, marks)
        axes.annotate(
            "\n".join(note), (0, 0), xytext=(-_LEFT * 72 + 8, -42), xycoords="axes fraction",
            textcoords="offset points", va="top", fontsize=8, color=look.MUTED, linespacing=1.35,
        )  # fmt: skip
        top -= height
    look.caption(figure, f"{shown[0].curves[0].rows[0].model}: time of an epoch against size", "")
    return figure


def _panel(axes: Axes, family: Family, marks: Mapping[str, Mark]) -> None:
    for curve in family.curves:
        _curve(axes, curve, marks[curve.name])
    for crossing in family.crossings:
        _crossing(axes, crossing, family, marks[crossing.name])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(look.around(_sizes(family), 0.04))
    axes.set_ylim(look.around((one for curve in family.curves for row in _band(curve) for one in row), 0.06))
    look.log_ticks(axes.xaxis, *axes.get_xlim(), look.NUMBER)
    look.log_ticks(axes.yaxis, *axes.get_ylim(), look.DURATION)
    axes.grid()
    axes.set_axisbelow(True)
    axes.set_xlabel("rows", color=look.MUTED)
    axes.set_title(family.title, fontsize=9)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def _curve(axes: Axes, curve: Curve, mark: Mark) -> None:
    ns = [row.n for row in curve.rows]
    lows, highs, middles = zip(*_band(curve), strict=True)
    axes.fill_between(ns, lows, highs, color=mark.colour, alpha=0.2, linewidth=0)
    axes.plot(
        ns, middles, color=mark.colour, marker=mark.marker, markeredgecolor="white", label=look.shorter(curve.name, 24)
    )


def _band(curve: Curve) -> list[tuple[float, float, float]]:
    """Return lower end, upper end and time of each row; where there is no interval, all are the time."""
    return [
        (row.epoch_seconds_low or row.epoch_seconds, row.epoch_seconds_high or row.epoch_seconds, row.epoch_seconds)
        for row in curve.rows
        if row.epoch_seconds is not None
    ]


def _crossing(axes: Axes, crossing: Crossing, family: Family, mark: Mark) -> None:
    ns = _sizes(family)
    axes.axvspan(crossing.low or min(ns), crossing.high or max(ns), color=mark.colour, alpha=0.1, linewidth=0)
    axes.axvline(crossing.n, color=mark.colour, linewidth=1.2, linestyle=(0, (4, 3)))


def _sizes(family: Family) -> list[int]:
    return [row.n for curve in family.curves for row in curve.rows]


def _note(family: Family) -> list[str]:
    lines = [
        "Both axes are logarithmic. Bands: intervals of the times, which share the load of their blocks.",
        *sizes.findings(family),
    ]
    dashed = "Dashed, with its interval: where a ratio crosses 1, if it runs straight between two sizes."
    return [*lines, dashed] if family.crossings else lines
