"""The clock inside a worker, tested with a trainer that moves a fake clock: no real time is measured."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.store import layout
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import read_lines
from bench.store.raw_rows import Failure, Rounds
from bench.timing.jobs import Entry, Job, Plan
from bench.timing.sampling import quick_plan
from bench.worker import attempt, evidence, measure
from bench.worker.evidence import Clocks
from bench.worker.pace import seconds_per_epoch
from bench.worker.prepare import Prepared, digests
from datasets.dataset import Dataset, Model
from impls import runtimes
from impls.protocol import Params

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
CELL = Cell("fake", PROBLEM, "cpu", 1)
EPOCH, SYNCHRONIZE, RESET, FIRST = 0.25, 0.125, 64.0, 1024.0  # exact in binary, so that sums are exact too


class FakeTrainer:
    """A trainer whose epochs do their work in `synchronize`; the very first epoch compiles."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pending = 0.0
        self.compiled = False
        self.calls: list[str] = []
        self.starts: list[Params] = []

    def reset(self, start: Params, epochs: int) -> None:
        self.calls.append(f"reset {epochs}")
        self.starts.append(start)
        self.pending += RESET

    def epoch(self) -> None:
        self.calls.append("epoch")
        self.pending += EPOCH if self.compiled else FIRST
        self.compiled = True

    def synchronize(self) -> None:
        self.calls.append("synchronize")
        self.now += self.pending + SYNCHRONIZE
        self.pending = 0.0

    def params(self) -> Params:
        return self.starts[-1]

    def loss_and_gradients(self) -> tuple[float, Params]:
        return 0.0, self.starts[-1]

    def placement(self) -> frozenset[str]:
        return frozenset({"cpu"})

    def clock(self) -> float:
        return self.now


