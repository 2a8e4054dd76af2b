"""A contest: all workers that train one problem are prepared, take turns, and report what they saw."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bench.machine import host
from bench.plan import starts
from bench.process import account
from bench.store.cell import Cell
from bench.store.raw_rows import Checked, Environment, Failure, HostTime, Rounds
from bench.timing import sampling
from bench.timing.cohort import Cohort
from bench.timing.entrants import Racer
from bench.timing.jobs import Plan
from bench.timing.messages import Failed, Finish, Finished, Leave, Made, Packed, Prepare, Warm, WarmUp, expected
from bench.timing.sentinel import Sentinel
from bench.timing.turns import Cycles, Draw, SeenRounds, Timer

# A lie must show in three processes. The first blocks are always examined, and a random share of the others. Workers
# know neither the number of their block nor whether it is examined.
_CERTAIN_BLOCKS, _SHARE = 6, 1 / 3

Plans = Mapping[Cell, Plan]


@dataclass(frozen=True)
class Outcome:
    """The results of a contest, and the system's counters while rounds were timed."""

    rounds: list[Rounds] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    host: list[HostTime] = field(default_factory=list)


def paces(cohort: Cohort, runners: Sequence[Racer], block: int) -> tuple[dict[Cell, float], list[Failure]]:
    """Return how long an epoch of each cell takes, and the failures; no round is timed."""
    outcome = Outcome()
    made = _made(cohort, runners, block, outcome, pace=True)
    for name in made:
        cohort.tell(name, Leave())
    return {one.cell: made[one.group.name] for one in runners if one.group.name in made}, outcome.failures


def _made(cohort: Cohort, runners: Sequence[Racer], block: int, outcome: Outcome, *, pace: bool) -> dict[str, float]:
    """Make each trainer, and return the seconds per epoch by name; 0 unless the pace was asked for."""
    answers = cohort.each({one.group.name: Prepare(pace) for one in runners}, sampling.PREPARING_SECONDS)
    made = {}
    for runner in runners:
        match answers[runner.group.name]:
            case Failed(status, detail):
                outcome.failures.append(Failure(runner.cell, block, status, detail))
            case answer:
                made[runner.group.name] = expected(answer, Made).epoch_seconds or 0.0
    return made


