"""Compare the checked round of a process with the reference, trained for the same epochs from the same start."""

from __future__ import annotations

import base64
from functools import lru_cache

import numpy as np

from bench.audit.rules import Finding
from bench.gate import expect, judge, reference, training
from bench.gate.reference import Scaled
from bench.plan import controls, starts
from bench.store.cell import Problem, Status
from bench.store.raw_rows import Rounds
from datasets.dataset import Dataset
from impls.protocol import Params, parameter_shapes


def wrong_after_timing(rounds: Rounds, dataset: Dataset) -> Finding | None:
    """Return how the checked round differs from the reference; None if it agrees, or trains nothing.

    dataset   the dataset of the cell, in its dtype

    On one processor, repeating the round must give the same parameters bit for bit. The result of the round is
    judged by the rule of the gate, `bench.gate.training`.
    """
    evidence, problem = rounds.evidence, rounds.cell.problem
    if rounds.cell.implementation == controls.NULL:
        return None
    if not evidence.checked_w:
        return Finding(Status.WRONG_AFTER_TIMING, "no parameters were kept")
    if set(evidence.dtypes.values()) != {problem.dtype}:
        return None  # DTYPE-CHANGED reports this, and the bytes cannot be read as this dtype
    if not evidence.repeated and rounds.cell.on_one_processor:
        return Finding(Status.WRONG_AFTER_TIMING, "the checked round ends differently when it is rerun untimed")
    expected = _expected(problem, dataset, evidence.checked_seed, rounds.epochs_per_round)
    return _compared(problem, unpacked(problem, evidence.checked_w, evidence.checked_b), dataset, expected)


def _compared(problem: Problem, seen: Params, dataset: Dataset, expected: Scaled) -> Finding | None:
    budgets, u = reference.widen(dataset.some(slice(0, 1))).budgets, reference.unit_roundoff(problem.dtype)
    parts = dict(expect.split(expected, dataset, "parameters"))
    judged = [
        judge.compare("parameters w", seen.w, parts["parameters w"], u, budgets, reference.coarsest(problem.dtype)),
        judge.compare("parameters b", seen.b, parts["parameters b"], u, budgets),
    ]
    worst = min(judged, key=judge.urgency)
    if worst.status is Status.UNCHECKED:
        return Finding(Status.UNCHECKED, f"after a timed round: {worst.unchecked}; {judge.UNCHECKED_REMEDY}")
    if worst.agrees:
        return None
    detail = (
        f"{worst.place} is {worst.value:.9g} after a timed round, the reference has {worst.expected:.9g}: "
        f"{worst.share:.3g} times what rounding explains"
    )
    return Finding(Status.WRONG_AFTER_TIMING, detail)


@lru_cache(maxsize=64)
def _expected(problem: Problem, dataset: Dataset, seed: tuple[int, ...], epochs: int) -> Scaled:
    """Return the reference's parameters, the same for every implementation in a block."""
    start = starts.draw(problem.model, problem.d, problem.k, problem.dtype, seed)
    patience = training.PATIENCE_SECONDS_PER_ROUND
    return training.after(dataset, start, problem.recipe, [epochs], patience=patience)[-1]


def unpacked(problem: Problem, w: str, b: str) -> Params:
    """Return the parameters that `bench.worker.evidence.packed` encoded as these two texts."""
    dtype = np.dtype(problem.dtype).newbyteorder("<")
    shapes = parameter_shapes(problem.model, problem.d, problem.k)
    return Params(
        *(
            np.frombuffer(base64.b64decode(text), dtype).reshape(shape)
            for text, shape in zip((w, b), shapes, strict=True)
        )
    )
