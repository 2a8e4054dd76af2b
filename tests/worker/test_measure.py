"""The clock inside a worker, tested with a trainer that moves a fake clock: no real time is measured."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.machine import counters
from bench.plan import starts
from bench.store.cell import Cell, Problem, Status
from bench.store.raw_rows import Rounds
from bench.timing.jobs import Entry, Plan
from bench.timing.messages import Failed, Finish, Leave, Made, Request, Warm
from bench.worker import attempt, measure
from bench.worker.evidence import Clocks
from bench.worker.pace import seconds_per_epoch
from bench.worker.prepare import Loaded, Prepared, digests
from datasets.dataset import Dataset, Model
from impls import runtimes
from impls.protocol import Params
from tests.support.parents import Benchmark, Parent, time_cell

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
ENTRY = Entry(Cell("fake", PROBLEM, "cpu", 1), "nowhere")
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


def start(number: int) -> Params:
    return Params(np.float32(number), np.float32(0))


DATASET = Dataset("any", Model.SIMPLE_LINEAR, np.ones(3, np.float32), np.ones(3, np.float32), 1, 0.01, "here", "none")


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> FakeTrainer:
    made = FakeTrainer()
    fake: Any = made
    loaded = Loaded(lambda *_given: fake, runtimes.load("numpy"), 1.0)
    prepared = Prepared(fake, DATASET, digests(DATASET), loaded, 2.0)
    monkeypatch.setattr(measure, "prepare", lambda _entry: prepared)
    return made


def plan(epochs: int = 1, rounds: int = 3, untimed: int = 1, warmup: int = 1, seconds: float = 0.0) -> Plan:
    return Plan(epochs, rounds, untimed, warmup, seconds)


def timed(trainer: FakeTrainer, plan: Plan, checked: frozenset[int] = frozenset({0}), **more: Any) -> Rounds:
    clocks = Clocks(trainer.clock, trainer.clock, lambda _seconds: None)
    return time_cell(ENTRY, plan, clocks, checked=checked, **more)


def test_a_round_is_k_epochs_and_one_synchronize_and_nothing_else(trainer: FakeTrainer) -> None:
    rounds = timed(trainer, plan(epochs=4, rounds=5, untimed=2, warmup=2), frozenset({4}))
    assert rounds.round_seconds == (4 * EPOCH + SYNCHRONIZE,) * 5
    assert rounds.first_epoch_seconds == FIRST + SYNCHRONIZE
    one_round = ["reset 4", "synchronize", *["epoch"] * 4, "synchronize"]
    untimed = ["reset 2", "synchronize", *["epoch"] * 2, "synchronize"]
    turn = [*untimed, *one_round, "synchronize"]  # once more, off the clock
    before = ["reset 1", "synchronize", "epoch", "synchronize", *one_round * 2]
    assert trainer.calls[: len(before) + 5 * len(turn)] == [*before, *turn * 5]
    assert (rounds.epochs_per_round, rounds.warmup_rounds) == (4, 2)


def test_a_pace_is_found_after_the_first_epoch_and_no_round_is_timed(trainer: FakeTrainer) -> None:
    class Leaving(Parent):
        def receive(self) -> Request:
            return super().receive() if not self.replies else Leave()

    parent: Any = Leaving(ENTRY, plan(), pace=True)
    clocks = Clocks(trainer.clock, trainer.clock, lambda _seconds: None)
    measure.time_cell(ENTRY, parent, None, clocks, 0.5)
    assert parent.replies == [Made(EPOCH + SYNCHRONIZE)]


def test_timed_rounds_start_where_the_parent_says_and_all_others_elsewhere(trainer: FakeTrainer) -> None:
    timed(trainer, plan(rounds=3, warmup=4), frozenset({1}))
    parent = Parent(ENTRY, plan())
    sent = [float(starts.unpacked(PROBLEM, *parent.start(number)).w) for number in range(3)]
    begun = [float(params.w) for params in trainer.starts]
    own, turns, repeated = begun[:5], begun[5:11], begun[11:]
    assert turns[1::2] == sent
    assert sent[1] in repeated and not {sent[0], sent[2]} & {*repeated}
    others = [*own, *turns[::2], *(one for one in repeated if one != sent[1])]
    assert not {*sent} & {*others}
    assert sorted({*others}) == sorted(others)


def test_what_a_checked_round_ended_with_is_told_and_found_again(trainer: FakeTrainer) -> None:
    found = timed(trainer, plan(rounds=6), frozenset({2, 5})).evidence.checked
    assert [one.round for one in found] == [2, 5]
    assert [(one.w, one.b) for one in found] == [Parent(ENTRY, plan()).start(number) for number in (2, 5)]
    assert all(one.repeated for one in found)


def test_costs_are_apart(trainer: FakeTrainer) -> None:
    costs = timed(trainer, plan()).costs
    assert (costs.import_seconds, costs.data_seconds, costs.compile_seconds) == (1.5, 2.0, None)


def test_without_events_of_a_device_no_round_is_run_for_them(trainer: FakeTrainer) -> None:
    assert timed(trainer, plan()).costs.device_epoch_seconds is None


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
    rounds = timed(trainer, plan(epochs=4))
    assert rounds.costs.device_epoch_seconds == 3 / 4
    assert asked == ["cpu"]
    assert between == [["epoch"] * 4] * 5
    assert collected == [False] * 5
    assert gc.isenabled()
    assert rounds.round_seconds == (4 * EPOCH + SYNCHRONIZE,) * 3


def test_evidence_is_gathered_off_the_clock(trainer: FakeTrainer) -> None:
    evidence = timed(trainer, plan(epochs=4)).evidence
    assert evidence.again_seconds == (SYNCHRONIZE,) * 3
    assert evidence.fetch_seconds == (0.0,) * 3
    assert set(evidence.round_wall) == {4 * EPOCH + SYNCHRONIZE}
    assert set(evidence.fourfold_wall) == {16 * EPOCH + SYNCHRONIZE}
    assert evidence.compilations == 0
    assert len(set(evidence.inputs)) == 1
    assert set(evidence.dtypes) == {f"{when} {part}" for when in ("before", "after") for part in "wb"}


@pytest.mark.parametrize(
    ("grown", "expected"),
    [(0, 0.0), (1 << 20, 0.0), (3 << 20, (3 << 20) / 20), (-(9 << 20), 0.0), (None, None)],
)
def test_memory_that_epochs_leave_behind_is_told_per_epoch(
    grown: int | None, expected: float | None, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One repetition of 4 epochs and one of 16; an allocator may keep a mebibyte for later."""
    memory = iter([100 << 20, None if grown is None else (100 << 20) + grown])
    monkeypatch.setattr(counters, "resident_bytes", lambda: next(memory))
    kept = timed(trainer, plan(epochs=4)).costs.kept_bytes_per_epoch
    assert kept == (None if expected is None else round(expected, 1))


