"""A parent without processes: asks one cell what a real one asks, and makes the record of the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from bench.plan import starts
from bench.store.raw_rows import Checked, Rounds
from bench.timing.jobs import Entry, Plan
from bench.timing.messages import (
    Failed,
    Finish,
    Finished,
    Go,
    Made,
    Prepare,
    Reply,
    Request,
    Show,
    Shown,
    Took,
    Turn,
    Warm,
    WarmUp,
)
from bench.worker import measure
from bench.worker.evidence import Clocks

SEED = 1 << 40


class Benchmark:
    """What pytest-benchmark's `pedantic` does with these arguments, by a clock of ours."""

    def __init__(self, clock: Callable[[], float], beside: Callable[[], object] = lambda: None) -> None:
        self.clock, self.beside = clock, beside
        self.stats = SimpleNamespace(stats=SimpleNamespace(data=[]))
        self.extra_info: dict[str, Any] = {}

    def pedantic(self, target: Any, *, setup: Any, teardown: Any, rounds: int, iterations: int) -> None:
        assert iterations == 1
        for _ in range(rounds):
            setup()
            self.beside()
            began = self.clock()
            target()
            self.stats.stats.data.append(self.clock() - began)
            teardown()


class Parent:
    """The channel of a worker, at whose other end a parent of these habits sits.

    checked   the rounds after which it asks for the parameters
    """

    def __init__(
        self, entry: Entry, plan: Plan, checked: frozenset[int] = frozenset({0}), *, pace: bool = False
    ) -> None:
        self.entry, self.plan, self.checked = entry, plan, checked
        self.replies: list[Reply] = []
        self._requests = self._script(pace=pace)

    def _script(self, *, pace: bool) -> Iterator[Request]:
        yield Prepare(pace)
        yield WarmUp(self.plan)
        for number in range(self.plan.rounds):
            yield Turn(self.start(number))
            yield Go()
            if number in self.checked:
                yield Show()
        yield Finish([self.start(number) for number in sorted(self.checked)], prove=True)

    def start(self, number: int) -> tuple[str, str]:
        """The start of a round, as it is sent."""
        return starts.packed(starts.of_problem(self.entry.cell.problem, (SEED, number)))

    def receive(self) -> Request:
        return next(self._requests)

    def send(self, reply: Reply) -> None:
        self.replies.append(reply)

    def of(self, kind: type[Any]) -> list[Any]:
        """The replies of one kind."""
        return [one for one in self.replies if isinstance(one, kind)]

    def rounds(self) -> Rounds:
        """The record of the cell."""
        (finished,), took, (warm,) = self.of(Finished), self.of(Took), self.of(Warm)
        numbers = sorted(self.checked)
        shown = zip(numbers, self.of(Shown), finished.repeated, strict=True)
        checked = tuple(
            Checked(number, (SEED, number), one.parameters[0], one.parameters[1], one.parameters == again)
            for number, one, again in shown
        )
        dtypes = finished.evidence.dtypes | self.of(Shown)[-1].dtypes
        return Rounds(
            cell=self.entry.cell,
            name=self.entry.cell.implementation,
            block=1,
            epochs_per_round=self.plan.epochs_per_round,
            warmup_rounds=warm.rounds,
            first_epoch_seconds=finished.first_epoch_seconds,
            round_seconds=tuple(one.seconds for one in took),
            costs=finished.costs,
            environment=finished.environment,
            evidence=replace(finished.evidence, checked=checked, dtypes=dtypes),
        )


def time_cell(
    entry: Entry, plan: Plan, clocks: Clocks, *, checked: frozenset[int] = frozenset({0}), benchmark: Any = None
) -> Rounds:
    """Return the record of a cell whose worker is this process."""
    parent: Any = Parent(entry, plan, checked)
    measure.time_cell(entry, parent, benchmark or Benchmark(clocks.wall), clocks, 0.5)
    made: Rounds = parent.rounds()
    return made


__all__ = ["SEED", "Benchmark", "Failed", "Made", "Parent", "time_cell"]
