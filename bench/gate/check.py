"""The gate: every implementation of a run, observed in workers of its own and judged here.

The gate's data are always tried in both dtypes, since there are faults that show in one of them only;
a cell's own data are tried in the dtype in which they are timed.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadInput
from bench.gate import judge, reference, training, trajectory
from bench.gate.case import Case
from bench.gate.diagnose import agreed, likely_cause
from bench.gate.expect import Expected, expect
from bench.gate.jobs import OBSERVED, Job, Own, planned
from bench.gate.observe import Observation
from bench.process import spawn
from bench.process.events import Listener, Stage, Step
from bench.store.cell import Cell, Problem, Status
from bench.store.jsonl import read_lines
from bench.store.raw_rows import Observed, Verdict
from bench.store.tables import Agreement
from datasets.curvature import stable_learning_rate
from datasets.dataset import DTYPES, Dataset
from datasets.prepared import mapped_bytes

# Most of a gate worker's time is importing its library and compiling; an implementation that hangs ends here. A C++
# compiler takes two minutes for the sixty shapes of a dtype on a core of its own, and many times that on a busy one.
TIMEOUT_SECONDS = 1800.0
AT_ONCE = 2

Folders = Mapping[tuple[str, str], Path]


@dataclass(frozen=True)
class Entrant:
    """What is put through the gate: the cells that share a worker."""

    implementation: str
    device: str
    threads: int


@dataclass(frozen=True, eq=False)
class Seen:
    """What an entrant did with one case: an observation, or why there is none."""

    entrant: Entrant
    dtype: str
    case: Case
    problem: Problem | None
    status: Status
    detail: str
    observation: Observation


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
    """Return a verdict for every cell, and every comparison that was made.

    data, folders   the datasets by (name, dtype), and the folders where they are saved
    work            a folder for the workers' files
    epochs          how long the agreement run on each problem's own data trains
    both_dtypes     try the gate's data in float32 and float64; a first look may try the cells' own dtypes alone
    """
    refused = _unobserved(cells, data, epochs)
    running = [cell for cell in cells if cell.problem not in refused]
    dtypes = DTYPES if both_dtypes else tuple(dict.fromkeys(cell.problem.dtype for cell in running))
    jobs = _jobs(running, dtypes, folders, work, epochs)
    collected: dict[int, list[Seen]] = {}
    opinions = _Opinions()
    # What compiles stands last in the table and takes longest: it starts first, so that none is left alone at the end.
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
    judged = list(_judge(seen, opinions))
    verdicts = [_refused(cell, refused) or _verdict(cell, seen, judged) for cell in cells]
    return verdicts, [row for _, row in judged]


def _step(line: str, left: Mapping[int, str], total: int) -> Step:
    """Workers are started in their order, so the first of those left are the ones that run."""
    return Step(Stage.AGREEMENT, line, " and ".join([*left.values()][:AT_ONCE]), total - len(left), total)


def probe(names: Sequence[str], work: Path) -> None:
    """Load outside implementations, each in a worker; BadInput says in one line why one is none."""
    for name in names:
        folder = work / "probe"
        folder.mkdir()
        environment = spawn.environment(dtype="float32", threads=1, device="cpu")
        ending = spawn.run_worker(
            spawn.Order("bench.worker.probe", {"name": name}, environment, folder, 60.0, capped=True)
        )
        if ending.status is not Status.OK:
            raise BadInput(f"implementation '{name}': {ending.detail.splitlines()[-1]}")
        shutil.rmtree(folder)


def _unobserved(
    cells: Sequence[Cell], data: Mapping[tuple[str, str], Dataset], epochs: int
) -> dict[Problem, tuple[Status, str]]:
    """Return the problems that no implementation is tried on, with their status, the reason and the remedy."""
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
    """Return two digits of the rate, never more than it."""
    digit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return math.floor(rate / digit) * digit


def _jobs(
    cells: Sequence[Cell], dtypes: Sequence[str], folders: Folders, work: Path, epochs: int
) -> list[tuple[Entrant, Job]]:
    entrants: dict[Entrant, list[Problem]] = {}
    for cell in cells:
        entrants.setdefault(Entrant(cell.implementation, cell.device, cell.threads), []).append(cell.problem)
    jobs: list[tuple[Entrant, Job]] = []
    for entrant, problems in entrants.items():
        for dtype in dtypes:
            folder = work / f"gate-{len(jobs)}"
            folder.mkdir()
            own = [Own(problem, str(folders[problem.dataset, dtype])) for problem in problems if problem.dtype == dtype]
            models = tuple(dict.fromkeys(problem.model for problem in problems))
            feeds = tuple(dict.fromkeys(problem.feed for problem in problems))
            job = Job(entrant.implementation, entrant.device, dtype, epochs, models, feeds, tuple(own), str(folder))
            jobs.append((entrant, job))
    return jobs


def _order(entrant: Entrant, job: Job) -> spawn.Order:
    environment = spawn.environment(dtype=job.dtype, threads=entrant.threads, device=entrant.device)
    capped = entrant.device == "cpu"
    mapped = mapped_bytes(own.folder for own in job.own)
    return spawn.Order(
        "bench.worker.observe", asdict(job), environment, Path(job.folder), TIMEOUT_SECONDS, capped, mapped
    )


def _collect(entrant: Entrant, job: Job, ending: spawn.Ending) -> Iterator[Seen]:
    """Yield what was seen of every case of the job; one that left no record ended with its worker."""
    folder = Path(job.folder)
    records = {record.case: record for record in read_lines(Observed, folder / OBSERVED)}
    lost = Observed(None, "", ending.status, ending.detail)
    if ending.status is Status.OK:
        lost = Observed(None, "", Status.FAILED, "its worker ended without a word")
    for number, (case, problem) in enumerate(planned(job)):
        record = records.get(number, records.get(None, lost))
        arrays: Observation = {}
        if record.file:
            with np.load(folder / record.file) as file:
                arrays = dict(file)
        yield Seen(entrant, job.dtype, case, problem, record.status, record.detail, arrays)
    shutil.rmtree(folder)


class _Opinions:
    """The reference's opinion on each case, and of each entrant there: formed once, while other workers still run."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[tuple[str, Expected]]] = {}
        self._judged: dict[Seen, tuple[list[judge.Judged], str]] = {}

    def of(self, one: Seen) -> list[tuple[str, Expected]]:
        """Return the opinion on the case that was seen."""
        key = _case_key(one)
        if key not in self._known:
            self._known[key] = expect(one.case)
        return self._known[key]

    def against_reference(self, one: Seen) -> tuple[list[judge.Judged], str]:
        """Return every judgement of what was seen, and the likely cause of what disagrees; of no observation none."""
        if one not in self._judged and one.status is Status.OK:
            judged = judge.against_reference(one.observation, self.of(one), reference.unit_roundoff(one.dtype))
            self._judged[one] = judged, likely_cause(one.case, one.observation, self.of(one), judged)
        return self._judged.get(one, ([], ""))


