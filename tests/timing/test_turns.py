"""Turns with workers that are scripts: what the parent asks, draws, and witnesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count, groupby, pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.plan import starts
from bench.process import account
from bench.store.cell import Problem, Status
from bench.timing import turns
from bench.timing.jobs import Plan
from bench.timing.messages import Failed, Go, Reply, Request, Set, Show, Shown, Took, Turn
from bench.timing.sentinel import Sentinel
from bench.timing.turns import Cycles, Draw, SeenRounds, Timer, order
from datasets.dataset import Model

PROBLEM = Problem("any", Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0)
PLAN = (Plan(4, 10, 1, 1, 0.0), 1e-3)
NAMES = ("a", "b", "c")


class Workers:
    """Each round takes 5 by the clock of the parent, 4 by that of the worker, and 3 of its processor."""

    def __init__(self, deadly: str = "", from_round: int = 0, processors: int = 1) -> None:
        self.core, self.processors = 0, processors
        self.deadly, self.from_round = deadly, from_round
        self.now = 0.0
        self.cpu = Counter[int]()
        self.asked: list[tuple[str, Request]] = []

    def turn(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def move(self) -> None:
        self.core = (self.core + 1) % self.processors

    def pid(self, name: str) -> int:
        return ord(name)

    def ask(self, name: str, request: Request, seconds: float) -> Reply:
        self.asked.append((name, request))
        if name == self.deadly and len(self.of(name, Turn)) > self.from_round:
            return Failed(Status.CRASHED, "planted")
        match request:
            case Turn():
                return Set()
            case Go():
                self.now += 5
                self.cpu[self.pid(name)] += 3
                return Took(4.0, 0.0)
        return Shown(self.of(name, Turn)[-1].start, {"after w": "float32"})

    def of(self, name: str, kind: type[Any]) -> list[Any]:
        return [request for asked, request in self.asked if asked == name and isinstance(request, kind)]


def run(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    cycles: int = 10,
    checked: frozenset[int] = frozenset({3, 7}),
    sentinel: Sentinel | None = None,
    timer: Timer = lambda _part: nullcontext(),
) -> tuple[dict[str, SeenRounds], dict[str, Failed]]:
    cohort: Any = workers
    monkeypatch.setattr(account, "cpu_seconds", lambda pid: float(workers.cpu[pid]))
    monkeypatch.setattr(turns, "time", SimpleNamespace(perf_counter=lambda: workers.now))
    readings = iter(np.arange(1, 10_000, dtype=float).tolist())
    known = sentinel or Sentinel(lambda: next(readings))
    seen = {name: SeenRounds(0) for name in NAMES}
    course = Cycles(cohort, PROBLEM, dict.fromkeys(NAMES, PLAN), Draw(99, checked), known, timer)
    return seen, course.run(seen, range(cycles), np.random.default_rng(0))


def test_everybody_has_one_turn_a_cycle_and_nobody_two_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()
    run(workers, monkeypatch)
    taken = [name for name, request in workers.asked if isinstance(request, Go)]
    assert all(sorted(taken[at : at + 3]) == [*NAMES] for at in range(0, 30, 3))
    assert all(one != following for one, following in pairwise(taken))
    assert len({tuple(taken[at : at + 3]) for at in range(0, 30, 3)}) > 1


def test_an_order_of_one_is_what_it_is() -> None:
    assert order(["a"], "a", np.random.default_rng(0)) == ["a"]


def test_all_begin_a_cycle_at_one_start_and_each_cycle_at_another(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()
    run(workers, monkeypatch)
    sent = [[turn.start for turn in workers.of(name, Turn)] for name in NAMES]
    expected = [starts.packed(starts.of_problem(PROBLEM, (99, cycle))) for cycle in range(10)]
    assert sent == [expected] * 3
    assert len({*expected}) == 10


def test_two_witnesses_see_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, failed = run(Workers(), monkeypatch)
    assert failed == {}
    for one in seen.values():
        assert (one.seconds, one.wall, one.cpu) == ([4.0] * 10, [5.0] * 10, [3.0] * 10)
        assert one.witnessed().wall_seconds == (5.0,) * 10


def test_the_sentinel_is_read_before_and_after_each_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first cycle it reads 1, 2, 3 and 4, around the first turn, the second and the third."""
    seen, _ = run(Workers(), monkeypatch, cycles=1)
    assert sorted((one.before[0], one.after[0]) for one in seen.values()) == [(1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]


def test_a_loud_reading_is_repeated_and_the_next_turn_waits_for_a_quiet_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The floor is known after 34 cycles. In the next, the first turn slows a reading, and then a neighbour comes."""
    workers, parts = Workers(), list[str]()
    readings = iter([1.0] * 103 + [2.0, 1.1] + [2.0, 1.9, 1.8, 1.2])

    @contextmanager
    def timer(part: str) -> Iterator[None]:
        parts.append(part)
        yield

    sentinel = Sentinel(lambda: next(readings, 1.0))
    sentinel.begin_block()
    sentinel.begin_block()
    seen, _ = run(workers, monkeypatch, cycles=35, sentinel=sentinel, timer=timer)
    last = [name for name, request in workers.asked if isinstance(request, Go)][-3:]
    assert [(seen[name].before[-1], seen[name].after[-1]) for name in last] == [(1.0, 1.1), (1.1, 1.9), (1.2, 1.0)]
    assert parts == ["waiting"]


@pytest.mark.parametrize("blocks", [0, 2], ids=["no time to wait", "time to wait"])
def test_turns_move_to_the_processor_that_is_quiet_and_stay_there(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour comes to the first processor at the 110th reading, and moves on to the second at the 200th."""
    workers, number = Workers(processors=2), count()

    def work() -> float:
        now = next(number)
        return 2.0 if now >= 110 and workers.core == int(now >= 200) else 1.0

    sentinel = Sentinel(work)
    for _ in range(blocks):
        sentinel.begin_block()
    seen, _ = run(workers, monkeypatch, cycles=80, sentinel=sentinel)
    for one in seen.values():
        assert max(one.before) == 1.0
        moves = [processor for processor, _ in groupby(one.witnessed().processors)]
        assert moves == [0, 1, 0]


def test_parameters_are_asked_for_after_the_round_in_the_cycles_that_were_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers = Workers()
    seen, _ = run(workers, monkeypatch)
    for name in NAMES:
        requests = [request for asked, request in workers.asked if asked == name]
        at = [number for number, request in enumerate(requests) if isinstance(request, Show)]
        assert [len([one for one in requests[:number] if isinstance(one, Go)]) for number in at] == [4, 8]
        assert all(isinstance(requests[number - 1], Go) for number in at)
        assert [(one.round, one.seed) for one in seen[name].checked] == [(3, (99, 3)), (7, (99, 7))]


def test_who_fails_has_no_more_turns_and_the_others_have_all(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers(deadly="b", from_round=4)
    seen, failed = run(workers, monkeypatch)
    assert failed == {"b": Failed(Status.CRASHED, "planted")}
    assert [len(seen[name].seconds) for name in NAMES] == [10, 4, 10]
    assert len(workers.of("b", Turn)) == 5
