"""Judge the evidence of all processes; a time that cannot be true becomes a failure of its cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.analysis import roofline
from bench.analysis.pairing import by_cell
from bench.audit import replay, rules
from bench.audit.replay import Expected
from bench.gate.reference import Scaled
from bench.store import checkpoint
from bench.store.cell import Problem
from bench.store.jsonl import append_line
from bench.store.layout import FAILURES
from bench.store.raw_rows import Failure, Rounds
from datasets.dataset import Dataset

_Data = Mapping[tuple[str, str], Dataset]


def judge(raw: Path, data: _Data) -> None:
    """Append a failure in `raw` for every cell whose processes show that its times cannot be true.

    data   the datasets by (name, dtype)
    """
    done = checkpoint.read(raw)
    failed = {failure.cell for failure in done.failures}
    own, twins = by_cell(done.rounds)
    expected = expectations(done.rounds, data)
    for cell in {**own, **twins}:
        if cell not in failed:
            rounds = [*own.get(cell, ()), *twins.get(cell, ())]
            dataset = data[cell.problem.dataset, cell.problem.dtype]
            least = roofline.seconds(cell, done.rates)
            processes = []
            for one in rounds:
                others = (replay.wrong_after_timing(one, dataset, expected), rules.below_limit(one, least))
                processes.append([*rules.findings(one), *filter(None, others)])
            found = rules.declared(processes)
            if found is not None:
                append_line(raw / FAILURES, Failure(cell, None, found.status, found.detail))


def expectations(rounds: Iterable[Rounds], data: _Data) -> Expected:
    """Return the results that checked rounds must have; the reference trains once per start, for all round lengths."""
    epochs: dict[tuple[Problem, tuple[int, ...]], set[int]] = {}
    for one in rounds:
        for checked in one.evidence.checked:
            epochs.setdefault((one.cell.problem, checked.seed), set()).add(one.epochs_per_round)
    known: dict[tuple[Problem, tuple[int, ...]], dict[int, Scaled]] = {}

    def expected(problem: Problem, seed: tuple[int, ...], number: int) -> Scaled:
        if (problem, seed) not in known:
            wanted, dataset = sorted(epochs[problem, seed]), data[problem.dataset, problem.dtype]
            known[problem, seed] = dict(zip(wanted, replay.after(problem, dataset, seed, wanted), strict=True))
        return known[problem, seed][number]

    return expected
