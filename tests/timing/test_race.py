from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impls
from bench.machine.idle import Quiet
from bench.plan.controls import NULL
from bench.process.events import Event, Stage, Step, Timed
from bench.process.spawn import Ending, Order
from bench.store import checkpoint
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import append_line, from_mapping, read_lines
from bench.store.layout import RECORDS, ROOT, STARTED
from bench.store.raw_rows import STOPPED, Block, Disturbance, Failure, Rates, Rounds
from bench.timing import isolation, race, rates
from bench.timing.jobs import Job, Pace
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
        self.mapped: list[int] = []

    def __call__(self, order: Order) -> Ending:
        job, module, folder = from_mapping(Job, json.loads(json.dumps(order.job))), order.module, order.folder
        self.jobs.append(job)
        self.limits.append(order.timeout_seconds)
        self.environments.append(order.environment)
        self.mapped.append(order.mapped_bytes)
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


Outcome = tuple[list[Rounds], list[Failure]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Outcome]:
    monkeypatch.setattr(rates, "measured", lambda *_, **__: [])

    def start(
        workers: FakeWorkers,
        cells: list[Cell],
        *,
        blocks: int = 1,
        max_blocks: int = 1,
        seed: int = 0,
        quick: bool = False,
        raw: str = "raw",
    ) -> Outcome:
        monkeypatch.setattr(isolation, "run_worker", workers)
        folders = {(one.problem.dataset, one.problem.dtype): tmp_path / one.problem.dataset for one in cells}
        wanted = race.Wanted(blocks, max_blocks, seed, quick)
        quiet = Quiet(pressure=lambda: None)
        race.race(cells, folders, wanted, raw=tmp_path / raw, on_progress=lambda _line: None, quiet=quiet)
        done = checkpoint.read(tmp_path / raw)
        return [one for one in done.rounds if one.name != NULL], done.failures

    return start


Run = Callable[..., Outcome]


def test_a_block_is_every_implementation_once_and_the_baseline_twice(run: Run) -> None:
    workers = FakeWorkers()
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abc"]
    rounds, failures = run(workers, cells, blocks=4)
    assert failures == []
    for block in range(1, 5):
        jobs = workers.of_block(block)
        assert sorted(job.name for job in jobs) == sorted([impls.BASELINE, f"{impls.BASELINE}@aa", OTHER, NULL])
        assert [job.position for job in jobs] == [0, 1, 2, 3]
        ranked = [job for job in jobs if job.name != NULL]
        assert all({entry.cell for entry in job.entries} <= set(cells) and len(job.entries) == 3 for job in ranked)
    assert len(rounds) == 4 * 3 * 3
    assert {job.name for job in workers.of_block(race.PILOT)} == {impls.BASELINE, OTHER}


def test_the_files_that_a_worker_maps_are_told_with_its_order(run: Run, tmp_path: Path) -> None:
    """Those of all its cells, each once; of data on disk the folder holds none."""
    for name, file, size in (("a", "x.npy", 1000), ("b", "y.npy", 30), ("c", "dataset.json", 7)):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(bytes(size))
    workers, cells = FakeWorkers(), [cell(name) for name in "abc"]
    again = replace(cells[0], problem=replace(cells[0].problem, batch_size=1))
    run(workers, [*cells, again])
    assert len(workers.jobs[0].entries) == 4
    assert workers.mapped[0] == 1030


def test_the_null_implementation_runs_as_many_epochs_a_round_as_the_others(run: Run) -> None:
    workers = FakeWorkers()
    run(workers, [cell("a"), cell("b")])
    plans = {job.name: job.entries[0].plan for job in workers.of_block(1)}
    null, other = plans[NULL], plans[OTHER]
    assert null is not None
    assert other is not None
    assert null.epochs_per_round == other.epochs_per_round
    assert null.rounds < other.rounds


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
    others = [replace(one, threads=2), replace(one, device="cuda:0"), cell("b")]
    run(FakeWorkers(), [one, *others], blocks=2)
    assert asked == [(1, "float32", 1), (2, "float32", 1)]


def test_a_quick_run_has_neither_pilot_nor_twin_nor_null(run: Run) -> None:
    workers = FakeWorkers()
    run(workers, [cell("a", impls.BASELINE)], quick=True)
    assert [job.name for job in workers.jobs] == [impls.BASELINE]
    assert [entry.plan for entry in workers.jobs[0].entries] == [None]  # and it finds its own pace


def orders(workers: FakeWorkers) -> list[tuple[str, ...]]:
    return [(job.name, *(entry.cell.problem.dataset for entry in job.entries)) for job in workers.jobs]


def test_order_is_random_and_the_seed_tells_it(run: Run) -> None:
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "abcdef"]
    found = []
    for number, seed in enumerate((0, 0, 1)):
        workers = FakeWorkers()
        run(workers, cells, blocks=3, seed=seed, raw=f"raw{number}")
        found.append(orders(workers))
    assert found[0] == found[1] != found[2]
    timed = found[0][2:]
    assert len({names[1:] for names in timed}) > 1


