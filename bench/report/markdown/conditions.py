"""The sections of report.md on the conditions of the run and on how to cite it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from bench.analysis import blocks
from bench.analysis.run import Raw
from bench.plan.controls import NULL
from bench.report.markdown.syntax import bullets, code, table, text
from bench.report.views import notation, provenance, self_comparison, truncate
from bench.report.views.names import Names
from bench.store.layout import ENVIRONMENT
from bench.store.raw_rows import Rounds
from bench.store.tables import Timing

_TELLING_SECONDS = 0.1


def conditions(raw: Raw, rows: Sequence[Timing], named: Names) -> str:
    """Return warnings, timing quality, machine, data, and what the workers read back."""
    advice = [f"- **{text(line)}**" for line in raw.environment.get("advice", [])]
    parts = (
        "\n".join([*advice, bullets([*self_comparison.lines(raw, named), *_noise(raw.counted), *_drift(rows, named)])]),
        _means(raw),
        f"The machine at the start of the run:\n\n{table(('machine', ''), provenance.machine(raw))}",
        _data(raw.environment["datasets"]),
        _read_back(raw.counted, [row.cell.implementation for row in rows]),
    )
    return "\n\n".join(part for part in parts if part)


def _noise(rounds: Iterable[Rounds]) -> list[str]:
    """Return what the counters say about other processes, without looking at the times.

    Windows shorter than ten ticks of the system's clock are left out, since its resolution is too low for them.
    """
    seen = [one.disturbance for one in rounds if (one.disturbance.wall_seconds or 0.0) >= _TELLING_SECONDS]
    busy = [one.others_busy for one in seen if one.others_busy is not None]
    waits = [(blocks.pressure_of_others(one), one.wall_seconds) for one in seen]
    pressure = [waited / wall for waited, wall in waits if waited is not None and wall]
    said = (
        ("other processes used", "of the processors' time", busy),
        ("other processes waited for a processor in", "of the time", pressure),
    )
    return [
        f"While rounds were timed, {what} {100 * median(found):.1f} % {of} (median; at most {100 * max(found):.0f} %)."
        for what, of, found in said
        if found
    ]


def _drift(rows: Sequence[Timing], named: Names) -> list[str]:
    drifting = [row for row in rows if row.drifting_processes]
    if not drifting:
        return []
    worst = max(drifting, key=lambda row: row.drifting_processes)
    return [
        f"Drift: in {notation.number(len(drifting), 'cell')} some processes sped up or slowed down by more than 5 % "
        f"while timed; worst: {named.cell(worst.cell)} ({worst.drifting_processes} of {worst.blocks} processes)."
    ]


def _means(raw: Raw) -> str:
    rows = [self_comparison.mean_row(mean) for mean in raw.means]
    if not rows:
        return ""
    headers = self_comparison.MEAN_HEADERS
    return f"{self_comparison.MEANS}\n\n{table(headers, rows, right=headers[1:6])}"


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
    introduction = "Read back inside the workers (null is the epoch that does nothing):"
    return f"{introduction}\n\n{table(('condition', 'found', 'by'), cells)}"


def citation(raw: Raw) -> str:
    """Return the lines to cite this run, and where to find the citation of the software."""
    lines = ";\n".join(provenance.cited(raw))
    return f"{code(lines)}\n\nTo cite the software, see CITATION.cff."
