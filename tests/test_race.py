from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impls
from bench import attempts, race
from bench.jsonl import append_line, from_mapping, read_lines
from bench.records import Cell, Failure, Problem, Rounds, Status
from bench.worker.pace import Pace
from bench.worker.timing import RECORDS, STARTED, Job
from bench.workers import Ending
from datasets.dataset import Dataset, Model
from datasets.prepared import save

OTHER = "other:Implementation"
OK = Ending(Status.OK, "")


def problem(dataset: str, dtype: str = "float32") -> Problem:
    return Problem(dataset, Model.SIMPLE_LINEAR, 3, 1, 1, dtype, 0.01, None, False, False, 0)


def cell(dataset: str, implementation: str = OTHER, *, threads: int = 1) -> Cell:
    return Cell(implementation, problem(dataset), "cpu", threads)


class FakeWorkers:
    """Stands in for processes: every cell gives its record, unless `deadly` says how its worker ends."""

    def __init__(self, deadly: Mapping[str, Ending] | None = None, from_block: int = 0) -> None:
        self.deadly = deadly or {}
        self.from_block = from_block
        self.jobs: list[Job] = []
        self.limits: list[float] = []
        self.environments: list[Mapping[str, str]] = []

    def __call__(
        self, module: str, fields: Any, *, environment: Mapping[str, str], folder: Path, timeout_seconds: float
    ) -> Ending:
        job = from_mapping(Job, json.loads(json.dumps(fields)))
        self.jobs.append(job)
        self.limits.append(timeout_seconds)
        self.environments.append(environment)
        for number, entry in enumerate(job.entries):
            (folder / STARTED).write_text(str(number))
            if entry.cell.problem.dataset in self.deadly and job.block >= self.from_block:
                return self.deadly[entry.cell.problem.dataset]
            if module == "bench.worker.pilot":
                append_line(folder / RECORDS, Pace(entry.cell, 1e-3))
            else:
                append_line(folder / RECORDS, Rounds(entry.cell, job.name, job.block, job.position, 1, 1, 1.0, (1.0,)))
        return OK

    def of_block(self, block: int) -> list[Job]:
        return [job for job in self.jobs if job.block == block]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[list[Rounds], list[Failure]]]:
    def start(
        workers: FakeWorkers, cells: list[Cell], *, blocks: int = 1, seed: int = 0, quick: bool = False
    ) -> tuple[list[Rounds], list[Failure]]:
        monkeypatch.setattr(attempts, "run_worker", workers)
        folders = {(one.problem.dataset, one.problem.dtype): tmp_path / one.problem.dataset for one in cells}
        raw = tmp_path / f"raw{seed}"
        return race.race(cells, folders, blocks=blocks, seed=seed, quick=quick, raw=raw, on_progress=lambda _line: None)

    return start


Run = Callable[..., tuple[list[Rounds], list[Failure]]]


def test_a_block_is_every_implementation_once_and_the_baseline_twice(run: Run) -> None:
    workers = FakeWorkers()
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abc"]
    rounds, failures = run(workers, cells, blocks=4)
    assert failures == []
    for block in range(1, 5):
        jobs = workers.of_block(block)
        assert sorted(job.name for job in jobs) == sorted([impls.BASELINE, f"{impls.BASELINE}@aa", OTHER])
        assert [job.position for job in jobs] == [0, 1, 2]
        assert all({entry.cell for entry in job.entries} <= set(cells) and len(job.entries) == 3 for job in jobs)
    assert len(rounds) == 4 * 3 * 3
    assert not [job for job in workers.of_block(race.PILOT) if job.name.endswith("@aa")]


def test_a_quick_run_has_no_twin(run: Run) -> None:
    workers = FakeWorkers()
    run(workers, [cell("a", impls.BASELINE)], quick=True)
    assert [job.name for job in workers.jobs] == [impls.BASELINE, impls.BASELINE]


def orders(workers: FakeWorkers) -> list[tuple[str, ...]]:
    return [(job.name, *(entry.cell.problem.dataset for entry in job.entries)) for job in workers.jobs]


def test_order_is_random_and_the_seed_tells_it(run: Run) -> None:
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abcdef"]
    found = []
    for seed in (0, 0, 1):
        workers = FakeWorkers()
        run(workers, cells, blocks=3, seed=seed)
        found.append(orders(workers))
    assert found[0] == found[1] != found[2]
    timed = found[0][2:]
    assert len({names[1:] for names in timed}) > 1


def test_workers_share_neither_dtype_nor_threads(run: Run) -> None:
    workers = FakeWorkers()
    double = Cell(OTHER, problem("a", "float64"), "cpu", 1)
    run(workers, [cell("a"), double, cell("a", threads=2)], quick=True)
    assert [len(job.entries) for job in workers.jobs] == [1] * 6
    x64 = {
        job.entries[0].cell: "JAX_ENABLE_X64" in e for job, e in zip(workers.jobs, workers.environments, strict=True)
    }
    assert x64 == {cell("a"): False, double: True, cell("a", threads=2): False}


def test_all_of_a_block_run_on_one_core_and_the_next_block_on_the_next(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {5, 3}, raising=False)
    workers = FakeWorkers()
    run(workers, [cell("a", impls.BASELINE), cell("a"), cell("b", threads=2)], blocks=3)
    for block, core in [(1, 5), (2, 3), (3, 5)]:
        assert {job.core for job in workers.of_block(block) if job.entries[0].cell.threads == 1} == {core}
        assert {job.core for job in workers.of_block(block) if job.entries[0].cell.threads == 2} == {None}


