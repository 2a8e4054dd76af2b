"""Compare the checked rounds of a process with the reference, trained for the same epochs from the same starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.audit.rules import Finding
from bench.gate import expect, judge, reference, training
from bench.gate.reference import Scaled
from bench.plan import controls, starts
from bench.store.cell import Problem, Status
from bench.store.raw_rows import Rounds
from datasets.dataset import Dataset
from impls.protocol import Params

# The result that a round must have, by its problem, the seed of its start, and its number of epochs.
Expected = Callable[[Problem, tuple[int, ...], int], Scaled]


def wrong_after_timing(rounds: Rounds, dataset: Dataset, expected: Expected | None = None) -> Finding | None:
    """Return how a checked round differs from the reference; None if all agree, or if there are none.

    dataset    the dataset of the cell, in its dtype
    expected   the reference's results; computed for each round separately if None

    On one processor, repeating a round must give the same parameters bit for bit. The result of a round is judged by
    the gate's rule, `bench.gate.training`.
    """
    evidence, problem = rounds.evidence, rounds.cell.problem
    if rounds.cell.implementation == controls.NULL:
        return None
    if set(evidence.dtypes.values()) != {problem.dtype}:
        return None  # DTYPE-CHANGED reports this, and the bytes cannot be read as this dtype
    if rounds.cell.on_one_processor and not all(one.repeated for one in evidence.checked):
        return Finding(Status.WRONG_AFTER_TIMING, "a checked round ends differently when it is rerun untimed")
    for one in evidence.checked:
        if expected is None:
            (end,) = after(problem, dataset, one.seed, [rounds.epochs_per_round])
        else:
            end = expected(problem, one.seed, rounds.epochs_per_round)
        found = _compared(problem, starts.unpacked(problem, one.w, one.b), dataset, end)
        if found is not None:
            return found
    return None


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


def after(problem: Problem, dataset: Dataset, seed: tuple[int, ...], epochs: Sequence[int]) -> list[Scaled]:
    """Return the reference's parameters after each of these epochs, trained from the start with this seed."""
    patience = training.PATIENCE_SECONDS_PER_ROUND
    return training.after(dataset, starts.of_problem(problem, seed), problem.recipe, epochs, patience=patience)
