"""Print sources side by side in a terminal, as many as fit, or one below the other."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

from bench.report.views.excerpts import Excerpt

_EDGES = 4  # of a panel


def show(out: Console, excerpts: Sequence[Excerpt]) -> None:
    """Print the excerpts in as many columns as the terminal has room for, or as plain text without a terminal."""
    if not out.is_terminal:
        out.print("\n\n\n".join(_plain(one) for one in excerpts), soft_wrap=True)
        return
    needed = max(len(line) for one in excerpts for line in f"{one.model}\n{one.loop}".splitlines()) + _EDGES
    columns = max(1, min(len(excerpts), out.width // needed))
    grid = Table.grid(expand=True)
    for _ in range(columns):
        grid.add_column(ratio=1)
    for first in range(0, len(excerpts), columns):
        grid.add_row(*(_panel(one) for one in excerpts[first : first + columns]))
    out.print(grid)


def _panel(one: Excerpt) -> Panel:
    code = [Syntax(text, "python", theme="ansi_dark", word_wrap=True) for text in (one.model, one.loop) if text]
    return Panel(Group(*code), title=one.name, subtitle=f"{one.path.name}:{one.line}", title_align="left")


def _plain(one: Excerpt) -> str:
    return "\n\n".join([f"# {one.name}, {one.path.name}:{one.line}", one.model, one.loop]).rstrip()
