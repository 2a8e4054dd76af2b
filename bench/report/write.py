"""Write the tables and reports of a run.

results/<run>/ or --out
    environment.json    the machine, the command and its options, the data and their sources
    raw/*.jsonl         what was observed, one record per line: bench/store/raw_rows.py
    timings.csv  agreement.csv  report.md  report.html  pictures/*.svg
                        (after `agree`: agreement.csv and report.md)
                        rebuilt from the two above by `python -m bench report`

In the CSV files a number is the shortest text that reads back as the same float64; a missing
number is empty, and "nan" and "inf" are values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.analysis.comparison import Between
from bench.analysis.history import HistoryRow
from bench.analysis.run import Raw, read
from bench.report.markdown import agreement, comparison, history, run
from bench.store import layout
from bench.store.csv_table import csv
from bench.store.run_folder import write_text
from bench.store.tables import Agreement, Change, Scaling, Timing


def write_reports(folder: Path) -> Raw:
    """Rebuild every table and report of this run from its raw rows, and return those rows."""
    raw = read(folder)
    write_text(folder / layout.AGREEMENT_CSV, csv(Agreement, raw.agreements))
    if not raw.timed:
        write_text(folder / layout.REPORT_MD, agreement.report(raw))
        return raw
    # matplotlib and jinja2 take a second to import, which only a report needs
    from bench.report import html, svg  # noqa: PLC0415

    rows = raw.timings
    write_text(folder / layout.TIMINGS_CSV, csv(Timing, rows))
    if raw.scalings:
        write_text(folder / layout.SWEEP_CSV, csv(Scaling, raw.scalings))
    write_text(folder / layout.REPORT_MD, run.report(raw, rows))
    write_text(folder / layout.REPORT_HTML, html.render(raw, rows))
    pictures = folder / layout.PICTURES
    pictures.mkdir(exist_ok=True)
    for name, text in svg.draw(raw, rows).items():
        write_text(pictures / name, text)
    return raw


def write_comparison(folder: Path, found: Between, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Write comparison.md and comparison.csv into a new folder; `old` and `new` are the environments of the runs."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / layout.COMPARISON_MD, comparison.report(found, old, new))
    write_text(folder / layout.COMPARISON_CSV, csv(Change, found.changes))


def write_history(folder: Path, entries: Sequence[HistoryRow]) -> None:
    """Write history.md, history.csv and, if anything was compared, history.svg into a new folder."""
    from bench.report import svg  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    picture = svg.draw_history(entries)
    if picture is not None:
        write_text(folder / layout.HISTORY_SVG, picture)
    write_text(folder / layout.HISTORY_MD, history.report(entries, picture=layout.HISTORY_SVG if picture else ""))
    write_text(folder / layout.HISTORY_CSV, csv(HistoryRow, entries))
