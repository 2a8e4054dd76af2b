"""Planted false times are each caught with the right status; honest cells are never accused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import impls
from bench.audit.replay import wrong_after_timing
from bench.audit.rules import Finding, declared, findings
from bench.machine import counters
from bench.machine.counters import Counters
from bench.plan import starts
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Environment, Evidence, Rounds, Witnessed
from bench.timing.jobs import Entry, Plan
from bench.worker import prepare
from bench.worker.evidence import Clocks
from datasets.dataset import Dataset, Model
from datasets.prepared import save
from impls import runtimes
from impls.protocol import Params
from tests.support.parents import time_cell
from tests.support.planted import liars

PLAN = Plan(epochs_per_round=8, rounds=5, untimed=2, warmup_rounds=1, warmup_seconds=0)


def dataset(dtype: str = "float32") -> Dataset:
    generator = np.random.default_rng(1)
    x = generator.standard_normal((40, 3))
    y = (x @ [1.0, -2.0, 0.5] > 0).astype(float)
    return Dataset("planted", Model.LOGISTIC, x, y, 1, 0.5, "drawn", "none").astype(dtype)


def problem(data: Dataset) -> Problem:
    return Problem(
        data.name,
        data.model,
        data.n,
        data.d,
        data.classes,
        str(data.x.dtype),
        data.learning_rate,
        None,
        False,
        False,
        0,
    )


@pytest.fixture
def timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Finding]]]:
    """Time a planted trainer on its simulated machine, and return the findings."""

    def run(liar: type[liars.Honest], dtype: str = "float32", plan: Plan = PLAN) -> list[Finding]:
        data = dataset(dtype)
        save(data, tmp_path / "planted")
        machine = liars.Machine()
        monkeypatch.setattr(liars.Honest, "machine", machine)
        monkeypatch.setattr(prepare, "loaded", lambda _name: prepare.Loaded(liar, runtimes.load("numpy"), 0.0))
        entry = Entry(Cell("planted", problem(data), "cpu", 1), str(tmp_path / "planted"))
        clocks = Clocks(lambda: machine.wall, lambda: machine.cpu, machine.sleep)
        rounds = time_cell(entry, plan, clocks, checked=frozenset({1, 3}))
        wrong = wrong_after_timing(rounds, data)
        return findings(rounds) + ([] if wrong is None else [wrong])

    with threadpool_limits(1):
        yield run


TimedRounds = Callable[..., list[Finding]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_honest_trainer_is_accused_of_nothing(timed: TimedRounds, dtype: str) -> None:
    assert timed(liars.Honest, dtype) == []


@pytest.mark.parametrize(
    ("liar", "status", "dtype"),
    [
        (liars.LeftRunning, Status.EARLY_RETURN, "float32"),
        (liars.WaitsTwice, Status.EARLY_RETURN, "float32"),
        (liars.Remembers, Status.WRONG_AFTER_TIMING, "float32"),
        (liars.SkipsEverySecond, Status.WRONG_AFTER_TIMING, "float32"),
        (liars.FirstEpochOnly, Status.NOT_LINEAR, "float32"),
        (liars.TrainsInReset, Status.WORK_IN_RESET, "float32"),
        (liars.FirstEpochOnly, Status.WRONG_AFTER_TIMING, "float32"),
        (liars.IgnoresWhenTimed, Status.WRONG_AFTER_TIMING, "float32"),
        (liars.Computes64, Status.DTYPE_CHANGED, "float32"),
        (liars.Computes32, Status.WRONG_AFTER_TIMING, "float64"),
        (liars.WritesInputs, Status.INPUT_CHANGED, "float32"),
    ],
)
def test_a_lie_is_caught_by_its_name(timed: TimedRounds, liar: type[liars.Honest], status: Status, dtype: str) -> None:
    assert status in {finding.status for finding in timed(liar, dtype)}


def test_an_extra_thread_is_counted_and_told(timed: TimedRounds) -> None:
    (found,) = timed(liars.ExtraThread)
    assert found == Finding(Status.WRONG_ENVIRONMENT, "2 threads used the processor while it was timed, but only 1 may")


def test_a_skipped_epoch_is_told_with_the_place(timed: TimedRounds) -> None:
    (found,) = timed(liars.SkipsEverySecond)
    assert found.detail.startswith("parameters w[")
    assert "times what rounding explains" in found.detail


LIE, OTHER_LIE = Finding(Status.EARLY_RETURN, "it hurries"), Finding(Status.RECOMPILED, "it compiles")


def test_a_lie_is_declared_of_three_processes_and_no_fewer() -> None:
    assert declared([[LIE], [LIE], [], [OTHER_LIE], [OTHER_LIE]]) is None
    assert declared([[LIE, LIE, LIE]]) is None
    assert declared([[LIE], [], [LIE], [LIE]]) == Finding(Status.EARLY_RETURN, "it hurries (3 of 4 processes)")


def test_a_wrong_environment_is_declared_at_once() -> None:
    wrong = Finding(Status.WRONG_ENVIRONMENT, "x64: requested True, found False")
    assert declared([[LIE], [wrong]]) == wrong


def test_a_lie_explains_a_thread_too_many() -> None:
    wrong = Finding(Status.WRONG_ENVIRONMENT, "2 threads used the processor while it was timed, but only 1 may")
    found = declared([[wrong, LIE]] * 3)
    assert found is not None
    assert found.status is Status.EARLY_RETURN


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"threads openblas": "2", "x64": "False"}, "threads openblas: requested 1, found 2"),
        ({"threads openblas": "1", "x64": "True"}, "x64: requested False, found True"),
        ({"threads openblas": "1"}, "x64: requested False, found nothing"),
    ],
)
def test_what_differs_from_what_was_asked_is_told(found: dict[str, str], words: str) -> None:
    environment = Environment(asked={"threads openblas": "1", "x64": "False"}, found=found)
    assert findings(rounds(environment=environment)) == [Finding(Status.WRONG_ENVIRONMENT, words)]


def rounds(
    *,
    environment: Environment | None = None,
    seen: Evidence | None = None,
    seconds: float = 2e-3,
    witnessed: Witnessed | None = None,
    threads: int = 1,
) -> Rounds:
    cell = Cell("any", problem(dataset()), "cpu", threads)
    return Rounds(
        cell,
        "any",
        1,
        8,
        1,
        seconds,
        (seconds,) * 9,
        environment=environment or Environment(),
        witnessed=witnessed or Witnessed(),
        evidence=seen or Evidence(),
    )


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (Evidence(again_seconds=(99e-6,) * 9), None),
        (Evidence(again_seconds=(101e-6,) * 9), Status.EARLY_RETURN),
        (Evidence(again_seconds=(1e-6,) * 3 + (1.0,) * 6), None),  # a quarter of them are quick
        (Evidence(fetch_seconds=(1.0, 1.0, 0.0)), None),
        (Evidence(fetch_seconds=(3e-4,) * 3), Status.EARLY_RETURN),
        (Evidence(idle_cpu=(0.03, 0.9, 0.9)), None),
        (Evidence(idle_cpu=(0.9,) * 3), Status.EARLY_RETURN),
        (Evidence(compilations=0), None),
        (Evidence(compilations=1), Status.RECOMPILED),
    ],
)
def test_the_reading_in_favour_of_the_accused_decides(seen: Evidence, status: Status | None) -> None:
    assert [finding.status for finding in findings(rounds(seen=seen))] == ([] if status is None else [status])


def witnesses(wall: Sequence[float], cpu: Sequence[float], started: float = 0.0) -> Witnessed:
    return Witnessed(wall_seconds=tuple(wall), cpu_seconds=tuple(cpu), started_seconds=started)


@pytest.mark.parametrize(
    ("seen", "threads", "status"),
    [
        (witnesses([2.2e-3] * 9, [2.1e-3] * 9), 1, None),
        (witnesses([4e-3] * 9, [4e-3] * 9), 1, Status.CLOCK_DISAGREES),  # its clock runs at half speed
        (witnesses([2.2e-3] * 3 + [9e-3] * 6, [2.1e-3] * 9), 1, None),  # held up by others in most rounds
        (witnesses([2.2e-3] * 2 + [9e-3] * 7, [2.1e-3] * 9), 1, Status.CLOCK_DISAGREES),
        (witnesses([2.9e-3] * 9, [2.1e-3] * 9), 1, None),  # the pipes are slow
        (witnesses([2.2e-3] * 9, [3.9e-3] * 9), 1, Status.CLOCK_DISAGREES),  # a thread works beside
        (witnesses([2.2e-3] * 9, [3.9e-3] * 9), 2, None),
        (witnesses([2.2e-3] * 9, [0.1e-3] * 9), 1, None),  # it slept, or waited
        (witnesses([1.5e-3] * 9, [1.5e-3] * 9), 1, Status.CLOCK_DISAGREES),  # its clock runs fast
        (witnesses([2.2e-3] * 9, [2.1e-3] * 9, started=0.019), 1, None),
        (witnesses([2.2e-3] * 9, [2.1e-3] * 9, started=0.03), 1, Status.WRONG_ENVIRONMENT),  # a child works beside
    ],
)
def test_a_clock_is_held_against_both_witnesses(seen: Witnessed, threads: int, status: Status | None) -> None:
    found = [finding.status for finding in findings(rounds(witnessed=seen, threads=threads))]
    assert found == ([] if status is None else [status])


def growth(one: float, four: float, cpu_one: float, cpu_four: float) -> Evidence:
    return Evidence(
        round_wall=(one,) * 3, fourfold_wall=(four,) * 3, round_cpu=(cpu_one,) * 3, fourfold_cpu=(cpu_four,) * 3
    )


@pytest.mark.parametrize(
    ("seen", "lies"),
    [
        (growth(2e-3, 8e-3, 2e-3, 8e-3), False),
        (growth(2e-3, 2e-3, 2e-3, 2e-3), True),
        (growth(2e-3, 12e-3, 2e-3, 12e-3), True),
        (growth(2e-3, 20e-3, 2e-3, 8e-3), False),  # other processes had the processor
        (growth(2e-3, 3e-3, 2e-3, 8e-3), False),
        (growth(1e-4, 1e-4, 1e-4, 1e-4), False),  # too short to tell
        (replace(growth(2e-3, 2e-3, 2e-3, 2e-3), fourfold_wall=(2e-3, 8e-3, 2e-3)), False),
    ],
)
def test_time_grows_with_the_epochs(seen: Evidence, lies: bool) -> None:
    assert [finding.status for finding in findings(rounds(seen=seen))] == ([Status.NOT_LINEAR] if lies else [])


def resets(few: float, many: float, epochs: float = 2e-3) -> Evidence:
    grown = growth(epochs, 4 * epochs, epochs, 4 * epochs)
    return replace(grown, reset_cpu=(few,) * 3, fourfold_reset_cpu=(many,) * 3)


@pytest.mark.parametrize(
    ("seen", "settings", "lies"),
    [
        (resets(1e-3, 4e-3), {}, False),  # half as long as the epochs: an order is prepared for each
        (resets(1.1e-3, 4.4e-3), {}, True),
        (resets(9e-3, 9.1e-3), {}, False),  # long, but it does not grow
        (resets(1e-5, 2e-4, epochs=1e-5), {}, False),  # too short to tell
        (resets(2e-3, 8e-3), {"batch_size": 2}, False),  # a device may take longer to get an order than to use it
        (resets(2e-3, 8e-3), {"shuffle": True}, False),
        (replace(resets(2e-3, 8e-3), fourfold_reset_cpu=(8e-3, 2e-3, 8e-3)), {}, False),
    ],
)
def test_reset_does_not_train(seen: Evidence, settings: dict[str, Any], lies: bool) -> None:
    found = rounds(seen=seen)
    changed = replace(found, cell=replace(found.cell, problem=replace(found.cell.problem, **settings)))
    assert [finding.status for finding in findings(changed)] == ([Status.WORK_IN_RESET] if lies else [])


def test_a_short_repetition_that_was_held_up_is_set_beside_the_timed_rounds() -> None:
    """Observed with honest torch_autograd at a load of nine: one delayed repetition, while timed rounds took 4.3 ms."""
    seen = Evidence(round_wall=(0.02846,), fourfold_wall=(0.06679,), round_cpu=(0.0078,), fourfold_cpu=(0.02353,))
    assert findings(rounds(seen=seen, seconds=0.00429)) == []


def test_a_thousand_honest_cells_under_load_accuse_nobody() -> None:
    """Waits of 4 ms stretch wall times; at least a quarter of the second synchronizes are undisturbed."""
    generator = np.random.default_rng(7)

    def loaded(seconds: float, size: int) -> tuple[float, ...]:
        waits = 4e-3 * generator.poisson(seconds / 4e-3 + 0.3, size)
        return tuple(seconds * generator.uniform(0.95, 1.2, size) + waits)

    for _ in range(1000):
        seconds = float(generator.uniform(1e-3, 20e-3))
        cpu = seconds * generator.uniform(0.95, 1.2, (2, 3))
        seen = Evidence(
            again_seconds=loaded(40e-6, 50),
            fetch_seconds=tuple(generator.normal(20e-6, 10e-6, 3)),
            idle_cpu=tuple(generator.uniform(0.001, 0.05, 3)),
            round_wall=loaded(seconds, 3),
            fourfold_wall=loaded(4 * seconds, 3),
            round_cpu=tuple(cpu[0]),
            fourfold_cpu=tuple(4 * cpu[1]),
        )
        assert findings(rounds(seen=seen, seconds=seconds)) == []


def test_parameters_come_back_bit_for_bit() -> None:
    own = problem(dataset())
    params = Params(np.array([1.5, -0.0, np.pi], np.float32), np.array(1e-45, np.float32))
    packed = starts.packed(params)
    assert starts.packed(starts.unpacked(own, *packed)) == packed
    assert starts.packed(Params(-params.w, params.b)) != packed


def at(cpu: float, **threads: float) -> Counters:
    return Counters(cpu, threads)


@pytest.mark.parametrize(
    ("before", "after", "busy"),
    [
        (at(0, a=0), at(1, a=1), 1),
        (at(0, a=0, b=0), at(1.05, a=1, b=0.05), 1),
        (at(0, a=0, b=0), at(1.2, a=1, b=0.2), 2),
        (at(0, a=0), at(1.2, a=1, new=0.2), 2),
        (at(0, a=0), at(1.5, a=1), 2),  # what has ended
        (at(0, a=0), at(0.009, a=0.0), 0),  # less than a tick is not attributed
        (Counters(0, None), at(1, a=1), None),
    ],
)
def test_threads_that_work_are_counted(before: Counters, after: Counters, busy: int | None) -> None:
    assert counters.busy_threads(before, after) == busy


@pytest.mark.parametrize("name", ["null", "bench.worker.null:Null", "bench/worker/null.py:Null"])
def test_the_null_implementation_cannot_be_named(name: str) -> None:
    with pytest.raises(impls.Unusable):
        impls.load(name)
