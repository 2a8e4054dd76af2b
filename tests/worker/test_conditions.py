"""A worker reads back its conditions, and on this machine they are the requested ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import impls
from bench.audit.replay import wrong_after_timing
from bench.audit.rules import findings
from bench.plan import controls
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Rounds
from bench.timing.jobs import Plan
from bench.worker import conditions
from datasets.dataset import Dataset, Model
from datasets.prepared import save
from impls import runtimes
from tests.support.cohorts import alone
from tests.support.gates import UNCOMPILED

CORE = min(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def table(dtype: str) -> Dataset:
    generator = np.random.default_rng(2)
    x = generator.standard_normal((64, 4))
    y = (x[:, 0] > 0).astype(float)
    return Dataset("drawn", Model.LOGISTIC, x, y, 1, 0.1, "drawn", "none").astype(dtype)


def cell(name: str, dtype: str) -> Cell:
    return Cell(name, Problem("drawn", Model.LOGISTIC, 64, 4, 1, dtype, 0.1, None, False, False, 0), "cpu", 1)


def timed(name: str, tmp_path: Path) -> Rounds:
    """Time a cell in its own worker, pinned to one processor where the platform allows it."""
    save(table("float64"), tmp_path / "drawn")
    outcome = alone(cell(name, "float64"), tmp_path / "drawn", Plan(20, 12, 5, 3, 0.0), tmp_path / "workers", CORE)
    assert outcome.failures == []
    (rounds,) = outcome.rounds
    return rounds


@pytest.mark.parametrize("name", [*UNCOMPILED, controls.NULL])
def test_a_worker_has_the_conditions_that_are_asked_for(name: str, tmp_path: Path) -> None:
    """The dtype is float64, which JAX must be set up for; every fact is read in the worker itself."""
    row = impls.row(name)
    if row is not None:
        pytest.importorskip(row.requires)
    rounds = timed(name, tmp_path)
    environment, costs = rounds.environment, rounds.costs
    assert environment.asked.items() <= environment.found.items()
    assert {value for key, value in environment.asked.items() if key.startswith("threads ")} == {"1"}
    assert environment.asked["placement"] == "cpu"
    assert environment.asked.get("processors") == (None if CORE is None else str(CORE))
    assert Status.WRONG_ENVIRONMENT not in {finding.status for finding in findings(rounds)}
    assert wrong_after_timing(rounds, table("float64")) is None
    assert (costs.compile_seconds is not None) == (name in {"jax_grad", "jax_scan"})
    assert None not in (costs.import_seconds, costs.data_seconds)


@pytest.mark.parametrize("runtime", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_that_is_asked_can_be_read_back(runtime: str, dtype: str) -> None:
    pytest.importorskip(runtime)
    found = conditions.read_back(
        cell("any", dtype), library=runtimes.load(runtime), placement=frozenset({"cpu"}), busy_threads=1, imported={}
    )
    assert found.asked.keys() <= found.found.keys()
    assert "processors" not in found.asked


def test_a_placement_on_two_devices_is_not_the_one_asked_for() -> None:
    found = conditions.read_back(
        cell("any", "float32"),
        library=runtimes.load("numpy"),
        placement=frozenset({"cpu", "cuda:0"}),
        busy_threads=None,
        imported={},
    )
    assert (found.asked["placement"], found.found["placement"]) == ("cpu", "cpu, cuda:0")