def _case_key(one: Seen) -> tuple[object, ...]:
    return one.dtype, one.case.dataset.model, one.case.name, one.problem


def _judge(seen: Sequence[Seen], opinions: _Opinions) -> Iterator[tuple[Seen, Agreement]]:
    """Yield every comparison: of each entrant with the reference, and of each pair, on the same case."""
    together: dict[tuple[object, ...], list[Seen]] = {}
    for one in seen:
        if one.status is Status.OK:
            together.setdefault(_case_key(one), []).append(one)
    for group in together.values():
        opinion = opinions.of(group[0])
        u = reference.unit_roundoff(group[0].dtype)
        for one in group:
            judged, cause = opinions.against_reference(one)
            yield from _rows(one, "reference", judged, cause)
        for one, other in combinations(group, 2):
            yield from _rows(
                one, _name(other, one), judge.against_other(one.observation, other.observation, opinion, u)
            )


def _name(other: Seen, one: Seen) -> str:
    """Return the other's name, with its device where that is not the same."""
    same = other.entrant.device == one.entrant.device
    return other.entrant.implementation if same else f"{other.entrant.implementation} on {other.entrant.device}"


def _rows(one: Seen, against: str, judged: Iterable[judge.Judged], cause: str = "") -> Iterator[tuple[Seen, Agreement]]:
    for quantity, worst in judge.worst(judged):
        yield (
            one,
            Agreement(
                implementation=one.entrant.implementation,
                against="itself" if quantity == judge.CONDUCT else against,
                model=one.case.dataset.model,
                dataset=one.case.name,
                dtype=one.dtype,
                device=one.entrant.device,
                batch_size=one.case.recipe.batching.batch_size,
                quantity=quantity,
                index=worst.place,
                value=worst.value,
                expected=worst.expected,
                error=worst.error,
                budget=worst.budget,
                share=worst.share,
                status=worst.status,
                cause=worst.unchecked or ("" if worst.agrees else cause),
                feed=one.case.recipe.feed,
            ),
        )


