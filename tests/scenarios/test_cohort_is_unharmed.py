"""One worker misbehaves in its turns: it is named, and nobody else of the cohort is worse off."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import count, groupby
from pathlib import Path

import numpy as np
import psutil
import pytest

import impls
from bench.audit import rules
from bench.plan.controls import TWIN
from bench.store.cell import Cell, Problem, Status
from bench.store.layout import ROOT
from bench.store.raw_rows import Rounds
from bench.timing import contest, turns
from bench.timing.cohort import MARK, Cohort
from bench.timing.contest import BlockContest, Outcome
from bench.timing.entrants import Racer, WorkerGroup, processors
from bench.timing.jobs import Entry, Job, Plan
from bench.timing.sentinel import Sentinel
from datasets.dataset import Dataset, Model
from datasets.prepared import save

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

PLANTED = str(ROOT / "tests" / "support" / "planted" / "turns.py")
CYCLES = 30
PROBLEM = Problem("drawn", Model.LOGISTIC, 500, 8, 1, "float32", 0.1, None, False, False, 0)
PLAN = Plan(
    160, CYCLES, 40, 3, 0.01
)  # rounds as long as a run's: what a clock hides in a shorter one is within the limit


@pytest.fixture(autouse=True)
def _nothing_is_timed_after_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather no evidence: what it says of a single process depends on what else the machine does at that moment."""
    monkeypatch.setattr(contest, "examined", lambda _block: False)


def run(planted: str | None, tmp_path: Path, sentinel: Sentinel | None = None, cycles: int = CYCLES) -> Outcome:
    """Let the baseline and its twin take turns, with a planted implementation if there is one."""
    generator = np.random.default_rng(1)
    x = generator.standard_normal((PROBLEM.n, PROBLEM.d))
    data = Dataset("drawn", Model.LOGISTIC, x, (x[:, 0] > 0).astype(float), 1, 0.1, "drawn", "none")
    save(data.astype("float32"), tmp_path / "drawn")
    cells = {
        name: Cell(name.removesuffix(TWIN), PROBLEM, "cpu", 1) for name in (impls.BASELINE, f"{impls.BASELINE}{TWIN}")
    }
    if planted is not None:
        cells[planted] = Cell(f"{PLANTED}:{planted}", PROBLEM, "cpu", 1)
    runners = [Racer(WorkerGroup(name, (cell,)), cell) for name, cell in cells.items()]
    with Cohort(tmp_path / "workers", processors()) as cohort:
        for one in runners:
            cohort.start(one.group.name, Job(one.group.implementation, (Entry(one.cell, str(tmp_path / "drawn")),), ""))
        plans = dict.fromkeys(cells.values(), (replace(PLAN, rounds=cycles), 0.0001))
        course = BlockContest(cohort, 1, [runners], plans, min(processors()), lambda _part: nullcontext())
        outcome = course.run(np.random.default_rng(0), sentinel or Sentinel())
        cohort.dismiss()
    left = [process for process in psutil.process_iter() if _environment(process).get(MARK) == cohort.mark]
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []
    return outcome


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def unharmed(outcome: Outcome, cycles: int = CYCLES) -> dict[str, Rounds]:
    """Both copies of the baseline have all their rounds, and nothing is said against them."""
    found = {one.name: one for one in outcome.rounds}
    for name in (impls.BASELINE, f"{impls.BASELINE}{TWIN}"):
        assert len(found[name].round_seconds) == cycles
        assert rules.findings(found[name]) == []
    return found


@pytest.mark.parametrize(
    ("planted", "status", "words"),
    [
        ("DiesBetweenTurns", Status.CRASHED, "killed by SIGALRM"),
        ("Hangs", Status.TIMEOUT, "no answer within its time limit"),
        ("TalksUnasked", Status.BAD_OUTPUT, "it answers Took, where Set is due"),
        ("FloodsItsLog", Status.BAD_OUTPUT, "its output is longer than 64 MiB"),
    ],
)
def test_who_dies_hangs_or_floods_between_turns_is_named(
    planted: str, status: Status, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "turn_seconds", lambda _plan, _epoch: 5.0)
    outcome = run(planted, tmp_path)
    assert planted not in unharmed(outcome)
    (failure,) = outcome.failures
    assert (failure.status, failure.cell.implementation) == (status, f"{PLANTED}:{planted}")
    assert failure.detail.startswith(words)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process be pinned")
@pytest.mark.skipif(len(processors()) < 2, reason="there is one processor")
def test_workers_follow_to_the_processor_that_is_quiet(tmp_path: Path) -> None:
    """The sentinel is loud on the first processor once its floor is known."""
    first, second, *_ = sorted(processors())
    number = count()

    def work() -> float:
        return 1.0 if next(number) > 150 and os.sched_getaffinity(0) == {first} else 0.001

    sentinel = Sentinel(work)
    sentinel.begin_block()
    outcome = run(None, tmp_path, sentinel, cycles=100)
    for one in unharmed(outcome, 100).values():
        moved = [processor for processor, _ in groupby(one.witnessed.processors)]
        assert moved == [first, second]
        assert one.environment.found["processors"] == str(second)


@pytest.mark.parametrize("planted", ["HalfSpeed", "RewritesStatistics"])
def test_a_clock_that_runs_at_half_speed_is_found(planted: str, tmp_path: Path) -> None:
    outcome = run(planted, tmp_path)
    assert outcome.failures == []
    (found,) = [one for one in rules.findings(unharmed(outcome)[planted]) if one.status is Status.CLOCK_DISAGREES]
    assert "by its own clock" in found.detail


def test_a_child_that_works_beside_is_found_and_does_not_stay(tmp_path: Path) -> None:
    outcome = run("StartsChild", tmp_path)
    assert outcome.failures == []
    found = rules.findings({one.name: one for one in outcome.rounds}["StartsChild"])
    (finding,) = [one for one in found if one.status is Status.WRONG_ENVIRONMENT]
    assert finding.detail.startswith("what it had started used")
