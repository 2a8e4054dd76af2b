"""A run with every status and comparison that a reader can meet, and functions to find parts of its reports."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.analysis.run import Raw
from bench.plan.controls import NULL
from bench.report.views import palette
from bench.store import layout, run_folder
from bench.store.cell import Cell, Problem, Runner, Status
from bench.store.raw_rows import Block, Costs, Failure, Rates, Rounds, Verdict, Witnessed
from bench.store.tables import Agreement, Timing
from datasets.dataset import Model

BLOCKS = 8
DIGITS = Problem("digits", Model.SOFTMAX, 1797, 64, 10, "float32", 0.1, None, False, False, 0)
BATCHES = replace(DIGITS, batch_size=64, shuffle=True)
HOURS = Problem("study_hours", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
MINE = "my, own/a|b.py:Mine"

# Relative seconds per epoch of each block: noise that all processes of a block share cancels in the ratios.
LOAD = (1.00, 1.02, 0.99, 1.30, 1.01, 1.00, 1.03, 0.98)
JITTER = (0.995, 1.004, 1.001, 0.998, 1.006, 0.992, 1.003, 0.999)
# Of the rounds of a process, by its time on a quiet processor: the mean of the quieter half is 1.
AROUND = (0.95, 1.0, 1.05, 1.1, 1.5, 1.5) * 2
AFTER = (5e-4, 5e-4, 5e-4, 8e-4, 8e-4, 8e-4) * 2
SCATTER = (0.90, 1.12, 1.05, 0.93, 1.10, 0.95, 1.08, 0.97)

ENVIRONMENT = {
    "schema": layout.SCHEMA,
    "run": "20260102-030405-abc123",
    "started": "2026-01-02T03:04:05+00:00",
    "command": "python -m bench run -i numpy_manual -i 'my, own/a|b.py:Mine'",
    "options": {"quick": False, "blocks": BLOCKS, "threads": 1},
    "datasets": [
        {"name": "digits", "dtype": "float32", "source": "scikit-learn", "licence": "BSD | CC", "labels": ["<0>", "1"]}
    ],
    "machine": {"processor": "Made-up 3000", "libraries": {"numpy": "2.4.6", "jax": None}, "allowed": [0, 1]},
    "timed": True,
}

# How fast the machine was, for study_hours and for digits.
RATES = Rates(1, "float32", 1, {"65536": 4e10, "460032": 3e10}, 1e11, 2e9)


def rounds(cell: Cell, seconds: float, noise: tuple[float, ...], name: str = "") -> list[Rounds]:
    """Return one process per block; a round of its calm half takes two epochs of `seconds` with noise."""
    made = []
    for block, (load, own) in enumerate(zip(LOAD, noise, strict=True), start=1):
        round_seconds = tuple(2 * seconds * load * own * around for around in AROUND)
        costs = Costs(
            import_seconds=1.5,
            data_seconds=3e-4,
            compile_seconds=10 * seconds,
            peak_memory_bytes=200 * 2**20,
            device_epoch_seconds=None if cell.device == "cpu" else 0.75 * seconds,
        )
        made.append(
            Rounds(
                cell,
                name or cell.implementation,
                block,
                2,
                3,
                20 * seconds,
                round_seconds,
                costs,
                witnessed=Witnessed(0, (5e-4,) * len(AROUND), AFTER),
            )
        )
    return made


def cell(name: str, problem: Problem, device: str = "cpu") -> Cell:
    return Cell(name, problem, device, 1)


def agreed(name: str, problem: Problem, device: str = "cpu", share: float = 0.04) -> Verdict:
    accuracy = 0.9 if problem.model.classifies else None
    return Verdict(cell(name, problem, device), Status.OK, "", share, 0.25, accuracy)


def agreement(name: str, quantity: str, share: float, status: Status = Status.OK) -> Agreement:
    return Agreement(
        implementation=name,
        against="reference",
        model=Model.SOFTMAX,
        dataset="digits",
        dtype="float32",
        device="cpu",
        batch_size=None,
        quantity=quantity,
        index="b",
        value=1.5,
        expected=1.25,
        error=0.25,
        budget=0.25 / share,
        share=share,
        status=status,
    )


def made_up() -> Raw:
    """Return a run with every status and comparison that a reader can meet."""
    missing = Verdict(cell("jax_grad", BATCHES), Status.NOT_RUN, "needs jax")
    wrong = Verdict(cell(MINE, HOURS), Status.MISMATCH, "gradient b: [0] 2 against <1>, | 4e+06 budgets", math.inf)
    verdicts = [
        agreed("numpy_manual", HOURS),
        wrong,
        agreed("numpy_manual", DIGITS),
        agreed("torch_autograd", DIGITS),
        agreed("torch_nn", DIGITS),
        agreed("jax_grad", DIGITS, share=0.41),
        agreed("torch_nn", DIGITS, device="cuda:0"),
        agreed("numpy_manual", BATCHES),
        agreed("torch_nn", BATCHES),
        missing,
        Verdict(cell("jax_grad", DIGITS, "tpu:0"), Status.NO_DEVICE, "JAX finds no tpu"),
    ]
    timed = [
        *rounds(cell("numpy_manual", HOURS), 8e-6, JITTER),
        *rounds(cell(MINE, HOURS), 1e-9, JITTER),
        *rounds(cell("numpy_manual", DIGITS), 2e-3, (1.0,) * BLOCKS),
        *rounds(cell("numpy_manual", DIGITS), 2e-3, JITTER, name="numpy_manual@aa"),
        *rounds(cell("torch_autograd", DIGITS), 2e-3, SCATTER),
        *rounds(cell("torch_nn", DIGITS), 2.6e-3, JITTER),
        *rounds(cell("jax_grad", DIGITS), 1.2e-3, JITTER),
        *rounds(cell("torch_nn", DIGITS, "cuda:0"), 2.01e-3, JITTER),
        *rounds(cell("numpy_manual", BATCHES), 4e-3, JITTER),
        *rounds(cell("numpy_manual", BATCHES), 4e-3, SCATTER, name="numpy_manual@aa"),
        *rounds(cell("torch_nn", BATCHES), 9e-3, JITTER)[:3],
        *rounds(cell(NULL, HOURS), 50e-9, JITTER),
    ]
    failures = [Failure(cell("torch_nn", BATCHES), 4, Status.CRASHED, "ended by SIGSEGV")]
    agreements = [
        agreement("numpy_manual", "loss", 0.04),
        agreement("jax_grad", "loss", 0.41),
        agreement("jax_grad", "loss", 0.2),
        agreement("numpy_manual", "parameters", 0.001),
        agreement(MINE, "parameters", math.nan, Status.MISMATCH),
    ]
    blocks = [Block(number, extra=False, waited_seconds=0.0, seconds=9.0) for number in range(1, BLOCKS + 1)]
    blocks[2] = replace(blocks[2], waited_seconds=12.0)
    return Raw(ENVIRONMENT, verdicts, agreements, timed, failures, blocks, [RATES])


def find(rows: list[Timing], name: str, problem: Problem, device: str = "cpu") -> Timing:
    (row,) = [row for row in rows if row.cell == cell(name, problem, device)]
    return row


def part(text: str, heading: str) -> str:
    """Return the section of report.md below this heading."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def laid_down(folder: Path, raw: Raw) -> None:
    (folder / "raw").mkdir(parents=True)
    run_folder.write_environment(folder, raw.environment)
    run_folder.write_records(folder / layout.VERDICTS, raw.verdicts)
    run_folder.write_records(folder / layout.AGREEMENT, raw.agreements)
    run_folder.write_records(folder / "raw" / "rounds.jsonl", raw.rounds)
    run_folder.write_records(folder / "raw" / "failures.jsonl", raw.failures)
    run_folder.write_records(folder / "raw" / "blocks.jsonl", raw.blocks)
    run_folder.write_records(folder / "raw" / "rates.jsonl", raw.rates)


def softmax() -> list[Timing]:
    return [row for row in made_up().timings if row.cell.problem.model is Model.SOFTMAX]


def marks(rows: list[Timing]) -> dict[Runner, palette.Mark]:
    return palette.marks(row.cell.runner for row in rows)


def on(row: Timing, **settings: Any) -> Timing:
    """Return the same numbers for a problem with other settings."""
    return replace(row, cell=replace(row.cell, problem=replace(row.cell.problem, **settings)))