def _refused(cell: Cell, refused: Mapping[Problem, tuple[Status, str]]) -> Verdict | None:
    return Verdict(cell, *refused[cell.problem]) if cell.problem in refused else None


def _verdict(cell: Cell, seen: Sequence[Seen], judged: Sequence[tuple[Seen, Agreement]]) -> Verdict:
    """Return what all the cases that concern a cell say of it: a disagreement before a failure."""
    rows = [row for one, row in judged if _concerns(one, cell) and row.against in ("reference", "itself")]
    wrong = [row for row in rows if row.status is Status.MISMATCH]
    if wrong:
        causes = {(row.dtype, row.dataset): row.cause for row in wrong}
        return Verdict(cell, Status.MISMATCH, _words(wrong, agreed(list(causes.values()))))
    broken = [one for one in seen if _concerns(one, cell) and one.status is not Status.OK]
    if broken:
        return Verdict(cell, broken[0].status, _where(broken[0]))
    unchecked = [row for row in rows if row.status is Status.UNCHECKED]
    if unchecked:
        return Verdict(cell, Status.UNCHECKED, f"{unchecked[0].index}: {unchecked[0].cause}; {judge.UNCHECKED_REMEDY}")
    (own,) = (one for one in seen if one.case.name == cell.problem.dataset and _concerns(one, cell))
    labels, y = own.observation["end/labels"], own.case.dataset.y
    return Verdict(
        cell,
        Status.OK,
        budget_share=max(row.share for row in rows),
        final_loss=float(own.observation["end/loss"]),
        accuracy=float(np.mean(labels == y)) if cell.problem.model.classifies else None,
        denormal_share=denormal_share(own.observation["end/predictions"]) if cell.problem.model.classifies else None,
    )


def denormal_share(p: NDArray[Any]) -> float:
    """Return the share of the probabilities that are denormal numbers: a library that keeps them slows down."""
    return float(np.mean((p > 0) & (p < np.finfo(p.dtype).tiny)))


def _concerns(one: Seen, cell: Cell) -> bool:
    if one.entrant != Entrant(cell.implementation, cell.device, cell.threads):
        return False
    if one.problem:
        return one.problem == cell.problem
    return (one.case.dataset.model, one.case.recipe.feed) == (cell.problem.model, cell.problem.feed)


def _words(wrong: Sequence[Agreement], cause: str) -> str:
    """Return the first disagreement in words, the likely cause of all, and how many more there are."""
    row = wrong[0]
    words = (
        f"{row.quantity} on {row.dataset} in {row.dtype}: {row.index} is {row.value:.9g}, the reference says "
        f"{row.expected:.9g}; the error {row.error:.3g} exceeds the budget {row.budget:.3g}"
    )
    words += f"; likely cause: {cause}" if cause else ""
    return words + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")


def _where(one: Seen) -> str:
    whole = one.status in (Status.NOT_RUN, Status.NO_DEVICE)
    return one.detail if whole else f"on {one.case.name} in {one.dtype}: {one.detail}"
