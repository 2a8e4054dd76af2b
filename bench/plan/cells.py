"""Turn the options of a run into its cells, the combinations to measure; nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import impls
from bench.errors import BadInput, unknown
from bench.plan import sweep
from bench.plan.data import load
from bench.plan.devices import device
from bench.plan.options import Options, batch_size, check_options, check_threads
from bench.store.cell import CPU, Cell, Problem, Status
from bench.store.layout import ROOT
from bench.store.raw_rows import Verdict
from datasets.curvature import batch_learning_rate
from datasets.dataset import Batching, Dataset
from impls.protocol import Device, Feed


@dataclass(frozen=True)
class RunPlan:
    """The cells to run, those left out with their reasons, and the data by (dataset, dtype).

    added   cells that were not requested: the baseline on the CPU, for the ratios of an accelerator
    beyond  parts of a sweep that are out of reach, with their reasons
    """

    cells: tuple[Cell, ...]
    left_out: tuple[Verdict, ...]
    data: Mapping[tuple[str, str], Dataset] = field(repr=False)
    added: frozenset[Cell] = frozenset()
    beyond: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """The implementations that are not in the table."""
        names = dict.fromkeys(cell.implementation for cell in self.cells)
        return tuple(name for name in names if name not in impls.TABLE)


def make(options: Options) -> RunPlan:
    """Plan a run and load its data.

    Raises BadInput, or the dataset's ValueError, with one line that names the remedy.
    """
    check_options(options)
    swept = _swept(options)
    names = dict.fromkeys(each for name in options.implementations for each in impls.named(name)) or impls.FOUR
    rows = [named(name) for name in names]
    devices = [device(text) for text in dict.fromkeys(options.devices or (CPU,))]
    data = load(replace(options, datasets=swept.datasets))
    cells: list[Cell] = []
    left_out: list[Verdict] = []
    for problem, threads in _problems(data, swept, options):
        reason = _too_large(problem, named=bool(options.datasets) and not options.sweeps)
        for place, row in product(devices, rows):
            cell = Cell(row.name, problem, str(place), threads)
            why = reason or _cannot_use(row, place) or _cannot_be_fed(row, problem)
            if why:
                left_out.append(Verdict(cell, Status.NOT_RUN, why))
            else:
                cells.append(cell)
    if not cells:
        first = left_out[0]
        raise BadInput(f"nothing to run: {first.cell.implementation} on {first.cell.problem.dataset}: {first.detail}")
    added = _missing_baselines(cells)
    return RunPlan((*cells, *added), tuple(left_out), data, frozenset(added), swept.left_out)


def _problems(
    data: Mapping[tuple[str, str], Dataset], swept: sweep.Swept, options: Options
) -> Iterator[tuple[Problem, int]]:
    """Yield each problem to train, with its number of threads."""
    for one in data.values():
        sizes = [size for size in swept.batch_sizes if (one.name, size) not in swept.beyond]
        rates = _rates(one, sizes, options)
        for size, threads, feed in product(sizes, swept.threads, _feeds(one, options)):
            yield _problem(one, size, feed, rates[size], options), threads


def _rates(data: Dataset, sizes: Sequence[int | None], options: Options) -> dict[int | None, float]:
    """Return the learning rate for each batch size: by default one that is safe for its batches, or for a whole sweep.

    A rate given by the user is used as it is; so is the dataset's own for full batches.
    """
    if options.learning_rate is not None:
        return dict.fromkeys(sizes, data.learning_rate)
    fitting = [size for size in sizes if size is None or size <= data.n]
    batchings = {size: Batching(size, options.shuffle, options.drop_last, options.seed) for size in fitting}
    rates = {size: batch_learning_rate(data, batching) for size, batching in batchings.items()}
    lowest = min((rate for size, rate in rates.items() if size is not None), default=data.learning_rate)
    return {
        size: data.learning_rate if size is None else lowest if options.sweeps else rates.get(size, lowest)
        for size in sizes
    }


def _swept(options: Options) -> sweep.Swept:
    """Return the requested datasets, batch sizes and threads, from a sweep or listed one by one."""
    sizes = tuple(dict.fromkeys(batch_size(text) for text in options.batch_sizes))
    if not options.sweeps:
        return sweep.Swept(options.datasets, sizes or (None,), (options.threads,))
    if options.datasets:
        raise BadInput("--sweep generates its own data: leave out --dataset")
    found = sweep.expand(
        options.sweeps,
        models=options.models,
        dtypes=options.dtypes,
        batch_sizes=sizes,
        threads=options.threads,
        blocks=options.blocks,
        seed=options.seed,
    )
    for threads in found.threads:
        check_threads(threads)
    return found


def named(name: str) -> impls.Row:
    """Return the row of an implementation that the user named; BadInput if it cannot be a name."""
    path, _, attribute = name.rpartition(":")
    if path.endswith(".py") and Path.cwd() != ROOT:
        name = f"{Path(path).resolve()}:{attribute}"  # workers start at the checkout's root
    row = impls.row(name)
    if row is not None:
        return row
    if name.endswith(".py"):
        raise BadInput(f"implementation '{name}' names no class: write {name}:ClassName")
    raise unknown("implementation", name, impls.TABLE)


def _problem(data: Dataset, size: int | None, feed: Feed, learning_rate: float, options: Options) -> Problem:
    return Problem(
        dataset=data.name,
        model=data.model,
        n=data.n,
        d=data.d,
        k=data.classes,
        dtype=str(data.x.dtype),
        learning_rate=learning_rate,
        batch_size=size,
        shuffle=options.shuffle,
        drop_last=options.drop_last,
        feed=feed,
        seed=options.seed,
    )


def _too_large(problem: Problem, *, named: bool) -> str:
    size = problem.batch_size
    if size is None or size <= problem.n:
        return ""
    if named:
        raise BadInput(
            f"batch size {size} is above the {problem.n} rows of {problem.dataset}: give {problem.n} or less"
        )
    return f"batch size {size} is above its {problem.n} rows"


def _cannot_use(row: impls.Row, place: Device) -> str:
    if not row.devices or place.kind in row.devices:
        return ""
    return f"cannot use {place.kind}: runs on {', '.join(sorted(row.devices))}"


def _feeds(data: Dataset, options: Options) -> tuple[Feed, ...]:
    """Return where the rows are when an epoch begins; data on disk are always fed from the host."""
    return (Feed.HOST,) if data.on_disk else tuple(map(Feed, dict.fromkeys(options.feeds))) or (Feed.DEVICE,)


def _cannot_be_fed(row: impls.Row, problem: Problem) -> str:
    fed = problem.feed is Feed.HOST
    return "needs all rows on its device, and cannot be fed from the host" if row.resident and fed else ""


def _missing_baselines(cells: Sequence[Cell]) -> list[Cell]:
    others = [cell for cell in cells if cell.device != CPU]
    wanted = dict.fromkeys(replace(cell, implementation=impls.BASELINE, device=CPU) for cell in others)
    return [cell for cell in wanted if cell not in cells]
