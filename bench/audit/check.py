"""Judge the evidence of all processes; a time that cannot be true becomes a failure of its cell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.analysis import roofline
from bench.analysis.pairing import by_cell
from bench.audit import replay, rules
from bench.store import checkpoint
from bench.store.jsonl import append_line
from bench.store.layout import FAILURES
from bench.store.raw_rows import Failure
from datasets.dataset import Dataset


def judge(raw: Path, data: Mapping[tuple[str, str], Dataset]) -> None:
    """Append a failure to those in `raw` for every cell that three of its processes accuse of the same thing.

    data   the datasets by (name, dtype)
    """
    done = checkpoint.read(raw)
    failed = {failure.cell for failure in done.failures}
    own, twins = by_cell(done.rounds)
    for cell in {**own, **twins}:
        if cell not in failed:
            rounds = [*own.get(cell, ()), *twins.get(cell, ())]
            dataset = data[cell.problem.dataset, cell.problem.dtype]
            least = roofline.seconds(cell, done.rates)
            processes = []
            for one in rounds:
                others = (replay.wrong_after_timing(one, dataset), rules.below_limit(one, least))
                processes.append([*rules.findings(one), *filter(None, others)])
            found = rules.declared(processes)
            if found is not None:
                append_line(raw / FAILURES, Failure(cell, None, found.status, found.detail))
