"""The gate: observe every implementation of a run in its own workers, and judge it here.

The gate's test data are used in both dtypes, because some faults show in only one of them; a cell's own data are used
in the dtype in which they are timed.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import impls
from bench.errors import BadInput
from bench.gate import training, trajectory
from bench.gate.jobs import OBSERVED, GateJob, Own, planned
from bench.gate.observe import Observation
from bench.gate.verdicts import Entrant, Opinions, Seen, judged, verdict
from bench.process import spawn
from bench.process.events import Listener, Stage, Step
from bench.store.arrays import read_arrays
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import read_lines
from bench.store.raw_rows import Observed, Verdict
from bench.store.tables import Agreement
from datasets.curvature import stable_learning_rate
from datasets.dataset import DTYPES, Dataset
from datasets.prepared import mapped_bytes

# How long a gate worker may take for its imports, or between two signs of life: it gives one after each epoch and each
# case. A C++ compiler takes two seconds per shape on an idle core, and many times as long on a busy one.
SILENT_SECONDS, COMPILING_SECONDS = 60.0, 300.0
AT_ONCE = 2

Folders = Mapping[tuple[str, str], Path]


def check(
    cells: Sequence[Cell],
    data: Mapping[tuple[str, str], Dataset],
    folders: Folders,
    *,
    work: Path,
    epochs: int,
    on_progress: Listener,
    both_dtypes: bool = True,
) -> tuple[list[Verdict], list[Agreement]]:
    """Return a verdict for every cell, and every comparison made.

    data, folders   the datasets by (name, dtype), and the folders where they are saved
    work            a folder for the workers' files
    epochs          the number of training epochs on each problem's own data
    both_dtypes     use the gate's data in float32 and float64; a first look may use only the dtypes of the cells
    """
    refused = _unobserved(cells, data, epochs)
    running = [cell for cell in cells if cell.problem not in refused]
    dtypes = DTYPES if both_dtypes else tuple(dict.fromkeys(cell.problem.dtype for cell in running))
    jobs = _jobs(running, dtypes, folders, work, epochs)
    collected: dict[int, list[Seen]] = {}
    opinions = Opinions()
    # Implementations that compile are last in the table and take longest. They start first, so that the run does not
    # end with one of them running alone.
    jobs.reverse()
    names = [f"{entrant.implementation} on {entrant.device} in {job.dtype}" for entrant, job in jobs]
    left = dict(enumerate(names))
    on_progress(_step(f"agreement: {len(jobs)} workers", left, len(jobs)))
    for number, ending in spawn.run_workers([_order(*entry) for entry in jobs], at_once=AT_ONCE):
        entrant, job = jobs[number]
        collected[number] = list(_collect(entrant, job, ending))
        left.pop(number)
        on_progress(_step(f"agreement: observed {names[number]}", left, len(jobs)))
        for one in collected[number]:
            opinions.against_reference(one)
    seen = [one for number in sorted(collected, reverse=True) for one in collected[number]]
    compared = list(judged(seen, opinions))
    verdicts = [
        Verdict(cell, *refused[cell.problem]) if cell.problem in refused else verdict(cell, seen, compared, opinions)
        for cell in cells
    ]
    return verdicts, [row for _, row in compared]


def _step(line: str, left: Mapping[int, str], total: int) -> Step:
    """Return a progress step; workers start in order, so the first ones left are those that are running."""
    return Step(Stage.AGREEMENT, line, " and ".join([*left.values()][:AT_ONCE]), total - len(left), total)


def probe(names: Sequence[str], work: Path) -> None:
    """Load each outside implementation in a worker; raise BadInput with a one-line reason if one cannot be used."""
    for name in names:
        folder = work / "probe"
        folder.mkdir()
        environment = spawn.environment(dtype="float32", threads=1, device="cpu")
        ending = spawn.run_worker(
            spawn.Order("bench.worker.probe", {"name": name}, environment, folder, SILENT_SECONDS, capped=True)
        )
        if ending.status is Status.TIMEOUT:
            remedy = "put what it runs besides defining the class under: if __name__ == '__main__'"
            raise BadInput(f"implementation '{name}': its import takes more than {SILENT_SECONDS:g} s; {remedy}")
        if ending.status is not Status.OK:
            raise BadInput(f"implementation '{name}': {ending.detail.splitlines()[-1]}")
        shutil.rmtree(folder)


def _unobserved(
    cells: Sequence[Cell], data: Mapping[tuple[str, str], Dataset], epochs: int
) -> dict[Problem, tuple[Status, str]]:
    """Return the problems that are not checked, with their status, the reason and the remedy."""
    refused = {}
    for problem in dict.fromkeys(cell.problem for cell in cells):
        dataset = data[problem.dataset, problem.dtype]
        too_long = training.too_long(dataset, problem.batching, epochs)
        if too_long:
            refused[problem] = Status.UNCHECKED, too_long
        elif trajectory.diverges(problem, dataset, epochs):
            rate = _rounded_down(stable_learning_rate(dataset, problem.batching))
            reason = f"the reference grows at learning rate {problem.learning_rate:g}: use {rate:g} or less"
            refused[problem] = Status.DIVERGES, reason
    return refused


def _rounded_down(rate: float) -> float:
    """Return the rate rounded down to two significant digits."""
    digit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return math.floor(rate / digit) * digit


def _jobs(
    cells: Sequence[Cell], dtypes: Sequence[str], folders: Folders, work: Path, epochs: int
) -> list[tuple[Entrant, GateJob]]:
    entrants: dict[Entrant, list[Problem]] = {}
    for cell in cells:
        entrants.setdefault(Entrant(cell.implementation, cell.device, cell.threads), []).append(cell.problem)
    jobs: list[tuple[Entrant, GateJob]] = []
    for entrant, problems in entrants.items():
        for dtype in dtypes:
            folder = work / f"gate-{len(jobs)}"
            folder.mkdir()
            own = [Own(problem, str(folders[problem.dataset, dtype])) for problem in problems if problem.dtype == dtype]
            models = tuple(dict.fromkeys(problem.model for problem in problems))
            feeds = tuple(dict.fromkeys(problem.feed for problem in problems))
            job = GateJob(entrant.implementation, entrant.device, dtype, epochs, models, feeds, tuple(own), str(folder))
            jobs.append((entrant, job))
    return jobs


def _order(entrant: Entrant, job: GateJob) -> spawn.Order:
    environment = spawn.environment(dtype=job.dtype, threads=entrant.threads, device=entrant.device)
    capped = entrant.device == "cpu"
    mapped = mapped_bytes(own.folder for own in job.own)
    row = impls.row(job.implementation)
    limit = COMPILING_SECONDS if row is not None and row.compiler else SILENT_SECONDS
    return spawn.Order("bench.worker.observe", asdict(job), environment, Path(job.folder), limit, capped, mapped)


def _collect(entrant: Entrant, job: GateJob, ending: spawn.Ending) -> Iterator[Seen]:
    """Yield what was seen of every case of the job; a case without a record gets the status of its worker."""
    folder = Path(job.folder)
    records = {record.case: record for record in read_lines(Observed, folder / OBSERVED)}
    lost = Observed(None, "", ending.status, ending.detail)
    if ending.status is Status.OK:
        lost = Observed(None, "", Status.FAILED, "its worker ended without recording anything")
    for number, (case, problem) in enumerate(planned(job)):
        record = records.get(number, records.get(None, lost))
        arrays: Observation = {}
        if record.file:
            try:
                arrays = read_arrays(folder / record.file)
            except (OSError, ValueError) as error:
                record = replace(record, status=Status.BAD_OUTPUT, detail=f"its record is unreadable: {error}")
        yield Seen(entrant, job.dtype, case, problem, record.status, record.detail, arrays)
    shutil.rmtree(folder)
