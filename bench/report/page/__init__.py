"""report.html: the run on one page that needs nothing else, made from its raw rows. It returns text and writes nothing.

plotly-cartesian.min.js is that of npm's plotly.js-cartesian-dist-min 4.1.1, unchanged (MIT): 1.5 MB of every page, and
the smallest of its bundles that has heat maps.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.records import Timing
from bench.report import circumstances, clock, many, marks, sizes, words, written
from bench.report.page import charts, data, tables
from bench.report.page.charts import Chart
from bench.report.page.tables import Numbered, Table
from bench.report.summary import Raw
from datasets.dataset import Model

HERE = Path(__file__).parent
_SCRIPTS = "plotly-cartesian.min.js", "page.js"


def render(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the page; the same run gives the same text."""
    scripts = [(HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    page = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.jinja")
    numbered = many.shown(rows)
    shown = [row for _, row in numbered]
    made = _charts(raw, numbered)
    return page.render(
        run=raw.environment,
        asked=_asked(raw, rows),
        started=words.moment(raw.environment["started"]),
        machine=circumstances.flat(raw.environment["machine"]),
        rankings=words.rankings(shown, quick=raw.quick),
        clock=clock.lines(raw),
        limits=written.LIMITS,
        citation=circumstances.cited(raw),
        tables=_tables(raw, numbered, many.left_out(rows)),
        filters=_filters(shown),
        charts={chart.name: chart for chart in made},
        data={**data.of_cells(raw, numbered), "charts": {chart.name: chart.drawn for chart in made}},
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        digests=[base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
    )


def _asked(raw: Raw, rows: Sequence[Timing]) -> str:
    options = raw.environment["options"]
    blocks = "one look without comparison" if raw.quick else words.number(options["blocks"], "block")
    return f"{words.number(len(rows), 'cell')}, {blocks}, {words.threads(rows)}."


def _charts(raw: Raw, rows: Sequence[Numbered]) -> list[Chart]:
    looks = marks.marks(words.runner(row) for _, row in rows)
    made: list[Chart | None] = []
    for model in Model:
        of_model = [(number, row) for number, row in rows if row.model is model]
        made.append(charts.intervals(of_model, looks))
        panels = sizes.panels([row for _, row in of_model], raw.scalings)
        made += [charts.against_size(panel, number, looks) for number, panel in enumerate(panels)]
    made.append(charts.agreement(raw.agreements, [row.implementation for _, row in rows]))
    return [chart for chart in made if chart is not None]


def _tables(raw: Raw, rows: Sequence[Numbered], left_out: str) -> dict[str, Table]:
    sources = [
        (one["name"], one["dtype"], one["source"], one["licence"], ", ".join(one["labels"]))
        for one in raw.environment["datasets"]
    ]
    titles = ("dataset", "dtype", "source", "licence", "labels 0, 1, ...")
    made = (
        tables.times(rows, left_out),
        tables.costs(rows),
        tables.unfinished(rows),
        tables.agreement(raw, [row.implementation for _, row in rows]),
        tables.means(raw),
        tables.plain("sources", "The data and where they come from.", titles, sources),
    )
    return {table.name: table for table in made}


def _filters(rows: Sequence[Timing]) -> dict[str, list[str]]:
    """Return what can be chosen of each facet of a cell."""
    facets = [tables.facets(row) for row in rows]
    return {name: list(dict.fromkeys(one[name] for one in facets)) for name in tables.FACETS}
