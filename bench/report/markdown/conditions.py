"""The sections of report.md on the conditions of the run and on how to cite it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.analysis.run import Raw
from bench.plan.controls import NULL
from bench.report.markdown.syntax import bullets, code, table, text
from bench.report.views import provenance, self_comparison, spent, truncate
from bench.report.views.names import Names
from bench.store.layout import ENVIRONMENT
from bench.store.raw_rows import Rounds
from bench.store.tables import Timing


def conditions(raw: Raw, rows: Sequence[Timing], named: Names) -> str:
    """Return warnings, timing quality, machine, data, and what the workers read back."""
    advice = [f"- **{text(line)}**" for line in raw.environment.get("advice", [])]
    parts = (
        "\n".join([*advice, bullets([*self_comparison.lines(raw, named), *self_comparison.machine(raw)])]),
        _means(raw),
        _spent(raw),
        f"The machine at the start of the run:\n\n{table(('machine', ''), provenance.machine(raw))}",
        _data(raw.environment["datasets"]),
        _read_back(raw.counted, [row.cell.implementation for row in rows]),
    )
    return "\n\n".join(part for part in parts if part)


def _means(raw: Raw) -> str:
    rows = [self_comparison.mean_row(mean) for mean in raw.means]
    if not rows:
        return ""
    headers = self_comparison.MEAN_HEADERS
    return f"{self_comparison.MEANS}\n\n{table(headers, rows, right=headers[1:6])}"


def _spent(raw: Raw) -> str:
    cells = spent.rows(raw.spent)
    return (
        f"Where the time of this run went:\n\n{table(spent.HEADERS, cells, right=spent.HEADERS[1:])}" if cells else ""
    )


def _data(datasets: Sequence[Mapping[str, Any]]) -> str:
    shown, more = truncate.cut(datasets, "dataset", ENVIRONMENT)
    return f"The data:\n\n{table(provenance.SOURCES, map(provenance.source, shown))}\n\n{more}".rstrip()


def _read_back(rounds: Iterable[Rounds], order: Iterable[str]) -> str:
    """Return what was read back inside the workers, and by which implementations, in this order."""
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
    introduction = "Settings found inside the workers (null is an empty implementation, which measures the fixed cost):"
    return f"{introduction}\n\n{table(('condition', 'found', 'by'), cells)}"


def citation(raw: Raw) -> str:
    """Return the lines to cite this run, and where to find the citation of the software."""
    lines = ";\n".join(provenance.cited(raw))
    return f"{code(lines)}\n\nTo cite the software, see CITATION.cff."