def test_warm_up_lasts_until_both_limits_are_reached(trainer: FakeTrainer) -> None:
    one_round = RESET + EPOCH + 2 * SYNCHRONIZE
    trainer.compiled = True
    for rounds, seconds, expected in [(3, 0.0, 3), (1, 4 * one_round, 4), (1, 4 * one_round + 0.1, 5)]:
        assert timed(trainer, plan(rounds=1, warmup=rounds, seconds=seconds)).warmup_rounds == expected


def test_collector_is_off_while_timed_and_on_again_after(trainer: FakeTrainer) -> None:
    collected: list[bool] = []
    timed(trainer, plan(rounds=2), benchmark=Benchmark(trainer.clock, lambda: collected.append(gc.isenabled())))
    assert collected == [False, False]
    assert gc.isenabled()


def test_a_request_out_of_turn_is_an_error(trainer: FakeTrainer) -> None:
    class Hasty(Parent):
        def receive(self) -> Request:
            return Finish([], prove=False) if self.of(Warm) else super().receive()

    parent: Any = Hasty(ENTRY, plan())
    with pytest.raises(TypeError, match="Finish, where Turn comes next"):
        measure.time_cell(ENTRY, parent, Benchmark(trainer.clock), Clocks(trainer.clock, trainer.clock), 0.5)


def test_an_exception_is_the_answer_to_the_request_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ZeroDivisionError("planted")

    parent: Any = Parent(ENTRY, plan())
    attempt.attempt(parent, fails)
    (failed,) = parent.replies
    assert isinstance(failed, Failed) and failed.status is Status.FAILED
    assert failed.detail.endswith("ZeroDivisionError: planted")
    assert "ZeroDivisionError: planted" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you ..")])
def test_want_of_memory_has_its_own_status(error: Exception) -> None:
    def fails() -> None:
        raise error

    parent: Any = Parent(ENTRY, plan())
    attempt.attempt(parent, fails)
    (failed,) = parent.replies
    assert isinstance(failed, Failed) and failed.status is Status.OUT_OF_MEMORY


def test_without_a_parent_a_worker_ends() -> None:
    def fails() -> None:
        raise EOFError

    parent: Any = Parent(ENTRY, plan())
    with pytest.raises(EOFError):
        attempt.attempt(parent, fails)


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