def test_a_cell_that_kills_its_worker_fails_alone_and_runs_no_more(run: Run) -> None:
    workers = FakeWorkers({"b": Ending(Status.CRASHED, "killed by SIGSEGV"), "d": Ending(Status.TIMEOUT, "no end")}, 1)
    cells = [cell(dataset) for dataset in "abcde"]
    rounds, failures = run(workers, cells, blocks=2)
    assert {(f.cell.problem.dataset, f.status, f.detail, f.block) for f in failures} == {
        ("b", Status.CRASHED, "killed by SIGSEGV", 1),
        ("d", Status.TIMEOUT, "no end", 1),
    }
    assert sorted(r.cell.problem.dataset for r in rounds) == sorted("ace" * 2)
    assert [len(job.entries) for job in workers.of_block(2)] == [3]


def test_a_cell_that_fails_in_the_pilot_is_not_timed(run: Run) -> None:
    workers = FakeWorkers({"b": Ending(Status.FAILED, "exit code 7")})
    rounds, (failure,) = run(workers, [cell("a"), cell("b")])
    assert (failure.status, failure.detail, failure.block) == (Status.CRASHED, "exit code 7", race.PILOT)
    assert [r.cell.problem.dataset for r in rounds] == ["a"]


def test_records_are_on_disk_as_they_are_returned(run: Run, tmp_path: Path) -> None:
    rounds, failures = run(FakeWorkers({"b": Ending(Status.CRASHED, "killed")}), [cell("a"), cell("b")], blocks=2)
    assert read_lines(Rounds, tmp_path / "raw0" / "rounds.jsonl") == rounds
    assert read_lines(Failure, tmp_path / "raw0" / "failures.jsonl") == failures
    assert rounds
    assert failures


def test_what_was_finished_before_an_interrupt_is_on_disk(run: Run, tmp_path: Path) -> None:
    class Interrupted(FakeWorkers):
        def __call__(self, *arguments: Any, **named: Any) -> Ending:
            if arguments[1]["block"] == 2:
                raise KeyboardInterrupt
            return super().__call__(*arguments, **named)

    with pytest.raises(KeyboardInterrupt):
        run(Interrupted(), [cell("a")], blocks=3)
    assert [r.block for r in read_lines(Rounds, tmp_path / "raw0" / "rounds.jsonl")] == [1]


@pytest.mark.parametrize("ending", [Ending(Status.FAILED, "exit code 1\nImportError"), OK])
def test_a_worker_that_starts_nothing_fails_all_its_cells_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    workers = FakeWorkers()
    monkeypatch.setattr(FakeWorkers, "__call__", lambda self, *_a, **_n: self.jobs.append(_a) or ending)
    rounds, failures = run(workers, [cell("a"), cell("b")], blocks=2)
    assert rounds == []
    assert [(f.cell.problem.dataset, f.status) for f in failures] == [("a", Status.CRASHED), ("b", Status.CRASHED)]
    assert len(workers.jobs) == 1


def test_time_limit_grows_with_the_work(run: Run) -> None:
    workers = FakeWorkers()
    run(workers, [cell(dataset) for dataset in "ab"])
    assert workers.limits[0] == 60 + 120 * 2
    assert workers.limits[1] > 60 + 10 * 2 * 0.3


def test_estimate_counts_every_worker_and_cell() -> None:
    one = [cell("a")]
    assert race.estimate_seconds(one, 2, quick=False) > race.estimate_seconds(one, 1, quick=False)
    assert race.estimate_seconds(one, 1, quick=True) < race.estimate_seconds(one, 1, quick=False)
    twice = race.estimate_seconds([cell("a", impls.BASELINE)], 1, quick=False)
    assert twice > race.estimate_seconds(one, 1, quick=False)


def test_real_workers_survive_planted_deaths_and_time_the_rest(tmp_path: Path) -> None:
    """Two of six cells kill their worker, three raise, each in its own place, and one is timed."""
    deadly = str(Path(__file__).with_name("planted") / "deaths.py") + ":Deadly"
    names = ["raises", "exits", "fine", "segfault", "raises at once", "raises late"]
    x = np.arange(3, dtype=np.float32)
    for name in names:
        save(Dataset(name, Model.SIMPLE_LINEAR, x, 2 * x, 1, 0.01, "planted", "none"), tmp_path / name)
    folders = {(name, "float32"): tmp_path / name for name in names}
    cells = [cell(name, deadly) for name in names]
    said: list[str] = []
    (rounds,), failures = race.race(
        cells, folders, blocks=1, seed=0, quick=True, raw=tmp_path / "raw", on_progress=said.append
    )
    found = {failure.cell.problem.dataset: (failure.status, failure.detail) for failure in failures}
    assert {name: status for name, (status, _) in found.items()} == {
        "raises": Status.FAILED,
        "exits": Status.CRASHED,
        "segfault": Status.CRASHED,
        "raises at once": Status.FAILED,
        "raises late": Status.FAILED,
    }
    assert found["raises"][1].endswith("RuntimeError: planted in epoch")
    assert found["raises at once"][1].endswith("RuntimeError: planted in the constructor")
    assert found["raises late"][1].endswith("RuntimeError: planted in synchronize")
    assert found["segfault"][1].startswith("killed by SIGSEGV")
    assert rounds.cell.problem.dataset == "fine"
    (kept,) = (tmp_path / "raw" / "pytest").iterdir()
    (benchmark,) = json.loads(kept.read_text())["benchmarks"]
    assert [round(seconds, 9) for seconds in benchmark["stats"]["data"]] == list(rounds.round_seconds)
    assert benchmark["extra_info"]["cell"]["problem"]["dataset"] == "fine"
    assert said[-1] == "block 1 of 1"
