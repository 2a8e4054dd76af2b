from __future__ import annotations

import errno
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impls
from bench.analysis.statistics import MARGIN
from bench.machine.idle import Quiet
from bench.plan.controls import NULL
from bench.process import account
from bench.process.events import Event, Listener, Note, Stage, Step, Timed
from bench.store import checkpoint
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import append_line, read_lines
from bench.store.layout import ROOT
from bench.store.raw_rows import Block, Failure, Rates, Rounds, Spent
from bench.timing import contest, race, rates
from bench.timing.messages import Failed, Prepare, Request, Turn, WarmUp
from bench.timing.sampling import FULL
from bench.timing.sentinel import Sentinel
from datasets.dataset import Dataset, Model
from datasets.prepared import save
from tests.support.scripts import Scripted, Scripts

OTHER = "other:Implementation"
CRASHED = Failed(Status.CRASHED, "killed by SIGSEGV")
DEADLY = str(ROOT / "tests" / "support" / "planted" / "deaths.py") + ":Deadly"


def problem(dataset: str, dtype: str = "float32") -> Problem:
    return Problem(dataset, Model.SIMPLE_LINEAR, 3, 1, 1, dtype, 0.01, None, False, False, 0)


def cell(dataset: str, implementation: str = OTHER, *, threads: int = 1) -> Cell:
    return Cell(implementation, problem(dataset), "cpu", threads)


Outcome = tuple[list[Rounds], list[Failure]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Outcome]:
    monkeypatch.setattr(rates, "measured", lambda *_, **__: [])
    monkeypatch.setattr(account, "started_seconds", lambda _pid: 0.0)
    monkeypatch.setattr(race, "Sentinel", lambda: Sentinel(lambda: 5e-4))

    def start(
        scripts: Scripts,
        cells: list[Cell],
        *,
        blocks: int = 1,
        max_blocks: int = 1,
        seed: int = 0,
        quick: bool = False,
        raw: str = "raw",
        precision: float = MARGIN,
        limit: float = math.inf,
        on_progress: Listener = lambda _: None,
        **more: Any,
    ) -> Outcome:
        monkeypatch.setattr(race, "Cohort", scripts)
        folders = {(one.problem.dataset, one.problem.dtype): tmp_path / one.problem.dataset for one in cells}
        wanted = race.Wanted(blocks, max(blocks, max_blocks), seed, quick, precision, limit)
        quiet = Quiet(pressure=lambda: None)
        race.race(cells, folders, wanted, raw=tmp_path / raw, on_progress=on_progress, quiet=quiet, **more)
        done = checkpoint.read(tmp_path / raw)
        return [one for one in done.rounds if one.name != NULL], done.failures

    return start


Run = Callable[..., Outcome]


def test_in_a_block_every_implementation_takes_turns_and_the_baseline_twice(run: Run) -> None:
    scripts = Scripts()
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abc"]
    rounds, failures = run(scripts, cells, blocks=4)
    assert failures == []
    assert {job.name for job in scripts.blocks[race.PILOT].jobs} == {impls.BASELINE, OTHER}
    for block in scripts.blocks[1:]:
        assert sorted(job.name for job in block.jobs) == sorted([impls.BASELINE, f"{impls.BASELINE}@aa", OTHER, NULL])
        ranked = [job for job in block.jobs if job.name != NULL]
        assert all({entry.cell for entry in job.entries} <= set(cells) and len(job.entries) == 3 for job in ranked)
        assert len({tuple(entry.cell.problem.dataset for entry in job.entries) for job in ranked}) == 1
    assert len(rounds) == 4 * 3 * 3
    assert all(len(one.round_seconds) == FULL.cycles and one.evidence.checked for one in rounds)


