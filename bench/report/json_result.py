"""The result of a command as one JSON object, for --json: it returns dictionaries and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.analysis.run import Raw
from bench.report.views import ranking
from bench.store.jsonl import to_mapping
from bench.store.raw_rows import Verdict
from bench.store.tables import Timing


def of_run(
    raw: Raw, verdicts: Sequence[Verdict], rows: Sequence[Timing], files: Sequence[Path], exit_code: int
) -> dict[str, Any]:
    """Return what a run found; `rows` are those of timings.csv, none where nothing was to be timed.

    NaN and infinities, which JSON does not have, are the strings "nan", "inf" and "-inf".
    """
    return {
        "schema": raw.environment["schema"],
        "run": raw.environment["run"],
        "command": raw.environment["command"],
        "exit_code": exit_code,
        "files": [str(path) for path in files],
        "rankings": ranking.rankings(rows, quick=raw.quick),
        "agreement": [to_mapping(verdict) for verdict in verdicts],
        "timings": [to_mapping(row) for row in rows],
    }
