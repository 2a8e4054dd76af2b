"""Artificial runs: raw rows of any size with given times, for tests of reports and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis.run import Raw
from bench.plan.controls import TWIN
from bench.store import layout, run_folder
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Block, Costs, Rounds, Verdict, Witnessed
from bench.store.tables import Agreement
from datasets.dataset import Model
from impls import BASELINE

MACHINE = {"processor": "Made-up 3000", "libraries": {"numpy": "2.4.6"}, "commit": "0" * 40}
ENVIRONMENT: dict[str, Any] = {
    "schema": layout.SCHEMA,
    "run": "20260102-030405-abc123",
    "started": "2026-01-02T03:04:05+00:00",
    "command": "python -m bench run",
    "options": {"quick": False, "blocks": 14, "max_blocks": 14, "threads": 1},
    "datasets": [],
    "machine": MACHINE,
    "identity": {"processor": "Made-up 3000", "python": "3.11", "libraries": {"numpy": "2.4.6"}, "data": {}},
    "timed": True,
}


def problem(number: int) -> Problem:
    return Problem(f"data {number}", Model.SOFTMAX, 1797, 64, 10, "float32", 0.1, None, False, False, 0)


def made_run(
    names: Sequence[str],
    problems: Sequence[Problem],
    seconds: Callable[[str, Problem], float],
    *,
    blocks: int = 14,
    noise: float = 0.005,
    load: float = 0.1,
    rounds: int = 20,
    seed: int = 0,
    environment: Mapping[str, Any] | None = None,
) -> Raw:
    """Return a run in which an epoch takes `seconds`, multiplied by a random load and random noise.

    load    relative standard deviation of the factor that all processes of a block share
    noise   relative standard deviation of the factors of each process and each round
    """
    generator = np.random.default_rng(seed)
    cells = [Cell(name, one, "cpu", 1) for one in problems for name in names]
    shared = np.abs(1 + generator.normal(0, load, blocks)).tolist()
    timed = [
        _process(cell, name, block, seconds(cell.implementation, cell.problem) * factor, noise, rounds, generator)
        for block, factor in enumerate(shared, start=1)
        for cell in cells
        for name in [cell.implementation, *([cell.implementation + TWIN] if cell.implementation == BASELINE else [])]
    ]
    return Raw(
        environment={**ENVIRONMENT, **(environment or {})},
        verdicts=[Verdict(cell, Status.OK, "", 0.04, 0.25, 0.9) for cell in cells],
        agreements=[_agreement(cell) for cell in cells],
        rounds=timed,
        failures=[],
        blocks=[Block(number, extra=False, waited_seconds=0.0, seconds=9.0) for number in range(1, blocks + 1)],
    )


def _process(
    cell: Cell, name: str, block: int, seconds: float, noise: float, rounds: int, generator: np.random.Generator
) -> Rounds:
    middle = 2 * seconds * abs(1 + generator.normal(0, noise))
    times = tuple((middle * np.abs(1 + generator.normal(0, noise, rounds))).round(9).tolist())
    costs = Costs(import_seconds=1.5, data_seconds=3e-4, compile_seconds=None, peak_memory_bytes=200 * 2**20)
    return Rounds(cell, name, block, 2, 3, 20 * seconds, times, costs, witnessed=calm(rounds))


def calm(rounds: int) -> Witnessed:
    """Return what is seen of this number of rounds on a machine that nothing else uses."""
    return Witnessed(0, (5e-4,) * rounds, (5e-4,) * rounds)


def _agreement(cell: Cell) -> Agreement:
    problem = cell.problem
    place = (cell.implementation, "reference", problem.model, problem.dataset, problem.dtype, cell.device, None)
    return Agreement(*place, "loss", "", 1.0, 1.0, 1e-9, 1e-6, 1e-3, Status.OK)


def lay_down(folder: Path, raw: Raw) -> Path:
    """Write a run's raw rows as the run itself would, and return its folder."""
    (folder / "raw").mkdir(parents=True)
    run_folder.write_environment(folder, raw.environment)
    run_folder.write_records(folder / layout.VERDICTS, raw.verdicts)
    run_folder.write_records(folder / layout.AGREEMENT, raw.agreements)
    run_folder.write_records(folder / "raw" / "rounds.jsonl", raw.rounds)
    run_folder.write_records(folder / "raw" / "failures.jsonl", raw.failures)
    run_folder.write_records(folder / "raw" / "blocks.jsonl", raw.blocks)
    return folder
