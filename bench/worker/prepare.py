"""Prepare trainers in a worker, and run what is timed."""

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

import impls
from bench.plan import controls
from bench.plan.devices import device
from bench.timing.jobs import Entry, Plan
from bench.worker import null
from bench.worker.evidence import Clock
from datasets.dataset import Dataset
from datasets.prepared import open_saved
from impls import runtimes
from impls.protocol import Implementation, Params, Trainer, zeros
from impls.runtimes import Runtime


@dataclass(frozen=True)
class Loaded:
    """An implementation in this process, its runtime, and how long the import of both took.

    versions   of the libraries that an implementation from outside imports
    """

    implementation: Callable[..., Trainer]
    runtime: Runtime
    seconds: float
    versions: dict[str, str] = field(default_factory=dict)


@cache
def loaded(name: str) -> Loaded:
    """Import an implementation and start its library: once per process, which times one implementation only."""
    began = time.perf_counter()
    if name == controls.NULL:
        return Loaded(null.Null, runtimes.load(null.RUNTIME), 0.0)
    implementation = impls.load(name)
    runtime = runtimes.load(implementation.runtime)
    runtime.devices()
    gc.freeze()  # what an import made is no garbage: each cell's collection would look at all of it again
    seconds = time.perf_counter() - began
    return Loaded(implementation, runtime, seconds, {} if name in impls.TABLE else _versions(implementation))


def _versions(implementation: Implementation) -> dict[str, str]:
    from impls.runtimes.other import imported_versions  # noqa: PLC0415 - only outside implementations need it

    file = inspect.getsourcefile(cast(type[object], implementation))
    return {} if file is None else imported_versions(Path(file))


@dataclass(frozen=True)
class Prepared:
    """A trainer of an entry; `inputs` are the `digests` of the dataset before the trainer had it."""

    trainer: Trainer
    dataset: Dataset
    inputs: tuple[str, ...]
    loaded: Loaded
    data_seconds: float


def digests(dataset: Dataset) -> tuple[str, ...]:
    """Return the digest of x and y; none of data on disk: they cannot be written to, and would be read to the end."""
    return () if dataset.on_disk else (dataset.digest(),)


def prepare(entry: Entry) -> Prepared:
    """Make the trainer of an entry, from zeros, so that it has not seen any start that is timed."""
    dataset = open_saved(Path(entry.dataset_folder))
    inputs = digests(dataset)
    found = loaded(entry.cell.implementation)
    began = time.perf_counter()
    trainer = found.implementation(dataset, zeros(dataset), entry.cell.problem.recipe, device(entry.cell.device))
    trainer.synchronize()
    data_seconds = time.perf_counter() - began
    return Prepared(trainer, dataset, inputs, found, data_seconds)


def ready(trainer: Trainer, start: Params, epochs: int) -> None:
    """Reset the trainer to epoch 0, and wait until that has ended."""
    trainer.reset(start, epochs)
    trainer.synchronize()


def run_epochs(trainer: Trainer, epochs: int) -> None:
    """Train for this many epochs and wait until their work has ended: exactly this is timed."""
    start_epochs(trainer, epochs)
    trainer.synchronize()


def start_epochs(trainer: Trainer, epochs: int) -> None:
    """Start this many epochs without waiting for their work to end."""
    for _ in range(epochs):
        trainer.epoch()


def seconds_of(run: Callable[[], None], clock: Clock) -> float:
    """Return the seconds that one call takes."""
    began = clock()
    run()
    return clock() - began


def warm_up(run: Callable[[], None], setup: Callable[[], None], plan: Plan, clock: Clock) -> int:
    """Run rounds that are thrown away, and return how many: compilers, caches and clocks of the processor settle."""
    began, done = clock(), 0
    while done < plan.warmup_rounds or clock() - began < plan.warmup_seconds:
        setup()
        run()
        done += 1
    return done
