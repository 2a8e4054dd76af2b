"""Which cells' times are lies, by the evidence of all their processes: each becomes a failure of its cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.analysis import roofline
from bench.analysis.pairing import by_cell
from bench.audit import rules
from bench.audit.rules import Expect
from bench.gate.reference import Scaled
from bench.store import checkpoint
from bench.store.cell import Problem
from bench.store.jsonl import append_line
from bench.store.raw_rows import Failure, Rounds
from datasets.dataset import Dataset

_Data = Mapping[tuple[str, str], Dataset]


def judge(raw: Path, data: _Data) -> None:
    """Append a failure to those in `raw` for every cell that three of its processes accuse of the same.

    data   the datasets by (name, dtype)
    """
    done = checkpoint.read(raw)
    failed = {failure.cell for failure in done.failures}
    own, twins = by_cell(done.rounds)
    expect = expectations(done.rounds, data)
    for cell in {**own, **twins}:
        if cell not in failed:
            rounds = [*own.get(cell, ()), *twins.get(cell, ())]
            dataset = data[cell.problem.dataset, cell.problem.dtype]
            least = roofline.seconds(cell, done.rates)
            processes = []
            for one in rounds:
                others = (rules.wrong_after_timing(one, dataset, expect), rules.below_limit(one, least))
                processes.append([*rules.findings(one), *filter(None, others)])
            found = rules.declared(processes)
            if found is not None:
                append_line(raw / "failures.jsonl", Failure(cell, None, found.status, found.detail))


def expectations(rounds: Iterable[Rounds], data: _Data) -> Expect:
    """Return what tells where a checked round must end: all numbers of epochs of a start are trained for at once."""
    epochs: dict[tuple[Problem, tuple[int, ...]], set[int]] = {}
    for one in rounds:
        for checked in one.evidence.checked:
            epochs.setdefault((one.cell.problem, checked.seed), set()).add(one.epochs_per_round)
    known: dict[tuple[Problem, tuple[int, ...]], dict[int, Scaled]] = {}

    def expect(problem: Problem, seed: tuple[int, ...], number: int) -> Scaled:
        if (problem, seed) not in known:
            wanted, dataset = sorted(epochs[problem, seed]), data[problem.dataset, problem.dtype]
            known[problem, seed] = dict(zip(wanted, rules.after(problem, dataset, seed, wanted), strict=True))
        return known[problem, seed][number]

    return expect
