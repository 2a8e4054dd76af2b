"""The charts of the page as plotly traces and layouts; the page adds the colours of text and grid.

plotly interprets some HTML in every text, so names are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from bench.analysis.ranking import Ranking
from bench.analysis.statistics import MARGIN
from bench.report.views import agreement_matrix, chart_rows, names, notation, ranking, scaling, ticks
from bench.report.views.names import Names
from bench.report.views.palette import ALARM, Mark
from bench.report.views.scaling import Curve, Panel
from bench.report.views.truncate import Numbered
from bench.store.cell import Runner
from bench.store.tables import Agreement, Scaling, Timing

Trace = dict[str, Any]

_LINE, _AROUND = 26, 80
_MOST_TICKS, _MOST_LONG_TICKS = 7, 5
# Logarithms of shares; a share above the budget is drawn beyond all that are within it.
_LEAST, _MOST, _MISMATCH = math.log10(agreement_matrix.LEAST), math.log10(agreement_matrix.MOST), 0.2
_BLUES = ("#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b")


@dataclass(frozen=True)
class Chart:
    """A chart with its title, a description for screen readers, and a note."""

    name: str
    title: str
    said: str
    note: str
    traces: list[Trace]
    layout: dict[str, Any]

    @property
    def drawn(self) -> dict[str, Any]:
        """The arguments for plotly."""
        return {"data": self.traces, "layout": self.layout}


def intervals(rows: Sequence[Numbered], contests: int, marks: Mapping[Runner, Mark], named: Names) -> Chart | None:
    """Return the ranked intervals of one model; None without times.

    rows       the rows that may be shown, with the numbers of their cells
    contests   how many contests were timed, shown or not
    """
    groups = chart_rows.first(chart_rows.timed([row for _, row in rows]), chart_rows.MOST_ROWS)
    if not groups:
        return None
    compared = chart_rows.compared(groups)
    numbers = {row.cell: number for number, row in rows}
    labels: list[str] = []
    traces: list[Trace] = []
    for group in groups:
        name = named.contest(group.contest).removeprefix(f"{group.contest.problem.model},")
        labels.append(f"<b>{escape(name)}</b>")
        for row in group.timed:
            trace = _interval(row, len(labels), marks[row.cell.runner], compared=compared)
            traces.append(
                trace | {"customdata": [numbers[row.cell]], "hovertemplate": _hover(row, named, compared=compared)}
            )
            labels.append(escape(names.runner(row.cell.runner)))
    first = rows[0][1]
    axis = f"ratio to {first.baseline}" if compared else "time per epoch"
    return Chart(
        f"intervals-{first.cell.problem.model}",
        chart_rows.title(first, compared=compared),
        _said(groups, named, compared=compared),
        chart_rows.rest(contests - len(groups)),
        traces,
        {
            "height": _LINE * len(labels) + _AROUND,
            "showlegend": False,
            "hovermode": "closest",
            "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
            "xaxis": {
                "type": "log",
                "title": {"text": f"{axis} (log scale; left = faster)"},
                **_ticks(_ends(groups, compared=compared), "{:g}".format if compared else notation.tick),
            },
            "yaxis": {
                "tickvals": list(range(len(labels))),
                "ticktext": labels,
                "range": [len(labels) - 0.4, -0.6],
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
            },
            "shapes": _margin() if compared else [],
        },
    )


def _interval(row: Timing, line: int, mark: Mark, *, compared: bool) -> Trace:
    value, low, high = chart_rows.bounds(row, compared=compared)
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [value],
        "y": [line],
        "marker": {"color": mark.colour, "symbol": mark.symbol, "size": 12},
    }
    if value is not None and low is not None and high is not None:
        ends = {"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low]}
        trace["error_x"] = ends | {"color": mark.colour, "thickness": 2.2, "width": 4}
    return trace


def _hover(row: Timing, named: Names, *, compared: bool) -> str:
    lines = chart_rows.said(row, compared=compared), ranking.verdict(row)
    return f"<b>{escape(named.cell(row.cell))}</b><br>{'<br>'.join(map(escape, lines))}<extra></extra>"


def _ends(groups: Sequence[Ranking], *, compared: bool) -> list[float]:
    bounds = (chart_rows.bounds(row, compared=compared) for group in groups for row in group.timed)
    return [one for values in bounds for one in values if one is not None]


def _ticks(values: Collection[float], text: Callable[[float], str], most: int = _MOST_TICKS) -> dict[str, Any]:
    """Return the labels of a logarithmic axis around these values, with a little room on either side."""
    least, largest = min(values), max(values)
    room = max((largest / least) ** 0.06, 1.02)
    found = ticks.logarithmic(least / room, largest * room, most)
    return {"tickvals": found, "ticktext": [text(one) for one in found]}


def _margin() -> list[dict[str, Any]]:
    """Return the shapes of the band around 1 in which a ratio is SAME."""
    across = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    band = {"type": "rect", "x0": 1 / (1 + MARGIN), "x1": 1 + MARGIN, "fillcolor": "rgba(128, 128, 128, 0.25)"}
    line = {"type": "line", "x0": 1, "x1": 1, "line": {"color": "#808080"}}
    return [across | band | {"line": {"width": 0}}, across | line]


def _said(groups: Sequence[Ranking], named: Names, *, compared: bool) -> str:
    return ". ".join(
        f"{named.contest(group.contest)}: "
        + "; ".join(f"{names.runner(row.cell.runner)} {chart_rows.said(row, compared=compared)}" for row in group.timed)
        for group in groups
    )


def agreement(agreements: Sequence[Agreement], implementations: Sequence[str]) -> Chart | None:
    """Return the agreement matrix as a heat map on a logarithmic scale; None if nothing was compared.

    implementations   the columns, in order
    """
    if not agreements:
        return None
    table = agreement_matrix.by_quantity(agreements, implementations)
    found = [[table.largest.get((row, column)) for column in table.columns] for row in table.rows]
    blue = (_MOST - _LEAST) / (_MISMATCH - _LEAST)
    scale = [(blue * step / (len(_BLUES) - 1), colour) for step, colour in enumerate(_BLUES)]
    return Chart(
        "agreement",
        agreement_matrix.TITLE,
        "The same shares are in the table below.",
        "",
        [
            {
                "type": "heatmap",
                "x": [escape(name) for name in table.columns],
                "y": [escape(name) for name in table.rows],
                "z": [[_height(share) for share in line] for line in found],
                "text": [[notation.share(share) for share in line] for line in found],
                "texttemplate": "%{text}",
                "hovertemplate": "%{x}<br>%{y}: %{text}<extra></extra>",
                "hoverongaps": False,
                "zmin": _LEAST,
                "zmax": _MISMATCH,
                "xgap": 2,
                "ygap": 2,
                "colorscale": [*scale, (blue, ALARM), (1.0, ALARM)],
                "colorbar": {
                    "tickvals": [-3, -2, -1, 0],
                    "ticktext": ["0.1 %", "1 %", "10 %", "100 %"],
                    "thickness": 12,
                    "outlinewidth": 0,
                },
            }
        ],
        {
            "height": 32 * len(table.rows) + _AROUND,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 40},
            "xaxis": {"type": "category", "automargin": True, "showgrid": False},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True, "showgrid": False},
        },
    )


def _height(share: float | None) -> float | None:
    """Return the value by which a share of the budget is coloured, None without a share.

    This is the logarithm of the share or, for NaN or more than the whole budget, a value above all logarithms.
    """
    if share is None:
        return None
    if not share <= 1:
        return _MISMATCH
    return max(math.log10(share), _LEAST) if share > 0 else _LEAST


def growth(panels: Sequence[Panel], marks: Mapping[Runner, Mark]) -> list[Chart]:
    """Return time against rows for the first panels of a model; the last note says how many more there are."""
    made = [against_size(panel, number, marks) for number, panel in enumerate(panels[: scaling.MOST_PANELS])]
    if rest := scaling.rest(panels):
        made[-1] = replace(made[-1], note=f"{made[-1].note} {rest}")
    return made


def against_size(panel: Panel, number: int, marks: Mapping[Runner, Mark]) -> Chart:
    """Return time against rows for one panel, with bands, and crossovers numbered as in the note."""
    model = panel.curves[0].rows[0].cell.problem.model
    bands = [_band(curve, marks[curve.runner]) for curve in panel.curves]
    curves = [_curve(curve, marks[curve.runner]) for curve in panel.curves]
    return Chart(
        f"sizes-{model}-{number}",
        f"{panel.title}: time per epoch against size",
        "",
        " ".join([*scaling.legend(panel), *([scaling.HOW, scaling.level(panel)] if panel.crossovers else [])]),
        [*bands, *curves, *(_crossover(panel, one, place) for place, one in enumerate(panel.crossovers, start=1))],
        {
            "height": 380,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 40},
            "xaxis": {
                "type": "log",
                "title": {"text": "rows"},
                **_ticks(
                    [row.cell.problem.n for curve in panel.curves for row in curve.rows],
                    "{:,.12g}".format,
                    _MOST_LONG_TICKS,
                ),
            },
            "yaxis": {
                "type": "log",
                "automargin": True,
                **_ticks(_times(panel), notation.tick),
            },
            "legend": {"orientation": "h", "y": -0.25},
        },
    )


def _times(panel: Panel) -> list[float]:
    rows = (row for curve in panel.curves for row in curve.rows)
    ends = ((row.epoch_seconds_low, row.epoch_seconds, row.epoch_seconds_high) for row in rows)
    return [one for values in ends for one in values if one is not None]


def _crossover(panel: Panel, one: Scaling, number: int) -> Trace:
    near, low, high = scaling.where(one)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [near],
        "y": [scaling.height(panel, one)],
        "text": [str(number)],
        "textfont": {"color": "#1a1a1a", "size": 11},
        "marker": {"color": "#ffffff", "size": 17, "line": {"color": "#808080", "width": 1.5}},
        "error_x": {"type": "data", "symmetric": False, "array": [high - near], "arrayminus": [near - low]}
        | {"color": "#808080", "thickness": 1.5},
        "hovertemplate": f"{escape(scaling.said(one))}<extra></extra>",
        "showlegend": False,
    }


def _band(curve: Curve, mark: Mark) -> Trace:
    band = [row for row in curve.rows if row.epoch_seconds_low is not None and row.epoch_seconds_high is not None]
    return {
        "type": "scatter",
        "x": [*(row.cell.problem.n for row in band), *(row.cell.problem.n for row in reversed(band))],
        "y": [*(row.epoch_seconds_high for row in band), *(row.epoch_seconds_low for row in reversed(band))],
        "fill": "toself",
        "fillcolor": f"{mark.colour}33",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _curve(curve: Curve, mark: Mark) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escape(curve.name),
        "x": [row.cell.problem.n for row in curve.rows],
        "y": [row.epoch_seconds for row in curve.rows],
        "text": [chart_rows.said(row, compared=row.ratio is not None) for row in curve.rows],
        "hovertemplate": f"<b>{escape(curve.name)}</b>, %{{x:,}} rows<br>%{{text}}<extra></extra>",
        "line": {"color": mark.colour},
        "marker": {"color": mark.colour, "symbol": mark.symbol, "size": 10},
    }
