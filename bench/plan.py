"""From what was asked to the cells that are run: nothing here runs, measures, prints or writes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import TypeVar

import datasets
import impls
from bench import sweep
from bench.devices import device
from bench.errors import BadInput, unknown
from bench.records import Cell, Problem, Status, Verdict
from bench.workers import ROOT
from datasets.dataset import Dataset, Model
from datasets.files import SUFFIXES
from impls.protocol import Device, Feed

T = TypeVar("T")

DEFAULT_DATASETS = ("study_hours", "diabetes", "breast_cancer", "digits")
DTYPES = ("float32", "float64")
FULL = "full"

# With 14 blocks the interval at the level 1 - 0.05/3, for three rivals of the baseline in one table, reaches from the
# third smallest ratio to the third largest, so that one odd block does not widen it.
BLOCKS = 14
EPOCHS = 5
MOST_BLOCKS = 1000
MOST_EPOCHS = 100_000


@dataclass(frozen=True)
class Options:
    """What was asked; an empty tuple or None stands for the default.

    batch_sizes    whole numbers as text, or "full" for all rows at once
    max_blocks     as far as `blocks` may be extended while a ratio's interval is wider than the margin
    epochs         of the agreement run
    sweeps         sizes in place of datasets: `bench.sweep`
    """

    implementations: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    batch_sizes: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    threads: int = 1
    blocks: int = BLOCKS
    max_blocks: int = BLOCKS
    epochs: int = EPOCHS
    learning_rate: float | None = None
    target: str | None = None
    shuffle: bool = False
    drop_last: bool = False
    seed: int = 0
    raw: bool = False
    quick: bool = False
    sweeps: tuple[str, ...] = ()
    out: Path | None = None


@dataclass(frozen=True)
class Plan:
    """The cells to run, those left out with their reasons, and the data by (dataset, dtype).

    added   cells nobody asked for: the baseline on the CPU, for the ratios of an accelerator
    beyond  what a sweep asked for and is out of reach, with its reason
    """

    cells: tuple[Cell, ...]
    left_out: tuple[Verdict, ...]
    data: Mapping[tuple[str, str], Dataset] = field(repr=False)
    added: frozenset[Cell] = frozenset()
    beyond: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """The implementations that are not in the table."""
        return _once(cell.implementation for cell in self.cells if cell.implementation not in impls.TABLE)


def make(options: Options) -> Plan:
    """Return the plan of these options, its data loaded.

    Raises BadInput, or the ValueError of the dataset, in one line that names the remedy.
    """
    _check_numbers(options)
    swept = _swept(options)
    names = _once(each for name in options.implementations for each in impls.named(name)) or impls.FOUR
    rows = [named(name) for name in names]
    devices = [device(text) for text in _once(options.devices) or ("cpu",)]
    data = _load(replace(options, datasets=swept.datasets))
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
    return Plan((*cells, *added), tuple(left_out), data, frozenset(added), swept.left_out)


def _problems(
    data: Mapping[tuple[str, str], Dataset], swept: sweep.Swept, options: Options
) -> Iterator[tuple[Problem, int]]:
    """Yield what is trained, and with how many threads."""
    for one, size, threads in product(data.values(), swept.batch_sizes, swept.threads):
        if (one.name, size) not in swept.beyond:
            for feed in _feeds(one, options):
                yield _problem(one, size, feed, options), threads


def _swept(options: Options) -> sweep.Swept:
    """Return the datasets, batch sizes and threads that are asked for, by a sweep or one by one."""
    sizes = _once(batch_size(text) for text in options.batch_sizes)
    if not options.sweeps:
        return sweep.Swept(options.datasets, sizes or (None,), (options.threads,))
    if options.datasets:
        raise BadInput("--sweep draws data of its own: leave out --dataset")
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
        _check_threads(threads)
    return found


def batch_size(text: str) -> int | None:
    """Return the number of rows in a batch, None for "full"; BadInput for anything else."""
    if text == FULL:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise BadInput(f"batch size '{text}': give a whole number from 1, or '{FULL}' for all rows at once")
    return int(text)


def _check_numbers(options: Options) -> None:
    rate = options.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise BadInput(f"learning rate {rate:g}: give a finite number above 0, or leave it out for the dataset's own")
    _check_threads(options.threads)
    _check_range("--blocks", options.blocks, 1, MOST_BLOCKS)
    _check_range("--max-blocks", options.max_blocks, options.blocks, MOST_BLOCKS, "not below --blocks")
    _check_range("--epochs", options.epochs, 1, MOST_EPOCHS)
    _check_range("--seed", options.seed, 0, 2**32 - 1)
    for name in options.dtypes:
        if name not in DTYPES:
            raise unknown("dtype", name, DTYPES)
    for name in options.models:
        if name not in list(Model):
            raise unknown("model", name, Model)
    for name in options.feeds:
        if name not in list(Feed):
            raise unknown("feed", name, Feed)


def _check_threads(threads: int) -> None:
    _check_range("--threads", threads, 1, max(os.cpu_count() or 1, 1), "the processors of this machine")


def _check_range(option: str, value: int, least: int, most: int, why: str = "") -> None:
    if not least <= value <= most:
        raise BadInput(f"{option} {value}: give a whole number from {least} to {most}{why and f', {why}'}")


def named(name: str) -> impls.Row:
    """Return the row of an implementation that the user named; BadInput if it can be none."""
    path, _, attribute = name.rpartition(":")
    if path.endswith(".py") and Path.cwd() != ROOT:
        name = f"{Path(path).resolve()}:{attribute}"  # workers start at the checkout's root
    row = impls.row(name)
    if row is not None:
        return row
    if name.endswith(".py"):
        raise BadInput(f"implementation '{name}' names no class: write {name}:ClassName")
    raise unknown("implementation", name, impls.TABLE)


def _problem(data: Dataset, size: int | None, feed: Feed, options: Options) -> Problem:
    return Problem(
        dataset=data.name,
        model=data.model,
        n=data.n,
        d=data.d,
        k=data.classes,
        dtype=str(data.x.dtype),
        learning_rate=data.learning_rate,
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
    """Return where the rows of a dataset are when an epoch begins: data on disk have no choice."""
    return (Feed.HOST,) if data.on_disk else tuple(Feed(name) for name in _once(options.feeds)) or (Feed.DEVICE,)


def _check_on_disk(spec: str, options: Options) -> None:
    """Refuse what data on disk cannot have, before all of them are read."""
    if not options.batch_sizes or FULL in options.batch_sizes:
        raise BadInput(f"dataset '{spec}' is read from the disk batch by batch: give --batch-size 65536 or so")
    if options.shuffle:
        raise BadInput(f"dataset '{spec}' is read from the disk in its own order: leave out --shuffle")
    if Feed.DEVICE in options.feeds:
        raise BadInput(f"dataset '{spec}' is read from the disk, and so fed from the host: leave out --feed device")


def _cannot_be_fed(row: impls.Row, problem: Problem) -> str:
    fed = problem.feed is Feed.HOST
    return "needs all rows on its device, and cannot be fed from the host" if row.resident and fed else ""


def _missing_baselines(cells: Sequence[Cell]) -> list[Cell]:
    wanted = _once(replace(cell, implementation=impls.BASELINE, device="cpu") for cell in cells if cell.device != "cpu")
    return [cell for cell in wanted if cell not in cells]


def _load(options: Options) -> dict[tuple[str, str], Dataset]:
    models = [Model(name) for name in _once(options.models)]
    specs = _once(options.datasets) or _defaults(models)
    for option, given in (("--target", options.target is not None), ("--raw", options.raw)):
        if given and not any(_is_file(spec) for spec in specs):
            raise BadInput(f"{option} is for a file of yours: name it with --dataset path/to/file.csv")
    for spec in specs:
        _check_pair(spec, datasets.DATASETS[spec].model if spec in datasets.DATASETS else None, models)
    data: dict[tuple[str, str], Dataset] = {}
    for spec, dtype in product(specs, _once(options.dtypes) or ("float32",)):
        one = _read(spec, dtype, models, options)
        _check_pair(spec, one.model, models)
        if (one.name, dtype) in data:
            raise BadInput(f"dataset '{spec}': another one of this run is called {one.name}; rename the file")
        data[one.name, dtype] = one
    _check_all_used(models, data.values())
    return data


def _defaults(models: Sequence[Model]) -> tuple[str, ...]:
    if not models:
        return DEFAULT_DATASETS
    return tuple(name for name in DEFAULT_DATASETS if datasets.DATASETS[name].model in models)


def _is_file(spec: str) -> bool:
    return spec not in datasets.DATASETS and Path(spec).suffix.lower() in SUFFIXES


def _read(spec: str, dtype: str, models: Sequence[Model], options: Options) -> Dataset:
    try:
        model = models[0] if len(models) == 1 else None
        if _is_file(spec):
            one = datasets.load(spec, model=model, target=options.target, raw=options.raw, dtype=dtype)
        elif spec not in datasets.DATASETS and Path(spec).is_dir():
            _check_on_disk(spec, options)
            one = datasets.load(spec, model=model, dtype=dtype)
        else:
            one = datasets.load(spec, dtype=dtype)
    except datasets.UnknownDataset as error:
        raise unknown("dataset", error.name, datasets.DATASETS) from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    return one if options.learning_rate is None else replace(one, learning_rate=options.learning_rate)


def _check_pair(spec: str, model: Model | None, models: Sequence[Model]) -> None:
    if model is None or not models or model in models:
        return
    fitting = ", ".join(_of_models(models))
    raise BadInput(f"dataset '{spec}' is for {model}, not for {' or '.join(models)}: choose from {fitting}")


def _check_all_used(models: Sequence[Model], data: Iterable[Dataset]) -> None:
    found = {one.model for one in data}
    for model in models:
        if model not in found:
            raise BadInput(f"no dataset named is for model {model}: add one of {', '.join(_of_models([model]))}")


def _of_models(models: Sequence[Model]) -> list[str]:
    return [name for name, row in datasets.DATASETS.items() if row.model in models]


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
