"""Epochs as a plain pytest-benchmark suite: `pytest bench/suite --benchmark-only -k softmax`.

Each case is first checked on its own data, by the rules of `python -m bench agree`. One epoch and one synchronize are
timed; `reset` is off the clock. All cases run in one process, one after the other, so the times are for a first look
and for watching one implementation over time. For a ranking use `python -m bench run`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import datasets
import impls
from bench.gate import case, expect, judge, observe, reference
from bench.plan import starts
from bench.plan.data import DEFAULT_DATASETS
from bench.plan.options import EPOCHS
from bench.store.cell import Problem
from datasets.dataset import DEFAULT_DTYPE
from impls.protocol import Dataset, Device, Implementation, Trainer

CPU = Device("cpu")
ROUNDS, WARMUP_ROUNDS = 50, 10
CASES = [(name, dataset) for dataset in DEFAULT_DATASETS for name in impls.FOUR]


def _id(pair: tuple[str, str]) -> str:
    return f"{pair[0]}-{datasets.DATASETS[pair[1]].model}-{pair[1]}"


def small_gate(implementation: Implementation, dataset: Dataset, problem: Problem) -> str:
    """Return where the implementation disagrees with the reference on the problem's data; empty if it agrees."""
    one = case.of_problem(problem, dataset, EPOCHS)
    seen = observe.observe(implementation, one, CPU)
    judged = judge.against_reference(seen, expect.expect(one), reference.unit_roundoff(DEFAULT_DTYPE))
    wrong = [found for found in judged if not found.share <= 1]
    return "; ".join(f"{found.name} {found.index}: {found.value:g} against {found.expected:g}" for found in wrong[:3])


@pytest.fixture(params=CASES, ids=_id)
def trained(request: pytest.FixtureRequest) -> tuple[Trainer, Callable[[], None]]:
    """A trainer that has passed the check, and a function that resets it to epoch 0; fail if it disagrees."""
    name, spec = request.param
    try:
        implementation = impls.load(name)
    except impls.Unavailable as error:
        pytest.skip(str(error))
    dataset = datasets.load(spec, dtype=DEFAULT_DTYPE)
    sizes = (dataset.name, dataset.model, dataset.n, dataset.d, dataset.classes, DEFAULT_DTYPE, dataset.learning_rate)
    problem = Problem(*sizes, None, shuffle=False, drop_last=False, seed=0)
    wrong = small_gate(implementation, dataset, problem)
    if wrong:
        pytest.fail(f"MISMATCH {name} on {spec}: {wrong}", pytrace=False)
    start = starts.draw(problem.model, problem.d, problem.k, DEFAULT_DTYPE, (problem.seed,))
    trainer = implementation(dataset, start, problem.recipe, CPU)

    def restart() -> None:
        trainer.reset(start, 1)
        trainer.synchronize()

    return trainer, restart


def test_epoch(trained: tuple[Trainer, Callable[[], None]], benchmark: Any, request: pytest.FixtureRequest) -> None:
    """Time one epoch and the wait for its end."""
    trainer, restart = trained
    benchmark.group = request.node.callspec.id.partition("-")[2]

    def epoch() -> None:
        trainer.epoch()
        trainer.synchronize()

    benchmark.pedantic(epoch, setup=restart, rounds=ROUNDS, warmup_rounds=WARMUP_ROUNDS, iterations=1)
