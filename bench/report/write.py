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

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from bench.analysis.comparison import Between
from bench.analysis.history import Entry
from bench.analysis.run import Raw, read
from bench.report.fork import beside
from bench.report.markdown import agreement, comparison, history, run
from bench.report.views import truncate
from bench.store.csv_table import csv
from bench.store.run_folder import uncollected, write_text
from bench.store.tables import Agreement, Change, Scaling, Timing

HISTORY_PICTURE = "history.svg"


def write_reports(folder: Path) -> Raw:
    """Rebuild every table and report of this run from its raw rows, and return those rows."""
    with uncollected():
        return _write_reports(folder)


def _write_reports(folder: Path) -> Raw:
    raw = read(folder)
    write_text(folder / "agreement.csv", csv(Agreement, raw.agreements))
    if not raw.timed:
        write_text(folder / "report.md", agreement.report(raw))
        return raw
    rows = raw.timings
    with _drawing(raw, rows) as pictures:
        write_text(folder / "timings.csv", csv(Timing, rows))
        if raw.scalings:
            write_text(folder / "sweep.csv", csv(Scaling, raw.scalings))
        write_text(folder / "report.md", run.report(raw, rows))
        _write_page(folder, raw, rows)
        _write_pictures(folder / "pictures", pictures())
    return raw


def _drawing(raw: Raw, rows: Sequence[Timing]) -> AbstractContextManager[Callable[[], dict[str, str]]]:
    """Draw the pictures on request, or in parallel if there is much else to do."""

    def draw() -> dict[str, str]:
        from bench.report import svg  # noqa: PLC0415 - matplotlib takes a second to import

        return svg.draw(raw, rows)

    raw.scalings  # noqa: B018 - cached for both processes
    return beside(draw) if sys.platform == "linux" and len(rows) > truncate.MOST_ROWS else nullcontext(draw)


def _write_page(folder: Path, raw: Raw, rows: Sequence[Timing]) -> None:
    from bench.report import html  # noqa: PLC0415 - jinja2 takes time to import too

    write_text(folder / "report.html", html.render(raw, rows))


def _write_pictures(folder: Path, pictures: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in pictures.items():
        write_text(folder / name, text)


def write_comparison(folder: Path, found: Between, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Write comparison.md and comparison.csv into a new folder; `old` and `new` are the environments of the runs."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "comparison.md", comparison.report(found, old, new))
    write_text(folder / "comparison.csv", csv(Change, found.changes))


def write_history(folder: Path, entries: Sequence[Entry]) -> None:
    """Write history.md, history.csv and, if anything was compared, history.svg into a new folder."""
    from bench.report import svg  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    picture = svg.draw_history(entries)
    if picture is not None:
        write_text(folder / HISTORY_PICTURE, picture)
    write_text(folder / "history.md", history.report(entries, picture=HISTORY_PICTURE if picture else ""))
    write_text(folder / "history.csv", csv(Entry, entries))
