"""Terminal output of `compare` and `history`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from bench.analysis.comparison import Between
from bench.analysis.history import HistoryRow, by_cell
from bench.report.terminal.console import Screen
from bench.report.terminal.results import STYLES, table
from bench.report.views import comparison, history, notation
from bench.store.cell import Cell
from bench.store.tables import Change, Comparison

_CHANGES = {Comparison.SLOWER: "red", Comparison.FASTER: "green", Comparison.AMBIGUOUS: "yellow"}


def changes(screen: Screen, found: Between, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Print what changed between two runs: remarks, sentences, and one table per model."""
    out = screen.details
    for name, environment in (("old", old), ("new", new)):
        commit = (environment["machine"].get("commit") or "no commit")[:12]
        out.print(f"{name}  {environment['run']}  {notation.moment(environment['started'])}  {commit}", soft_wrap=True)
    for remark in comparison.remarks(found):
        screen.verdicts.print(remark, style="yellow")
    out.print()
    for line in comparison.verdicts(found):
        screen.verdicts.print(line)
    called = comparison.named(found)
    for model, contests in comparison.by_model(found).items():
        out.print()
        out.print(model, style="bold")
        shown = table(*comparison.HEADERS, numbers=comparison.HEADERS[1:5])
        for one, group in contests.items():
            shown.add_row(Text(called.contest(one), "bold"))
            for change in group:
                name, *numbers, verdict = comparison.cells(change)
                shown.add_row(f" {name}", *numbers, Text(verdict, _CHANGES.get(change.comparison, "")))
        out.print(shown)
    out.print(comparison.how(found))


def histories(screen: Screen, entries: Sequence[HistoryRow]) -> None:
    """Print one table per cell, with a row per run."""
    called = history.named(entries)
    for group in by_cell(entries):
        screen.details.print(history.title(group, called), style="bold")
        shown = table(*history.HEADERS, numbers=history.NUMBERS)
        for entry in group:
            *others, verdict = history.cells(entry)
            shown.add_row(*others, Text(verdict, STYLES.get(entry.timing.comparison or entry.timing.status, "red")))
        screen.details.print(shown)
    screen.details.print(history.HOW)


def threshold(screen: Screen, share: str, found: Between, failed: Sequence[Change], missing: Sequence[Cell]) -> None:
    """Print which cells are slower than allowed, no longer have a time, or are missing."""
    called = comparison.named(found)
    said = [", ".join(called.cell(change.cell) for change in failed)] if failed else []
    said += (
        [f"timed in the old run and missing from the new one: {comparison.some_cells(missing, called)}"]
        if missing
        else []
    )
    screen.verdicts.print(f"--fail-slower {share}: {'; '.join(said) or 'no cell'}", style="red" if said else "green")
