"""history.md: each cell over several runs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.history import HistoryRow, by_cell
from bench.report.markdown.syntax import table, text
from bench.report.views.history import HEADERS, HOW, NUMBERS, cells, named, title


def report(entries: Sequence[HistoryRow], picture: str) -> str:
    """Return history.md, with a link to the picture if its file name is given."""
    parts = ["# Four Ways: history", HOW]
    parts += [f"![The ratio of each cell, run by run]({picture})"] if picture else []
    called = named(entries)
    for group in by_cell(entries):
        parts += [f"## {text(title(group, called))}", table(HEADERS, map(cells, group), right=NUMBERS)]
    return "\n\n".join(parts) + "\n"
