from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.report.terminal import results
from bench.report.terminal.console import Screen
from bench.report.views import names, ranking, truncate
from tests.support.golden_files import golden
from tests.support.made_up import made_up


def test_the_terminal_reads_as_agreed_and_fits_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False, color_system=None)
    screen = Screen(console, console, console, verbose=True)
    raw = made_up()
    with console.capture() as tables:
        results.results(screen, raw, raw.timings)
    assert max(len(line.rstrip()) for line in tables.get().splitlines()) <= 80
    with console.capture() as seen:
        results.agreement(screen, raw.final, raw.agreements, brief=True)
        results.results(screen, raw, raw.timings)
        results.closing(
            screen, [Path("out/report.md")], Path("out"), "python -m bench run -m softmax --out out", compared=True
        )
    golden("terminal.txt", "\n".join(line.rstrip() for line in seen.get().splitlines()) + "\n")


def test_of_very_many_cells_the_terminal_ranks_what_report_md_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False, color_system=None)
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 8)
    with console.capture() as seen:
        results.results(Screen(console, console, console, verbose=True), raw, rows)
    text = " ".join(seen.get().split())
    named = names.of_rows(rows)
    shown = ranking.sentences([row for _, row in truncate.shown(rows)], named, quick=False)
    every = ranking.sentences(rows, named, quick=False)
    assert len(shown) == len(every) - 1
    assert [sentence for sentence in every if sentence in text] == shown
    assert text.count("1 more problem: timings.csv.") == 1