def test_workers_share_neither_dtype_nor_threads(run: Run) -> None:
    workers = FakeWorkers()
    double = Cell(OTHER, problem("a", "float64"), "cpu", 1)
    run(workers, [cell("a"), double, cell("a", threads=2)], quick=True)
    assert [len(job.entries) for job in workers.jobs] == [1] * 3
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
    assert [len(job.entries) for job in workers.of_block(2) if job.name != NULL] == [3]


def test_a_cell_that_fails_in_the_pilot_is_not_timed(run: Run) -> None:
    workers = FakeWorkers({"b": Ending(Status.FAILED, "exit code 7")})
    rounds, (failure,) = run(workers, [cell("a"), cell("b")])
    assert (failure.status, failure.detail, failure.block) == (Status.CRASHED, "exit code 7", race.PILOT)
    assert [r.cell.problem.dataset for r in rounds] == ["a"]


def test_records_are_on_disk_as_they_are_returned(run: Run, tmp_path: Path) -> None:
    rounds, failures = run(FakeWorkers({"b": Ending(Status.CRASHED, "killed")}), [cell("a"), cell("b")], blocks=2)
    on_disk = read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl")
    assert [(one.name, one.block) for one in on_disk if one.name != NULL] == [(OTHER, 1), (OTHER, 2)]
    assert [one for one in on_disk if one.name != NULL] == rounds
    assert read_lines(Failure, tmp_path / "raw" / "failures.jsonl") == failures
    assert [failure.status for failure in failures] == [Status.CRASHED]


class Busy(FakeWorkers):
    """The workers of these blocks have the processor for half of the time."""

    def __init__(self, *blocks: int) -> None:
        super().__init__()
        self.blocks = blocks

    def __call__(self, order: Order) -> Ending:
        ending = super().__call__(order)
        if order.job["block"] in self.blocks:
            records = order.folder / RECORDS
            (one,) = read_lines(Rounds, records)
            records.unlink()
            append_line(records, replace(one, disturbance=Disturbance(wall_seconds=2.0, cpu_seconds=1.0)))
        return ending


def test_a_disturbed_block_is_run_again_whole_and_logged(run: Run, tmp_path: Path) -> None:
    workers = Busy(2)
    run(workers, [cell("a", impls.BASELINE)], blocks=4)
    blocks = read_lines(Block, tmp_path / "raw" / "blocks.jsonl")
    assert [(block.number, block.replaces) for block in blocks] == [(1, None), (2, None), (3, None), (4, None), (5, 2)]
    assert [bool(block.disturbed) for block in blocks] == [False, True, False, False, False]
    assert sorted(job.name for job in workers.of_block(5)) == sorted(job.name for job in workers.of_block(2))


def test_a_quick_run_runs_nothing_again(run: Run) -> None:
    workers = Busy(1)
    run(workers, [cell("a")], quick=True)
    assert max(job.block for job in workers.jobs) == 1


class Scattered(FakeWorkers):
    """The times of OTHER scatter around the baseline's by this share, by block."""

    def __init__(self, share: Callable[[int], float]) -> None:
        super().__init__()
        self.share = share

    def __call__(self, order: Order) -> Ending:
        ending = super().__call__(order)
        if order.job["name"] == OTHER and order.job["block"]:
            records = order.folder / RECORDS
            (one,) = read_lines(Rounds, records)
            records.unlink()
            append_line(records, replace(one, round_seconds=(1 + self.share(one.block),)))
        return ending


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
    workers = Scattered(share)
    run(workers, [cell("a", impls.BASELINE), cell("a")], blocks=14, max_blocks=40)
    assert max(job.block for job in workers.jobs) == blocks


def test_a_resumed_race_does_what_is_missing(run: Run, tmp_path: Path) -> None:
    """The parent was killed in block 2, when its first worker had finished a cell that no process took over."""
    cells = [cell(dataset, name) for name in (impls.BASELINE, OTHER) for dataset in "ab"]

    class Killed(FakeWorkers):
        def __call__(self, order: Order) -> Ending:
            super().__call__(order)
            if order.job["block"] == 2:
                raise SystemExit(137)
            return OK

    with pytest.raises(SystemExit):
        run(Killed(), cells, blocks=3)
    on_disk = checkpoint.read(tmp_path / "raw")
    assert {one.block for one in on_disk.rounds} == {1, 2}
    workers = FakeWorkers()
    rounds, failures = run(workers, cells, blocks=3)
    assert failures == []
    assert {job.block for job in workers.jobs} == {3, 4}
    assert [(b.number, b.disturbed == STOPPED) for b in checkpoint.read(tmp_path / "raw").blocks] == [
        (1, False),
        (2, True),
        (3, False),
        (4, False),
    ]
    assert len({(one.name, one.block, one.cell) for one in rounds}) == len(rounds)
    assert {one.block for one in rounds} == {1, 2, 3, 4}


def test_a_cell_that_failed_does_not_run_in_a_resumed_race(run: Run) -> None:
    crash = {"b": Ending(Status.CRASHED, "killed by SIGSEGV")}
    run(FakeWorkers(crash, from_block=1), [cell("a"), cell("b")], blocks=1)
    workers = FakeWorkers()
    run(workers, [cell("a"), cell("b")], blocks=2)
    assert {entry.cell.problem.dataset for job in workers.jobs for entry in job.entries} == {"a"}


