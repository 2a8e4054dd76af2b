"""HTML output: report.html, a run on one self-contained page.

plotly-cartesian.min.js comes unchanged from npm's plotly.js-cartesian-dist-min 4.1.1 (MIT): 1.5 MB per page, and
the smallest of its bundles that has heat maps.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.analysis.run import Raw
from bench.report.html import charts, data, tables
from bench.report.html.charts import Chart
from bench.report.html.tables import Table
from bench.report.views import (
    caveats,
    chart_rows,
    names,
    notation,
    palette,
    provenance,
    ranking,
    scaling,
    self_comparison,
    truncate,
)
from bench.report.views.names import Names
from bench.report.views.truncate import Numbered
from bench.store import layout
from bench.store.tables import Timing
from datasets.dataset import Model

HERE = Path(__file__).parent
_SCRIPTS = "plotly-cartesian.min.js", "page.js"


def render(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the page; the same run always gives the same text."""
    scripts = [(HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    page = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.jinja")
    shown = truncate.shown(rows)
    cells = sorted((dict(shown) | dict(truncate.unfinished(rows)[0])).items())
    named = names.of_rows(rows)
    made = _charts(raw, rows, shown, named)
    return page.render(
        run=raw.environment,
        layout=layout,
        asked=_asked(raw, rows),
        started=notation.moment(raw.environment["started"]),
        machine=provenance.machine(raw),
        rankings=ranking.sentences([row for _, row in shown], named, quick=raw.quick),
        clock=self_comparison.lines(raw, named),
        limits=caveats.limits_of(rows),
        citation="; ".join(provenance.cited(raw)),
        tables=_tables(raw, rows, shown, named),
        filters=_filters([row for _, row in cells], named),
        charts={chart.name: chart for chart in made},
        data={**data.of_cells(raw, cells, named), "charts": {chart.name: chart.drawn for chart in made}},
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        digests=[base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
    )


def _asked(raw: Raw, rows: Sequence[Timing]) -> str:
    return f"{names.cells(rows)}, {provenance.effort(raw)}, {names.threads(rows)}."


def _charts(raw: Raw, rows: Sequence[Timing], shown: Sequence[Numbered], named: Names) -> list[Chart]:
    looks = palette.marks(row.cell.runner for row in rows)
    made: list[Chart | None] = []
    for model in Model:
        of_model = [row for row in rows if row.cell.problem.model is model]
        here = [(number, row) for number, row in shown if row.cell.problem.model is model]
        made.append(charts.intervals(here, len(chart_rows.timed(of_model)), looks, named))
        made += charts.growth(scaling.panels(of_model, raw.scalings), looks)
    made.append(charts.agreement(raw.agreements, [row.cell.implementation for row in rows]))
    return [chart for chart in made if chart is not None]


def _tables(raw: Raw, rows: Sequence[Timing], shown: Sequence[Numbered], named: Names) -> dict[str, Table]:
    datasets, more = truncate.cut(raw.environment["datasets"], "dataset", layout.ENVIRONMENT)
    sources = map(provenance.source, datasets)
    made = (
        tables.times(shown, named, truncate.left_out(rows, shown)),
        tables.costs(shown, named),
        tables.unfinished(*truncate.unfinished(rows), named),
        tables.agreement(raw, [row.cell.implementation for row in rows]),
        tables.means(raw),
        tables.plain("sources", f"The data and their sources. {more}".rstrip(), provenance.SOURCES, sources),
    )
    return {table.name: table for table in made}


def _filters(rows: Sequence[Timing], named: Names) -> dict[str, list[str]]:
    """Return the choices of each filter."""
    facets = [tables.facets(row, named) for row in rows]
    return {name: list(dict.fromkeys(one[name] for one in facets)) for name in tables.FACETS}
