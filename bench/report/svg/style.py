"""The style of all pictures: opaque and light, for dark pages and printers, and reproducible to the byte."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from bench.report.views import notation, ticks

INK, MUTED, GRID, BAND, FAINT, REST = "#1a1a1a", "#595959", "#dddddd", "#e8e8e8", "#f6f6f6", "#a0a0a0"
# The background of text that may overlap lines.
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}

_SETTINGS = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # ships with matplotlib, so every machine has it
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.solid_capstyle": "butt",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "four-ways",
    "text.color": INK,
    "text.parse_math": False,  # a name may contain a dollar sign
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in this style, whatever the user's matplotlib settings are."""
    with style.context(["default", _SETTINGS]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # characters that the font lacks are drawn as boxes
        yield


def svg(figure: Figure) -> str:
    """Return the picture as SVG; the same figure gives the same text."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of this many inches."""
    return Figure(figsize=(width, height))


def axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Return axes placed in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def caption(figure: Figure, title: str, note: str) -> None:
    """Put the title at the top left and the note at the bottom left."""
    up = figure.get_size_inches()[1]
    figure.text(0.012, 1 - 0.1 / up, title, va="top", fontsize=11, fontweight="bold")
    figure.text(0.012, 0.08 / up, note, va="bottom", fontsize=8, color=MUTED, linespacing=1.35)


def log_ticks(axis: Axis, low: float, high: float, text: FuncFormatter, most: int = 8) -> None:
    """Label a logarithmic axis from `low` to `high` with a few round numbers, however short it is."""
    axis.set_major_locator(FixedLocator(ticks.logarithmic(low, high, most)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(text)
    axis.set_minor_formatter(NullFormatter())


DURATION = FuncFormatter(lambda seconds, _: notation.tick(seconds))
RATIO = FuncFormatter(lambda value, _: f"{value:g}")
NUMBER = FuncFormatter(lambda value, _: f"{value:,.12g}")


def shorter(name: str, most: int) -> str:
    """Shorten a name to its end, which says more about a path than its beginning."""
    return name if len(name) <= most else f"\N{HORIZONTAL ELLIPSIS}{name[-most + 1 :]}"


def around(values: Iterable[float], factor: float) -> tuple[float, float]:
    """Return limits of a logarithmic axis around these values, with `factor` of their span as room on either side."""
    least, most = inf, 0.0
    for value in values:
        least, most = min(least, value), max(most, value)
    spare = max((most / least) ** factor, 1.02)
    return least / spare, most * spare
