"""What a worker reads back of its conditions, and that a worker of this machine has those that are asked for."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impls
from bench.audit.rules import findings, wrong_after_timing
from bench.plan import controls
from bench.process.spawn import Order, environment, run_worker
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import read_lines
from bench.store.layout import FAILURES, RECORDS
from bench.store.raw_rows import Failure, Rounds
from bench.timing.jobs import Entry, Job, Plan
from bench.worker import conditions
from datasets.dataset import Dataset, Model
from datasets.prepared import save
from impls import runtimes
from tests.support.gates import UNCOMPILED

LONG = 300.0
CORE = min(os.sched_getaffinity(0)) if sys.platform == "linux" else None


def table(dtype: str) -> Dataset:
    generator = np.random.default_rng(2)
    x = generator.standard_normal((64, 4))
    y = (x[:, 0] > 0).astype(float)
    return Dataset("drawn", Model.LOGISTIC, x, y, 1, 0.1, "drawn", "none").astype(dtype)


def cell(name: str, dtype: str) -> Cell:
    return Cell(name, Problem("drawn", Model.LOGISTIC, 64, 4, 1, dtype, 0.1, None, False, False, 0), "cpu", 1)


def timed(name: str, tmp_path: Path) -> Rounds:
    """Time a cell in a worker of its own, on one processor where there is a choice."""
    save(table("float64"), tmp_path / "drawn")
    folder = tmp_path / "worker"
    folder.mkdir()
    entry = Entry(cell(name, "float64"), str(tmp_path / "drawn"), Plan(20, 12, 3, 0.0))
    job = Job(name, 1, 0, 0, CORE, (entry,), str(folder))
    variables = environment(dtype="float64", threads=1, device="cpu")
    ending = run_worker(Order("bench.worker.time_cells", asdict(job), variables, folder, LONG, capped=True))
    assert (ending.status, read_lines(Failure, folder / FAILURES)) == (Status.OK, [])
    (rounds,) = read_lines(Rounds, folder / RECORDS)
    return rounds


@pytest.mark.parametrize("name", [*UNCOMPILED, controls.NULL])
def test_a_worker_has_the_conditions_that_are_asked_for(name: str, tmp_path: Path) -> None:
    """In float64, for which JAX must be told; every fact is read in the worker itself."""
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
        cell("any", dtype), runtime=runtime, core=None, placement=frozenset({"cpu"}), busy_threads=1
    )
    assert found.asked.keys() <= found.found.keys()
    assert "processors" not in found.asked


def test_a_placement_on_two_devices_is_not_the_one_asked_for() -> None:
    found = conditions.read_back(
        cell("any", "float32"), runtime="numpy", core=None, placement=frozenset({"cpu", "cuda:0"}), busy_threads=None
    )
    assert (found.asked["placement"], found.found["placement"]) == ("cpu", "cpu, cuda:0")


def test_torch_times_a_device_by_events_in_the_stream_that_it_works_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a planted device, which stands still between the two events for 2.5 ms."""
    torch: Any = pytest.importorskip("torch")
    happened: list[tuple[object, ...]] = []

    class Event:
        def __init__(self, device: str, *, enable_timing: bool) -> None:
            happened.append(("event", device, enable_timing))

        def record(self, stream: str) -> None:
            happened.append(("record", stream))

        def synchronize(self) -> None:
            happened.append(("synchronize",))

        def elapsed_time(self, _other: Event) -> float:
            return 2.5

    monkeypatch.setattr(torch, "Event", Event)
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda device: f"stream of {device}")
    seconds = runtimes.load("torch").event_clock("cuda:1")
    assert seconds is not None
    assert seconds(lambda: happened.append(("work",))) == 2.5e-3
    stream = ("record", "stream of cuda:1")
    assert happened == [("event", "cuda:1", True)] * 2 + [stream, ("work",), stream, ("synchronize",)]


@pytest.mark.parametrize("runtime", ["numpy", "torch", "jax", "scikit_learn"])
def test_no_library_puts_events_around_the_work_of_a_cpu(runtime: str) -> None:
    pytest.importorskip("sklearn" if runtime == "scikit_learn" else runtime)
    assert runtimes.load(runtime).event_clock("cpu") is None


@pytest.mark.parametrize("device", ["mps:0", "xpu:0"])
def test_torch_puts_events_around_the_work_of_cuda_alone(device: str) -> None:
    pytest.importorskip("torch")
    assert runtimes.load("torch").event_clock(device) is None


def test_events_of_cuda_take_some_time_and_no_more_than_passes_on_the_host() -> None:
    torch: Any = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    x = torch.ones((2048, 2048), device="cuda:0")
    torch.matmul(x, x)  # starts the library
    torch.cuda.synchronize()
    seconds_between = runtimes.load("torch").event_clock("cuda:0")
    assert seconds_between is not None
    began = time.perf_counter()
    seconds = seconds_between(lambda: torch.matmul(x, x))
    assert 0 < seconds <= time.perf_counter() - began


def test_jax_tells_of_every_compilation() -> None:
    jax: Any = pytest.importorskip("jax")
    runtime = runtimes.load("jax")
    before, seconds = runtime.compilations(), runtime.compile_seconds()
    assert before is not None
    assert seconds is not None
    scaled = jax.jit(lambda x, by: x * by + 0.125, static_argnums=1)
    x = jax.numpy.ones(3)
    scaled(x, 2)
    after_one = runtime.compilations()
    scaled(x, 2)
    assert runtime.compilations() == after_one
    scaled(x, 3)  # a number that is part of the program: one more
    assert runtime.compilations() == (after_one or 0) + 1
    assert (runtime.compile_seconds() or 0) > seconds
