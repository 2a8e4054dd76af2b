"""The part of report.md that says under which conditions its numbers were taken, and how to name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.analysis.run import Raw
from bench.plan.controls import NULL
from bench.report.markdown.syntax import bullets, code, table, text
from bench.report.views import self_comparison, spent, truncate
from bench.report.views.provenance import cited, machine
from bench.store.raw_rows import Rounds
from bench.store.tables import Timing


def conditions(raw: Raw, rows: Sequence[Timing]) -> str:
    """Return the warnings, the clock's own findings, the machine, the data, and what the workers read back."""
    advice = [f"- **{text(line)}**" for line in raw.environment.get("advice", [])]
    parts = (
        "\n".join([*advice, bullets([*self_comparison.lines(raw), *self_comparison.machine(raw)])]),
        _means(raw),
        _spent(raw),
        f"The machine as the run began:\n\n{table(('machine', ''), machine(raw))}",
        _data(raw.environment["datasets"]),
        _read_back(raw.counted, [row.implementation for row in rows]),
    )
    return "\n\n".join(part for part in parts if part)


def _means(raw: Raw) -> str:
    rows = [self_comparison.mean_row(mean) for mean in raw.means]
    if not rows:
        return ""
    introduction = (
        "Geometric means of the ratios over all cells of an implementation, one value a block; the last row is the "
        "baseline against itself, which is known to be 1."
    )
    return f"{introduction}\n\n{table(self_comparison.MEAN_HEADERS, rows, right=self_comparison.MEAN_HEADERS[1:6])}"


def _spent(raw: Raw) -> str:
    cells = spent.rows(raw.spent)
    return (
        f"Where the time of this run went:\n\n{table(spent.HEADERS, cells, right=spent.HEADERS[1:])}" if cells else ""
    )


def _data(datasets: Sequence[Mapping[str, Any]]) -> str:
    shown, more = truncate.cut(datasets, "dataset", "environment.json")
    cells = [[one["name"], one["dtype"], one["source"], one["licence"], ", ".join(one["labels"])] for one in shown]
    headers = ["dataset", "dtype", "source", "licence", "labels 0, 1, ..."]
    return f"The data:\n\n{table(headers, cells)}\n\n{more}".rstrip()


def _read_back(rounds: Iterable[Rounds], order: Iterable[str]) -> str:
    """Return what the workers found inside themselves, and who found it: implementations in this order, then null."""
    found: dict[tuple[str, str], set[str]] = {}
    # One environment is shared by many processes.
    environments = {(one.cell.implementation, id(one.environment)): one.environment for one in rounds}
    for (implementation, _), environment in environments.items():
        for name, value in environment.versions.items():
            found.setdefault((f"version of {name}", value), set()).add(implementation)
        for name, value in environment.found.items():
            found.setdefault((name, value), set()).add(implementation)
    if not found:
        return ""
    place = {name: number for number, name in enumerate(dict.fromkeys([*order, NULL]))}
    cells = [
        (*what, ", ".join(sorted(by, key=lambda name: (place.get(name, len(place)), name))))
        for what, by in sorted(found.items())
    ]
    introduction = "Read back inside the workers; null is the epoch that does nothing:"
    return f"{introduction}\n\n{table(('condition', 'found', 'by'), cells)}"


def citation(raw: Raw) -> str:
    """Return what names this result, and where the program is named."""
    lines = ";\n".join(cited(raw))
    return f"{code(lines)}\n\nCITATION.cff names the program."