class FakeBenchmark:
    """Do what `pedantic` of pytest-benchmark does with these arguments."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[]))
        self.collected: list[bool] = []

    def pedantic(
        self,
        target: Callable[[], None],
        *,
        setup: Callable[[], None],
        teardown: Callable[[], None],
        rounds: int,
        iterations: int,
    ) -> None:
        assert iterations == 1
        for _ in range(rounds):
            setup()
            self.collected.append(gc.isenabled())
            began = self.clock()
            target()
            self.stats.stats.data.append(self.clock() - began)
            teardown()


def start(number: int) -> Params:
    return Params(np.float32(number), np.float32(0))


DATASET = Dataset("any", Model.SIMPLE_LINEAR, np.ones(3, np.float32), np.ones(3, np.float32), 1, 0.01, "here", "none")


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> FakeTrainer:
    made = FakeTrainer()
    fake: Any = made
    prepared = Prepared(fake, start, lambda number: (5, 3, number), DATASET, digests(DATASET), "numpy", 1.0, 2.0)
    monkeypatch.setattr(measure, "prepare", lambda _job, _entry: prepared)
    return made


def time_cell(
    trainer: FakeTrainer, plan: Plan | None, benchmark: FakeBenchmark | None = None, position: int = 1
) -> Rounds:
    clocks = Clocks(trainer.clock, trainer.clock, lambda _seconds: None)
    entry = Entry(CELL, "nowhere", plan)
    return measure.time_cell(
        replace(job(), position=position), entry, benchmark or FakeBenchmark(trainer.clock), clocks, 0.5
    )


def job(tmp_path: object = "", plan: Plan | None = None) -> Job:
    return Job("fake@aa", 3, 1, 5, None, (Entry(CELL, "nowhere", plan),) * 2, str(tmp_path))


def test_a_round_is_k_epochs_and_one_synchronize_and_nothing_else(trainer: FakeTrainer) -> None:
    rounds = time_cell(trainer, Plan(epochs_per_round=4, rounds=5, warmup_rounds=2, warmup_seconds=0))
    assert rounds.round_seconds == (4 * EPOCH + SYNCHRONIZE,) * 5
    assert rounds.first_epoch_seconds == FIRST + SYNCHRONIZE
    one_round = ["reset 4", "synchronize", *["epoch"] * 4, "synchronize"]
    timed = [*one_round, "synchronize"]  # once more, off the clock
    before = ["reset 1", "synchronize", "epoch", "synchronize", *one_round * 2]
    assert trainer.calls[: len(before) + 5 * len(timed)] == [*before, *timed * 5]
    assert (rounds.name, rounds.block, rounds.position) == ("fake@aa", 3, 1)
    assert (rounds.epochs_per_round, rounds.warmup_rounds) == (4, 2)


def test_without_a_plan_a_process_finds_its_own_pace_after_the_first_epoch(trainer: FakeTrainer) -> None:
    rounds = time_cell(trainer, None)
    assert rounds.first_epoch_seconds == FIRST + SYNCHRONIZE
    assert rounds.epochs_per_round == quick_plan(EPOCH + SYNCHRONIZE).epochs_per_round
    assert rounds.round_seconds == (rounds.epochs_per_round * EPOCH + SYNCHRONIZE,) * len(rounds.round_seconds)


def test_every_round_has_its_own_start_and_the_timed_ones_do_not_depend_on_the_warm_up(trainer: FakeTrainer) -> None:
    for warmup in (1, 6):
        trainer.starts.clear()
        rounds = time_cell(trainer, Plan(epochs_per_round=1, rounds=3, warmup_rounds=warmup, warmup_seconds=0))
        numbers = [int(params.w) for params in trainer.starts]
        timed = numbers[1 + warmup :][:3]
        assert sorted(timed) == [0, 1, 2]
        assert timed.index(0) == rounds.evidence.checked_round
        assert not {0, 1, 2} & set(numbers[: 1 + warmup])
        assert len(set(numbers)) == len(numbers) - 1  # start 0 once more, in the repetition of the checked round


def test_the_checked_round_comes_anywhere_and_has_the_same_start(trainer: FakeTrainer) -> None:
    """Eight draws from 50 values are all equal with a probability of 50^-7."""
    found = [time_cell(trainer, Plan(1, 50, 1, 0), position=position).evidence for position in range(8)]
    assert len({one.checked_round for one in found}) > 1
    assert {one.checked_seed for one in found} == {(5, 3, 0)}
    assert {(one.checked_w, one.checked_b) for one in found} == {evidence.packed(start(0))}
    assert all(one.repeated for one in found)


def test_costs_are_apart(trainer: FakeTrainer) -> None:
    costs = time_cell(trainer, Plan(1, 2, 1, 0)).costs
    assert (costs.import_seconds, costs.data_seconds, costs.compile_seconds) == (1.5, 2.0, None)


def test_without_events_of_a_device_no_round_is_run_for_them(trainer: FakeTrainer) -> None:
    assert time_cell(trainer, Plan(1, 2, 1, 0)).costs.device_epoch_seconds is None


def test_events_of_a_device_surround_the_epochs_of_rounds_of_their_own(
    trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted device reports 3, 1, 7, 2 and 5 seconds for rounds of four epochs."""
    seconds, asked, between, collected = iter([3.0, 1.0, 7.0, 2.0, 5.0]), [], [], []

    def event_clock(device: str) -> Callable[[Callable[[], None]], float]:
        asked.append(device)

        def seconds_between(work: Callable[[], None]) -> float:
            collected.append(gc.isenabled())
            before = len(trainer.calls)
            work()
            between.append(trainer.calls[before:])
            return next(seconds)

        return seconds_between

    monkeypatch.setattr(runtimes.load("numpy"), "event_clock", event_clock)
    rounds = time_cell(trainer, Plan(epochs_per_round=4, rounds=3, warmup_rounds=1, warmup_seconds=0))
    assert rounds.costs.device_epoch_seconds == 3 / 4
    assert asked == ["cpu"]
    assert between == [["epoch"] * 4] * 5
    assert collected == [False] * 5
    assert gc.isenabled()
    assert rounds.round_seconds == (4 * EPOCH + SYNCHRONIZE,) * 3