def test_the_null_implementation_runs_as_many_epochs_a_round_as_the_others(run: Run, tmp_path: Path) -> None:
    rounds, _ = run(Scripts(), [cell("a"), cell("b")])
    (null,) = [one for one in read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl") if one.name == NULL]
    assert {null.epochs_per_round} == {one.epochs_per_round for one in rounds}


def test_rates_are_measured_once_a_block_and_dtype_for_what_has_a_limit(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell on several threads or on an accelerator has none."""
    asked: list[tuple[int, str, int]] = []

    def measured(block: int, _core: int | None, *, dtype: str, threads: int, **_: object) -> list[Rates]:
        asked.append((block, dtype, threads))
        return []

    monkeypatch.setattr(rates, "measured", measured)
    one = cell("a")
    run(Scripts(), [one, replace(one, threads=2), replace(one, device="cuda:0"), cell("b")], blocks=2)
    assert asked == [(1, "float32", 1), (2, "float32", 1)]


def test_a_quick_run_has_neither_pilot_nor_twin_nor_null(run: Run) -> None:
    scripts = Scripts()
    run(scripts, [cell("a", impls.BASELINE)], quick=True)
    (block,) = scripts.blocks
    assert [job.name for job in block.jobs] == [impls.BASELINE]
    assert [request.pace for _, request in block.asked if isinstance(request, Prepare)] == [True]


def test_the_pace_is_found_once(run: Run) -> None:
    scripts = Scripts()
    run(scripts, [cell("a")], blocks=2)
    paces = [[request.pace for _, request in one.asked if isinstance(request, Prepare)] for one in scripts.blocks]
    assert paces == [[True], [False] * 2, [False] * 2]  # of the cell, and of the null implementation


def order(scripts: Scripts) -> list[object]:
    jobs = [(job.name, *(entry.cell.problem.dataset for entry in job.entries)) for job in scripts.jobs]
    turns = [name for block in scripts.blocks for name, request in block.asked if isinstance(request, Turn)]
    return [*jobs, *turns]


def test_order_is_random_and_the_seed_tells_it(run: Run) -> None:
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abcdef"]
    found = []
    for number, seed in enumerate((0, 0, 1)):
        scripts = Scripts()
        run(scripts, cells, blocks=3, seed=seed, raw=f"raw{number}")
        found.append(order(scripts))
    assert found[0] == found[1] != found[2]


def test_no_seed_tells_where_a_round_starts_or_whether_it_is_checked(run: Run) -> None:
    seen = []
    for number in range(2):
        rounds, _ = run(Scripts(), [cell(dataset) for dataset in "abcdef"], raw=f"raw{number}")
        seen.append([[checked.seed for checked in one.evidence.checked] for one in rounds])
    assert seen[0] != seen[1]
    assert len({seed[0] for cells in seen for seeds in cells for seed in seeds}) == 12
    assert len({seed[1] for cells in seen for seeds in cells for seed in seeds}) > 1


def test_trainers_that_do_not_fit_take_turns_in_pairs(run: Run) -> None:
    scripts = Scripts()
    cells = [cell("a", name) for name in (impls.BASELINE, OTHER, "more")]
    rounds, _ = run(scripts, cells, memory_bytes=2.5 * 4 * 3 * 8)
    by_name = {one.name: one.witnessed.first_cycle for one in rounds}
    assert by_name == {impls.BASELINE: 0, OTHER: 0, "more": FULL.cycles, f"{impls.BASELINE}@aa": 2 * FULL.cycles}
    assert {one.name: len(one.round_seconds) for one in rounds} == {
        impls.BASELINE: 4 * FULL.cycles,  # with the null implementation too
        OTHER: FULL.cycles,
        "more": FULL.cycles,
        f"{impls.BASELINE}@aa": FULL.cycles,
    }


@pytest.mark.parametrize("at", [Turn, WarmUp])
def test_a_cell_that_kills_its_worker_fails_alone_and_runs_no_more(run: Run, at: type[Request]) -> None:
    timeout = Failed(Status.TIMEOUT, "no answer within its time limit")
    scripts = Scripts({"b": CRASHED, "d": timeout}, 1, at)
    rounds, failures = run(scripts, [cell(dataset) for dataset in "abcde"], blocks=2)
    assert {
        (f.cell.problem.dataset, f.status, f.detail, f.block) for f in failures if f.cell.implementation != NULL
    } == {
        ("b", Status.CRASHED, "killed by SIGSEGV", 1),
        ("d", Status.TIMEOUT, "no answer within its time limit", 1),
    }
    assert sorted(r.cell.problem.dataset for r in rounds) == sorted("ace" * 2)
    assert [len(job.entries) for job in scripts.blocks[2].jobs if job.name != NULL] == [3]


def test_a_cell_that_fails_in_the_pilot_is_not_timed(run: Run) -> None:
    rounds, failures = run(Scripts({"b": CRASHED}, at=Prepare), [cell("a"), cell("b")])
    (failure,) = failures
    assert (failure.status, failure.block) == (Status.CRASHED, race.PILOT)
    assert [r.cell.problem.dataset for r in rounds] == ["a"]


def test_records_are_on_disk_as_they_are_returned(run: Run, tmp_path: Path) -> None:
    rounds, failures = run(Scripts({"b": CRASHED}), [cell("a"), cell("b")], blocks=2)
    on_disk = [one for one in read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl") if one.name != NULL]
    assert [(one.name, one.block) for one in on_disk] == [(OTHER, 1), (OTHER, 2)]
    assert on_disk == rounds
    assert read_lines(Failure, tmp_path / "raw" / "failures.jsonl") == failures


def test_what_the_parts_of_a_run_take_is_kept(run: Run, tmp_path: Path) -> None:
    run(Scripts(), [cell("a")], blocks=2)
    found = {(one.block, one.part) for one in read_lines(Spent, tmp_path / "raw" / "spent.jsonl")}
    parts = {"waiting", "start-up", "warm-up", "rounds", "evidence", "leaving", "rates"}
    assert found == {(0, "pilot"), *((block, part) for block in (1, 2) for part in parts)}


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], None]:
    """In this block, and while these data are trained, the sentinel takes twice as long."""

    def plant(block: int, dataset: str) -> None:
        monkeypatch.setattr(race, "Sentinel", lambda: Sentinel(lambda: 5e-4))
        whole = contest.BlockContest.run

        def louder(self: contest.BlockContest, generator: Any, sentinel: Any) -> contest.Outcome:
            here = self._block, next(iter(self._runners.values())).cell.problem.dataset
            return whole(self, generator, Sentinel(lambda: 1e-3) if here == (block, dataset) else sentinel)

        monkeypatch.setattr(contest.BlockContest, "run", louder)

    return plant


def test_a_contest_without_a_quiet_processor_has_an_extra_block_of_its_own(
    run: Run, noisy: Callable[[int, str], None], tmp_path: Path
) -> None:
    noisy(2, "a")
    told: list[Event] = []
    cells = [cell(dataset, name) for dataset in "ab" for name in (impls.BASELINE, OTHER)]
    rounds, _ = run(Scripts(), cells, blocks=4, on_progress=told.append)
    blocks = read_lines(Block, tmp_path / "raw" / "blocks.jsonl")
    assert [(block.number, block.extra) for block in blocks] == [*((n, False) for n in range(1, 5)), (5, True)]
    assert {one.cell.problem.dataset for one in rounds if one.block == 5} == {"a"}
    assert {one.block for one in rounds if one.cell.problem.dataset == "b"} == {1, 2, 3, 4}
    assert [event.line for event in told if isinstance(event, Note)] == ["block 2: no quiet processor for a"]


def test_a_neighbour_that_filled_the_first_block_is_found_out_later(
    run: Run, noisy: Callable[[int, str], None], tmp_path: Path
) -> None:
    """When it ends, the sentinel has been no faster than in it."""
    noisy(1, "a")
    rounds, _ = run(Scripts(), [cell("a", impls.BASELINE), cell("a")], blocks=4)
    assert {one.block for one in rounds} == {1, 2, 3, 4, 5}


def test_a_quick_run_runs_nothing_again(run: Run, noisy: Callable[[int, str], None]) -> None:
    noisy(1, "a")
    scripts = Scripts()
    run(scripts, [cell("a")], quick=True)
    assert len(scripts.blocks) == 1


def scattered(share: Callable[[int], float]) -> Scripts:
    """The times of OTHER scatter around the baseline's by this share, by block."""
    return Scripts(seconds=lambda name, block: 5e-3 * (1 + (share(block) if name.startswith(OTHER) else 0.0)))


@pytest.mark.parametrize(
    ("share", "blocks"),
    [
        (lambda block: 0.2 * (-1) ** block, 40),  # wide to the last: as far as may be
        (lambda block: 0.2 * (-1) ** block if block <= 14 else 0.0, 34),  # narrow once 20 of 34 agree
        (lambda block: 1.0 + 0.5 * (-1) ** block, 40),  # SLOWER beyond doubt, which does not count: it is wide
        (lambda _block: 0.0, 14),
    ],
    ids=["wide", "narrow in the end", "wide and slower", "same"],
)
def test_blocks_are_added_while_an_interval_is_wide_whatever_it_says(
    run: Run, share: Callable[[int], float], blocks: int
) -> None:
    scripts = scattered(share)
    run(scripts, [cell("a", impls.BASELINE), cell("a")], blocks=14, max_blocks=40)
    assert len(scripts.blocks) - 1 == blocks


def test_a_precision_adds_blocks_until_every_interval_is_that_narrow(run: Run) -> None:
    """Ratios of 1 +- 2 % are narrow for the margin of 3 %, and for 1 % once 20 of 34 blocks agree."""
    found = []
    for precision in (0.03, 0.01):
        scripts = scattered(lambda block: 0.02 * (-1) ** block if block <= 14 else 0.0)
        cells = [cell("a", impls.BASELINE), cell("a")]
        run(scripts, cells, blocks=14, max_blocks=1000, precision=precision, raw=f"raw {precision}")
        found.append(len(scripts.blocks) - 1)
    assert found == [14, 34]


def test_a_precision_that_is_not_reached_ends_with_its_time(run: Run) -> None:
    scripts = scattered(lambda block: 0.2 * (-1) ** block)
    run(scripts, [cell("a", impls.BASELINE), cell("a")], blocks=14, max_blocks=1000, precision=0.01, limit=0.0)
    assert len(scripts.blocks) - 1 == 14


class Killed(Scripts):
    """The parent is killed in its second block, while its second contest goes on."""

    def __call__(self, folder: Path, processors: frozenset[int]) -> Scripted:
        block = super().__call__(folder, processors)
        asked = block.ask

        def ask(name: str, request: Request, seconds: float) -> Any:
            if len(self.blocks) == 3 and isinstance(request, Turn) and name.startswith(OTHER):
                turns = [one for one, other in block.asked if one == name and isinstance(other, Turn)]
                if len(turns) == 70:
                    raise SystemExit(137)
            return asked(name, request, seconds)

        block.ask = ask  # type: ignore[method-assign]
        return block


def test_a_resumed_race_does_what_is_missing(run: Run, tmp_path: Path) -> None:
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "ab"]
    with pytest.raises(SystemExit):
        run(Killed(), cells, blocks=3)
    assert {one.block for one in checkpoint.read(tmp_path / "raw").rounds} == {1, 2}
    scripts = Scripts()
    rounds, failures = run(scripts, cells, blocks=3)
    assert failures == []
    assert len(scripts.blocks) == 2  # 3 and 4, and no pilot
    blocks = checkpoint.read(tmp_path / "raw").blocks
    assert [(one.number, one.stopped) for one in blocks] == [(1, False), (2, True), (3, False), (4, False)]
    assert len({(one.name, one.block, one.cell) for one in rounds}) == len(rounds)
    assert {one.block for one in rounds} == {1, 2, 3, 4}


def test_a_cell_that_failed_does_not_run_in_a_resumed_race(run: Run) -> None:
    run(Scripts({"b": CRASHED}, from_block=1), [cell("a"), cell("b")], blocks=1)
    scripts = Scripts()
    run(scripts, [cell("a"), cell("b")], blocks=2)
    assert {entry.cell.problem.dataset for job in scripts.jobs for entry in job.entries} == {"a"}


def test_a_full_disk_ends_the_race_and_what_was_finished_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, record: Any) -> None:
        if path.name == "rounds.jsonl" and record.block == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        append_line(path, record)

    monkeypatch.setattr(race, "append_line", full)
    with pytest.raises(OSError, match="No space left"):
        run(Scripts(), [cell("a")], blocks=3)
    assert {one.block for one in read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl")} == {1}
    monkeypatch.setattr(race, "append_line", append_line)
    rounds, _ = run(Scripts(), [cell("a")], blocks=3)
    assert {one.block for one in rounds} == {1, 2, 3}


def test_a_run_whose_folder_was_removed_ends_and_makes_none(run: Run, tmp_path: Path) -> None:
    class Removing(Scripts):
        def __call__(self, folder: Path, processors: frozenset[int]) -> Scripted:
            if len(self.blocks) == 1:
                shutil.rmtree(tmp_path / "raw")
            return super().__call__(folder, processors)

    with pytest.raises(FileNotFoundError):
        run(Removing(), [cell("a")], blocks=2)
    assert not (tmp_path / "raw").exists()


def saved(names: list[str], folder: Path) -> dict[tuple[str, str], Path]:
    x = np.arange(3, dtype=np.float32)
    for name in names:
        save(Dataset(name, Model.SIMPLE_LINEAR, x, 2 * x, 1, 0.01, "planted", "none"), folder / name)
    return {(name, "float32"): folder / name for name in names}


def test_deaths_are_named_and_cost_themselves_alone(tmp_path: Path) -> None:
    """Real workers, in one cohort with an honest one."""
    names = ["raises", "exits", "floods", "fine", "segfault", "raises at once", "raises late", "allocates"]
    folders = saved(names, tmp_path)
    cells = [Cell(who, problem(name), "cpu", 1) for name in names for who in (impls.BASELINE, DEADLY)]
    told: list[Event] = []
    race.race(cells, folders, race.Wanted(1, 1, 0, quick=True), raw=tmp_path / "raw", on_progress=told.append)
    done = checkpoint.read(tmp_path / "raw")
    assert {failure.cell.implementation for failure in done.failures} == {DEADLY}
    found = {failure.cell.problem.dataset: (failure.status, failure.detail) for failure in done.failures}
    assert {name: status for name, (status, _) in found.items()} == {
        "raises": Status.FAILED,
        "exits": Status.CRASHED,
        "segfault": Status.CRASHED,
        "raises at once": Status.FAILED,
        "raises late": Status.FAILED,
        "floods": Status.BAD_OUTPUT,
        "allocates": Status.OUT_OF_MEMORY,
    }
    assert found["raises"][1].endswith("RuntimeError: planted in epoch")
    assert found["raises at once"][1].endswith("RuntimeError: planted in the constructor")
    assert found["raises late"][1].endswith("RuntimeError: planted in synchronize")
    assert found["segfault"][1].startswith("killed by SIGSEGV")
    fine = [one.cell for one in done.rounds]
    assert sorted(one.problem.dataset for one in fine if one.implementation == impls.BASELINE) == sorted(names)
    assert [one.problem.dataset for one in fine if one.implementation == DEADLY] == ["fine"]
    assert any(isinstance(event, Step) and event.stage is Stage.BLOCKS for event in told)
    assert isinstance(told[-1], Timed)
    assert not [*(tmp_path / "raw" / "workers").iterdir()]
