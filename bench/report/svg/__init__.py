"""SVG output: the pictures of one or several runs, drawn with matplotlib and returned as text."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.history import HistoryRow
from bench.analysis.run import Raw
from bench.report.svg import agreement, history, intervals, rounds, scaling, style
from bench.report.views import names, palette, samples
from bench.report.views.scaling import panels
from bench.store import layout
from bench.store.tables import Timing
from datasets.dataset import Model


def draw(raw: Raw, rows: Sequence[Timing]) -> dict[str, str]:
    """Return the pictures by file name; there is none for what was not timed or compared."""
    implementations = list(dict.fromkeys(row.cell.implementation for row in rows))
    looks = palette.marks(row.cell.runner for row in rows)
    named = names.of_rows(rows)
    seen = samples.histories(raw, {row.cell for row in rows})
    with style.look():
        figures = {layout.AGREEMENT_SVG: agreement.draw(raw.agreements, implementations)}
        for model in Model:
            of_model = [row for row in rows if row.cell.problem.model is model]
            processes = [history for history in seen if history.cell.problem.model is model]
            figures[layout.intervals_svg(model)] = intervals.draw(of_model, looks, named)
            figures[layout.rounds_svg(model)] = rounds.draw(processes, looks, named)
            figures[layout.sizes_svg(model)] = scaling.draw(panels(of_model, raw.scalings), looks)
        return {name: style.svg(figure) for name, figure in figures.items() if figure is not None}


def draw_history(entries: Sequence[HistoryRow]) -> str | None:
    """Return the picture of a history; None if nothing was compared."""
    with style.look():
        figure = history.draw(entries, palette.marks(entry.timing.cell.runner for entry in entries))
        return None if figure is None else style.svg(figure)