class BlockContest:
    """The course of one contest in one block.

    groups   those that have their trainers at the same time, one group after another
    plans    plan and pace of each cell; if empty, each group measures its own pace and plans a quick look
    """

    def __init__(
        self,
        cohort: Cohort,
        block: int,
        groups: Sequence[Sequence[Racer]],
        plans: Mapping[Cell, tuple[Plan, float]],
        core: int | None,
        timer: Timer,
    ) -> None:
        self._cohort, self._block, self._groups, self._core = cohort, block, groups, core
        self._timer, self._examined = timer, examined(block)
        self._runners = {one.group.name: one for group in groups for one in group}
        self._given = plans
        self._plans: dict[str, tuple[Plan, float]] = {}
        self._warm: dict[str, int] = {}
        self._seen: dict[str, SeenRounds] = {}
        self._outcome = Outcome()

    def run(self, generator: np.random.Generator, sentinel: Sentinel) -> Outcome:
        """Return the rounds of all, and the failures."""
        first = 0
        for number, group in enumerate(self._groups):
            self._prepare([one for one in group if one.group.name not in self._seen], first)
            later = {one.group.name for after in self._groups[number + 1 :] for one in after}
            present = [one.group.name for one in group if one.group.name in self._warm]
            if not present:
                continue
            cycles = max(self._plans[name][0].rounds // self._times(name) for name in present)
            with self._timer("rounds"):
                self._rounds(present, range(first, first + cycles), generator, sentinel)
            first += cycles
            with self._timer("evidence"):
                self._finish([name for name in present if name in self._warm and name not in later])
        return self._outcome

    def _times(self, name: str) -> int:
        """Return the number of groups in which a worker takes part."""
        return sum(one.group.name == name for group in self._groups for one in group)

    def _prepare(self, runners: Sequence[Racer], first: int) -> None:
        with self._timer("start-up"):
            made = _made(self._cohort, runners, self._block, self._outcome, pace=not self._given)
        cells = {name: self._runners[name].cell for name in made}
        given = self._given or _quick({cells[name]: seconds for name, seconds in made.items()})
        for name, cell in cells.items():
            plan, seconds = given[cell]
            self._plans[name] = replace(plan, rounds=plan.rounds * self._times(name)), seconds
        limit = max((sampling.warm_up_seconds(*self._plans[name]) for name in made), default=0.0)
        with self._timer("warm-up"):
            answers = self._cohort.each({name: WarmUp(self._plans[name][0]) for name in made}, limit)
        for name, answer in answers.items():
            if isinstance(answer, Failed):
                self._fail(name, answer)
            else:
                self._warm[name] = expected(answer, Warm).rounds
                self._seen[name] = SeenRounds(first)

    def _rounds(self, names: Sequence[str], cycles: range, generator: np.random.Generator, sentinel: Sentinel) -> None:
        """Let these workers take turns in these cycles, and observe their processors and children from outside."""
        self._cohort.pin(self._core)
        before = host.read()
        for name in names:
            self._seen[name].started -= account.started_seconds(self._cohort.pid(name))
        problem, draw = self._runners[names[0]].cell.problem, drawn(cycles, check=self._examined)
        course = Cycles(self._cohort, problem, self._plans, draw, sentinel, self._timer)
        for name, failed in course.run({name: self._seen[name] for name in names}, cycles, generator).items():
            self._fail(name, failed)
        for name in names:
            if name in self._warm:
                pid, seen = self._cohort.pid(name), self._seen[name]
                seen.processors = account.processors(pid)
                seen.started += account.started_seconds(pid)
        self._outcome.host.append(host.between(before, host.read()))
        self._cohort.pin(None)

    def _fail(self, name: str, why: Failed) -> None:
        self._warm.pop(name, None)
        self._outcome.failures.append(Failure(self._runners[name].cell, self._block, why.status, why.detail))

    def _finish(self, names: Sequence[str]) -> None:
        begun = {name: [self._start(name, one) for one in self._seen[name].checked] for name in names}
        checks = max((len(one) for one in begun.values()), default=0)
        limit = max((sampling.finishing_seconds(*self._plans[name], checks) for name in names), default=0.0)
        for name, answer in self._cohort.each(
            {name: Finish(begun[name], self._examined) for name in names}, limit
        ).items():
            if isinstance(answer, Failed):
                self._fail(name, answer)
            else:
                self._outcome.rounds.append(self._record(name, expected(answer, Finished)))

    def _start(self, name: str, checked: Checked) -> Packed:
        return starts.packed(starts.of_problem(self._runners[name].cell.problem, checked.seed))

    def _record(self, name: str, found: Finished) -> Rounds:
        runner, seen = self._runners[name], self._seen[name]
        again = dict(enumerate(found.repeated))
        checked = tuple(replace(one, repeated=(one.w, one.b) == again.get(at)) for at, one in enumerate(seen.checked))
        return Rounds(
            cell=runner.cell,
            name=runner.group.implementation,
            block=self._block,
            epochs_per_round=self._plans[name][0].epochs_per_round,
            warmup_rounds=self._warm[name],
            first_epoch_seconds=found.first_epoch_seconds,
            round_seconds=tuple(seen.seconds),
            costs=found.costs,
            environment=_placed(found.environment, seen.processors, seen.cores[-1] if seen.cores else None),
            witnessed=seen.witnessed(),
            evidence=replace(found.evidence, checked=checked, dtypes=found.evidence.dtypes | seen.dtypes),
        )


def _quick(seconds: Mapping[Cell, float]) -> dict[Cell, tuple[Plan, float]]:
    return {cell: (plan, seconds[cell]) for cell, plan in sampling.plans(seconds, sampling.QUICK).items()}


def _placed(environment: Environment, processors: Sequence[int] | None, core: int | None) -> Environment:
    """Return the conditions with the processors on which the worker could run, and the one that was asked for last."""
    if processors is None:
        return environment
    asked = environment.asked | ({} if core is None else {"processors": str(core)})
    return replace(environment, asked=asked, found=environment.found | {"processors": ", ".join(map(str, processors))})


def examined(block: int) -> bool:
    """Draw whether the rounds of a block are checked and evidence is gathered after them."""
    return block <= _CERTAIN_BLOCKS or secrets.SystemRandom().random() < _SHARE


def drawn(cycles: range, *, check: bool) -> Draw:
    """Draw the starts and the checked cycles from the system's random source, so that no worker can predict them.

    With `check`, every cycle is as likely to be checked as any other: one on average, and at least one.
    """
    generator = np.random.default_rng(secrets.randbits(128))
    chosen = {int(place) for place in np.flatnonzero(generator.random(len(cycles)) < 1 / len(cycles))}
    certain = chosen or {int(generator.integers(len(cycles)))}
    return Draw(secrets.randbits(63), frozenset(cycles[place] for place in certain) if check else frozenset())