def test_evidence_is_gathered_off_the_clock(trainer: FakeTrainer) -> None:
    evidence = time_cell(trainer, Plan(epochs_per_round=4, rounds=3, warmup_rounds=1, warmup_seconds=0)).evidence
    assert evidence.again_seconds == (SYNCHRONIZE,) * 3
    assert evidence.fetch_seconds == (0.0,) * 3
    assert set(evidence.round_wall) == {4 * EPOCH + SYNCHRONIZE}
    assert set(evidence.fourfold_wall) == {16 * EPOCH + SYNCHRONIZE}
    assert evidence.compilations == 0
    assert len(set(evidence.inputs)) == 1
    assert set(evidence.dtypes) == {f"{when} {part}" for when in ("before", "after") for part in "wb"}


def test_warm_up_lasts_until_both_limits_are_reached(trainer: FakeTrainer) -> None:
    one_round = RESET + EPOCH + 2 * SYNCHRONIZE
    trainer.compiled = True
    for rounds, seconds, expected in [(3, 0.0, 3), (1, 4 * one_round, 4), (1, 4 * one_round + 0.1, 5)]:
        plan = Plan(epochs_per_round=1, rounds=1, warmup_rounds=rounds, warmup_seconds=seconds)
        assert time_cell(trainer, plan).warmup_rounds == expected


def test_collector_is_off_while_timed_and_on_again_after(trainer: FakeTrainer) -> None:
    benchmark = FakeBenchmark(trainer.clock)
    time_cell(trainer, Plan(1, 2, 1, 0), benchmark)
    assert benchmark.collected == [False, False]
    assert gc.isenabled()


def test_rounds_that_were_not_timed_are_an_error(trainer: FakeTrainer) -> None:
    benchmark = FakeBenchmark(trainer.clock)
    benchmark.stats.stats.data.append(1.0)
    with pytest.raises(RuntimeError, match="3 rounds were timed, 2 were planned"):
        time_cell(trainer, Plan(1, 2, 1, 0), benchmark)


def test_an_exception_is_a_failure_of_its_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(_job: Job, _entry: Entry) -> None:
        raise ZeroDivisionError("planted")

    attempt.attempt(job(tmp_path), 1, measure)
    (failure,) = read_lines(Failure, tmp_path / layout.FAILURES)
    assert (failure.cell, failure.block, failure.status) == (CELL, 3, Status.FAILED)
    assert failure.detail.endswith("ZeroDivisionError: planted")
    assert "ZeroDivisionError: planted" in capsys.readouterr().err
    assert (tmp_path / layout.STARTED).read_text() == "1"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you ..")])
def test_want_of_memory_has_its_own_status(tmp_path: Path, error: Exception) -> None:
    def measure(_job: Job, _entry: Entry) -> None:
        raise error

    attempt.attempt(job(tmp_path), 0, measure)
    (failure,) = read_lines(Failure, tmp_path / layout.FAILURES)
    assert failure.status is Status.OUT_OF_MEMORY


def test_pilot_finds_the_epoch_of_a_steady_trainer_and_not_its_compilation() -> None:
    now, compiled = 0.0, False

    class Steady:
        def reset(self, start: Params, epochs: int) -> None: ...
        def synchronize(self) -> None: ...

        def epoch(self) -> None:
            nonlocal now, compiled
            now += 2**-16 if compiled else 1.0
            compiled = True

    trainer: Any = Steady()
    assert seconds_per_epoch(trainer, start, lambda: now) == 2**-16


def test_pilot_of_an_epoch_that_takes_no_time_ends() -> None:
    trainer: Any = SimpleNamespace(reset=lambda *_: None, epoch=lambda: None, synchronize=lambda: None)
    assert seconds_per_epoch(trainer, start, lambda: 0.0) == 0.0
