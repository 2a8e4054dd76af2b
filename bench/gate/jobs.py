"""Jobs for the gate's workers: what to observe, in a form that parent and worker both read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench.gate.case import Case, at_shape, of_problem
from bench.gate.catalogue import cases
from bench.store.cell import Problem
from datasets.prepared import open_saved
from impls.protocol import Feed, Model

OBSERVED = "observed.jsonl"


@dataclass(frozen=True)
class Own:
    """A benchmarked problem and the folder of its data."""

    problem: Problem
    folder: str


@dataclass(frozen=True)
class GateJob:
    """One implementation, device and dtype, with the models and feeds of the gate's data and the problems' own data."""

    implementation: str
    device: str
    dtype: str
    epochs: int
    models: tuple[Model, ...]
    feeds: tuple[Feed, ...]
    own: tuple[Own, ...]
    folder: str


def planned(job: GateJob) -> Iterator[tuple[Case, Problem | None]]:
    """Yield every case of a job in numerical order, with its benchmarked problem if it has one."""
    for model, feed in product(job.models, job.feeds):
        yield from ((case, None) for case in cases(model, job.dtype, feed))
    for own in job.own:
        yield from ((case, own.problem) for case in at_shape(own.problem, job.dtype))
        yield of_problem(own.problem, open_saved(Path(own.folder)), job.epochs), own.problem
