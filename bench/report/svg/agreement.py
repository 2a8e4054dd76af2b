"""The agreement matrix as a heat map: the share of its budget that the largest error used, on a log scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from bench.report.svg import style
from bench.report.views import agreement_matrix, notation, palette
from bench.report.views.agreement_matrix import Shares
from bench.store.layout import AGREEMENT_CSV
from bench.store.tables import Agreement

MOST_COLUMNS = 12
_COLOURS = mpl.colormaps["Blues"].with_extremes(bad=style.BAND)
_LEFT, _RIGHT, _TOP, _BOTTOM, _LINE, _GAP, _COLUMN = 2.1, 0.15, 0.85, 0.85, 0.28, 0.72, 1.45


def draw(agreements: Sequence[Agreement], implementations: Sequence[str]) -> Figure | None:
    """Return the picture, with a column per implementation; None if nothing was compared."""
    if not agreements:
        return None
    by_quantity = agreement_matrix.by_quantity(agreements, implementations)
    by_pair = agreement_matrix.by_pair(agreements, implementations)
    names = by_quantity.columns[:MOST_COLUMNS]
    others = [row for row in by_pair.rows if row in names or row not in implementations]
    heights = _LINE * len(by_quantity.rows), _LINE * len(others)
    width = _COLUMN * len(names)
    figure = style.canvas(max(_LEFT + width + _RIGHT, 6.5), _TOP + sum(heights) + _GAP + _BOTTOM)
    second = style.axes(figure, _LEFT, _BOTTOM, width, heights[1])
    _matrix(second, by_pair, others, names, "against")
    first = style.axes(figure, _LEFT, _BOTTOM + heights[1] + _GAP, width, heights[0])
    _matrix(first, by_quantity, by_quantity.rows, names, "quantity")
    _scale(figure)
    rest = f"\n{len(by_quantity.columns) - len(names)} more implementations: {AGREEMENT_CSV}."
    note = "The largest share over all data; grey: not compared." + (
        rest if len(names) < len(by_quantity.columns) else ""
    )
    style.caption(figure, agreement_matrix.TITLE, note)
    return figure


def _matrix(axes: Axes, table: Shares, rows: Sequence[str], columns: Sequence[str], heading: str) -> None:
    values = np.array([[table.largest.get((row, column), nan) for column in columns] for row in rows])
    axes.pcolormesh(values, norm=_norm(), cmap=_COLOURS, edgecolors="white", linewidth=2)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            _number(axes, x, y, table.largest.get((row, column)))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks([x + 0.5 for x in range(len(columns))], [style.shorter(name, 18) for name in columns])
    axes.set_yticks([y + 0.5 for y in range(len(rows))], [style.shorter(name, 28) for name in rows])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.annotate(
        heading, (0, 1), xytext=(-3.5, 3.5), xycoords="axes fraction", textcoords="offset points",
        ha="right", color=style.MUTED, annotation_clip=False,
    )  # fmt: skip


def _number(axes: Axes, x: int, y: int, share: float | None) -> None:
    """Write the share; a share above the budget, or NaN, stands out by colour, weight and a cross."""
    if share is None:
        return
    agrees = share <= agreement_matrix.MOST
    colour = _COLOURS(_norm()(share)) if agrees else to_rgba(palette.ALARM)
    dark = 0.2126 * colour[0] ** 2.2 + 0.7152 * colour[1] ** 2.2 + 0.0722 * colour[2] ** 2.2 < 0.25
    if not agrees:
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=palette.ALARM, edgecolor="white", linewidth=2))
    text = notation.share(share) if agrees else f"\N{MULTIPLICATION SIGN} {notation.share(share)}"
    axes.text(
        x + 0.5, y + 0.5, text, ha="center", va="center",
        color="white" if dark or not agrees else style.INK, fontweight="normal" if agrees else "bold",
    )  # fmt: skip


def _norm() -> LogNorm:
    return LogNorm(agreement_matrix.LEAST, agreement_matrix.MOST, clip=True)


def _scale(figure: Figure) -> None:
    across = figure.get_size_inches()[0]
    axes = style.axes(figure, across - 3.3, 0.5, 3.0, 0.14)
    bar = figure.colorbar(ScalarMappable(_norm(), _COLOURS), cax=axes, orientation="horizontal")
    bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: notation.share(share)))
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