def test_rubbish_in_place_of_records_is_the_cell_s_failure_and_no_one_else_s(run: Run) -> None:
    class Rubbish(FakeWorkers):
        def __call__(self, order: Order) -> Ending:
            if order.job["name"] == OTHER and order.job["block"]:
                (order.folder / STARTED).write_text("0")
                (order.folder / RECORDS).write_text("{}\n")
                return OK
            return super().__call__(order)

    rounds, (failure,) = run(Rubbish(), [cell("a", impls.BASELINE), cell("a")], blocks=2)
    assert (failure.status, failure.cell.implementation, failure.block) == (Status.BAD_OUTPUT, OTHER, 1)
    assert {(one.cell.implementation, one.block) for one in rounds} == {(impls.BASELINE, 1), (impls.BASELINE, 2)}


def test_a_full_disk_ends_the_race_and_what_was_finished_stays(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(path: Path, record: Any) -> None:
        if path.name == "rounds.jsonl" and record.block == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        append_line(path, record)

    monkeypatch.setattr(race, "append_line", full)
    with pytest.raises(OSError, match="No space left"):
        run(FakeWorkers(), [cell("a")], blocks=3)
    assert [one.block for one in read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl")] == [1, 1]
    monkeypatch.undo()
    rounds, _ = run(FakeWorkers(), [cell("a")], blocks=3)
    assert {one.block for one in rounds} == {1, 2, 3, 4}


def test_a_run_whose_folder_was_removed_ends_and_makes_none(run: Run, tmp_path: Path) -> None:
    class Removing(FakeWorkers):
        def __call__(self, order: Order) -> Ending:
            ending = super().__call__(order)
            if order.job["block"] == 1:
                shutil.rmtree(tmp_path / "raw")
            return ending

    with pytest.raises(FileNotFoundError):
        run(Removing(), [cell("a")], blocks=2)
    assert not (tmp_path / "raw").exists()


def test_what_was_finished_before_an_interrupt_is_on_disk(run: Run, tmp_path: Path) -> None:
    class Interrupted(FakeWorkers):
        def __call__(self, order: Order) -> Ending:
            if order.job["block"] == 2:
                raise KeyboardInterrupt
            return super().__call__(order)

    with pytest.raises(KeyboardInterrupt):
        run(Interrupted(), [cell("a")], blocks=3)
    assert {r.block for r in read_lines(Rounds, tmp_path / "raw" / "rounds.jsonl")} == {1}


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
    assert workers.limits[1] > 60 + 10 * 2 * 0.08


def test_the_file_of_pytest_benchmark_is_kept_as_it_is(tmp_path: Path) -> None:
    """A worker that dies leaves none; its cells that had finished are in rounds.jsonl."""
    deadly = str(ROOT / "tests" / "support" / "planted" / "deaths.py") + ":Deadly"
    x = np.arange(3, dtype=np.float32)
    save(Dataset("fine", Model.SIMPLE_LINEAR, x, 2 * x, 1, 0.01, "planted", "none"), tmp_path / "fine")
    raw, wanted = tmp_path / "raw", race.Wanted(1, 1, 0, quick=True)
    folders = {("fine", "float32"): tmp_path / "fine"}
    race.race([cell("fine", deadly)], folders, wanted, raw=raw, on_progress=lambda _: None)
    (rounds,) = checkpoint.read(raw).rounds
    (kept,) = (raw / "pytest").iterdir()
    (benchmark,) = json.loads(kept.read_text())["benchmarks"]
    assert [round(seconds, 9) for seconds in benchmark["stats"]["data"]] == list(rounds.round_seconds)
    assert benchmark["extra_info"]["cell"]["problem"]["dataset"] == "fine"


def test_real_workers_survive_planted_deaths_and_time_the_rest(tmp_path: Path) -> None:
    """Three of eight cells end their worker, four raise, each in its own place, and one is timed."""
    deadly = str(ROOT / "tests" / "support" / "planted" / "deaths.py") + ":Deadly"
    names = ["raises", "exits", "floods", "fine", "segfault", "raises at once", "raises late", "allocates"]
    x = np.arange(3, dtype=np.float32)
    for name in names:
        save(Dataset(name, Model.SIMPLE_LINEAR, x, 2 * x, 1, 0.01, "planted", "none"), tmp_path / name)
    folders = {(name, "float32"): tmp_path / name for name in names}
    cells = [cell(name, deadly) for name in names]
    told: list[Event] = []
    race.race(cells, folders, race.Wanted(1, 1, 0, quick=True), raw=tmp_path / "raw", on_progress=told.append)
    done = checkpoint.read(tmp_path / "raw")
    (rounds,), failures = done.rounds, done.failures
    found = {failure.cell.problem.dataset: (failure.status, failure.detail) for failure in failures}
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
    assert rounds.cell.problem.dataset == "fine"
    assert Step(Stage.BLOCKS, "block 1 of 1", f"{deadly} (cpu, float32)", 0, 1) in told
    assert told[-1] == Timed((rounds,))
