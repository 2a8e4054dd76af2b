"""Rounds in turns: one worker awake, a sentinel between turns, and two witnesses of every round.

Turns move to another processor, or wait, while the sentinel shows a disturbance where they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from bench.plan import starts
from bench.process import account
from bench.store.cell import Problem
from bench.store.raw_rows import Checked, Witnessed
from bench.timing.cohort import Cohort
from bench.timing.jobs import Plan
from bench.timing.messages import Failed, Go, Packed, Reply, Set, Show, Shown, Took, Turn, expected
from bench.timing.sampling import turn_seconds
from bench.timing.sentinel import Sentinel

# After a move the first reading may be loud only because the caches there are cold, so a second one is taken.
_READINGS_OF_A_PROCESSOR = 2

# What surrounds a part of the run whose duration is stored, by the name of the part.
Timer = Callable[[str], AbstractContextManager[None]]


@dataclass
class SeenRounds:
    """What the parent has observed of one worker's rounds so far.

    first       the cycle of the first of them
    started     processor time of what the worker has started, between its first turn and its last
    processors  on which the system let it run after its last turn
    cores       the processor of each turn; empty if turns were not pinned to one
    before      seconds of the sentinel just before each turn, and `after` it
    """

    first: int
    started: float = 0.0
    processors: list[int] | None = None
    seconds: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    cores: list[int] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    dtypes: dict[str, str] = field(default_factory=dict)

    def witnessed(self) -> Witnessed:
        """Return the record."""
        columns = (self.before, self.after, self.wall, self.cpu)
        before, after, wall, cpu = (tuple(round(one, 7) for one in column) for column in columns)
        return Witnessed(self.first, before, after, wall, cpu, round(self.started, 6), tuple(self.cores))


@dataclass(frozen=True)
class Draw:
    """What is drawn at random and no worker knows: where each round starts, and which rounds are checked.

    secret   with the number of a cycle the seed of its start, the same for all
    checked  the cycles after which parameters are asked for
    """

    secret: int
    checked: frozenset[int]

    def seed(self, cycle: int) -> tuple[int, ...]:
        """Return the seed of the start of this cycle."""
        return self.secret, cycle


def order(names: Sequence[str], last: str, generator: np.random.Generator) -> list[str]:
    """Return the names in a random order that does not begin with the last one of the cycle before.

    Caches are nobody's own after another's turn, so nobody has two turns in a row.
    """
    while True:
        drawn = [names[int(place)] for place in generator.permutation(len(names))]
        if drawn[0] != last or len(drawn) == 1:
            return drawn


class Cycles:
    """The cycles of workers that are ready for their rounds of one problem."""

    def __init__(
        self,
        cohort: Cohort,
        problem: Problem,
        plans: Mapping[str, tuple[Plan, float]],
        draw: Draw,
        sentinel: Sentinel,
        timer: Timer,
    ) -> None:
        self._cohort, self._problem, self._plans = cohort, problem, plans
        self._draw, self._sentinel, self._timer = draw, sentinel, timer

    def run(self, seen: Mapping[str, SeenRounds], cycles: range, generator: np.random.Generator) -> dict[str, Failed]:
        """Add these cycles to what was seen of each worker; return those that failed, which have no more turns."""
        failed: dict[str, Failed] = {}
        last, before = "", self._readings()[1]
        for cycle in cycles:
            names = [name for name in seen if name not in failed]
            if not names:
                break
            drawn = order(names, last, generator)
            last = drawn[-1]
            start = starts.packed(starts.of_problem(self._problem, self._draw.seed(cycle)))
            readings = []
            for name in drawn:
                readings.append(before)
                if (failure := self._turn(name, cycle, start, seen[name])) is not None:
                    failed[name] = failure
                after, following = self._readings()
                seen[name].before.append(before)
                seen[name].after.append(after)
                before = following
            self._sentinel.remember(readings)
        return failed

    def _readings(self) -> tuple[float, float]:
        """Return the readings of the sentinel after the turn that has ended, and before the next, which may wait.

        A turn may slow the reading after it. It has no hold on a second one, so if the first is loud that one counts.
        While readings are loud, the next turn moves from processor to processor: one move is always made, and further
        ones while there is time left to wait.
        """
        after = before = self._sentinel()
        if self._sentinel.loud(after):
            before = self._sentinel()
            after = min(after, before)
        if self._sentinel.loud(before):
            with self._timer("waiting"):
                for number in count():
                    if number % _READINGS_OF_A_PROCESSOR == 0:
                        self._cohort.move()
                    before = self._sentinel()
                    cold = number == 0 and self._sentinel.loud(before)
                    if not cold and not self._sentinel.must_wait(before):
                        break
        return after, before

    def _turn(self, name: str, cycle: int, start: Packed, seen: SeenRounds) -> Failed | None:
        plan, epoch_seconds = self._plans[name]
        limit = turn_seconds(plan, epoch_seconds)
        with self._cohort.turn(name):
            if isinstance(answer := self._cohort.ask(name, Turn(start), limit), Failed):
                return answer
            expected(answer, Set)
            answer, wall, cpu = self._round(name, limit)
            if isinstance(answer, Failed):
                return answer
            seen.seconds.append(expected(answer, Took).seconds)
            seen.wall.append(wall)
            seen.cpu.append(cpu)
            if self._cohort.core is not None:
                seen.cores.append(self._cohort.core)
            return self._check(name, cycle, seen, limit) if cycle in self._draw.checked else None

    def _round(self, name: str, seconds: float) -> tuple[Reply, float, float]:
        """Return the answer, the seconds until it came, and the worker's processor time meanwhile."""
        pid = self._cohort.pid(name)
        cpu, wall = account.cpu_seconds(pid), time.perf_counter()
        answer = self._cohort.ask(name, Go(), seconds)
        return answer, time.perf_counter() - wall, account.cpu_seconds(pid) - cpu

    def _check(self, name: str, cycle: int, seen: SeenRounds, seconds: float) -> Failed | None:
        """Ask for the parameters; that this round is checked is unknown to the worker until now."""
        if isinstance(answer := self._cohort.ask(name, Show(), seconds), Failed):
            return answer
        shown = expected(answer, Shown)
        seen.dtypes |= shown.dtypes
        seen.checked.append(Checked(len(seen.seconds) - 1, self._draw.seed(cycle), *shown.parameters))
        return None
