"""The gate's worker: puts one implementation through cases, and writes down what it saw.

Run as `python -m bench.worker.observe job.json`. Each case leaves an .npz of arrays and then one line in
observed.jsonl, so that what was seen before a crash is kept.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

import impls
from bench.gate.case import Case, at_shape, of_problem
from bench.gate.catalogue import cases
from bench.gate.observe import observe
from bench.plan.devices import device
from bench.store.cell import Problem, Status
from bench.store.jsonl import append_line, from_mapping
from bench.store.raw_rows import Observed
from bench.worker.startup import leave, read_job
from datasets.prepared import open_saved
from impls import runtimes
from impls.protocol import Device, Feed, Implementation, Model

OBSERVED = "observed.jsonl"


@dataclass(frozen=True)
class Own:
    """A benchmarked problem, and the folder of its data."""

    problem: Problem
    folder: str


@dataclass(frozen=True)
class Job:
    """One implementation on one device in one dtype: the gate's data of these models and feeds, the problems' own."""

    implementation: str
    device: str
    dtype: str
    epochs: int
    models: tuple[Model, ...]
    feeds: tuple[Feed, ...]
    own: tuple[Own, ...]
    folder: str


def planned(job: Job) -> Iterator[tuple[Case, Problem | None]]:
    """Yield every case of a job in the order of their numbers, with the benchmarked problem that it is about."""
    for model, feed in product(job.models, job.feeds):
        yield from ((case, None) for case in cases(model, job.dtype, feed))
    for own in job.own:
        yield from ((case, own.problem) for case in at_shape(own.problem, job.dtype))
        yield of_problem(own.problem, open_saved(Path(own.folder)), job.epochs), own.problem


def main() -> None:
    """Observe every case of the job; what cannot be loaded or used is one record without a case."""
    job = from_mapping(Job, read_job(sys.argv))
    folder = Path(job.folder)
    try:
        implementation = impls.load(job.implementation)
        reason = _no_device(implementation, job.device)
    except impls.Unavailable as missing:
        append_line(folder / OBSERVED, Observed(None, "", Status.NOT_RUN, str(missing)))
    except Exception:  # noqa: BLE001 - whatever it raises is its own failure
        append_line(folder / OBSERVED, Observed(None, "", Status.FAILED, tail()))
    else:
        if reason:
            append_line(folder / OBSERVED, Observed(None, "", Status.NO_DEVICE, reason))
        else:
            for number, (case, _) in enumerate(planned(job)):
                _observe(case, implementation, device(job.device), folder, number)


def _observe(case: Case, implementation: Implementation, place: Device, folder: Path, number: int) -> None:
    try:
        seen = observe(implementation, case, place)
    except Exception:  # noqa: BLE001 - whatever it raises is its own failure, and the next case goes on
        append_line(folder / OBSERVED, Observed(number, "", Status.FAILED, tail()))
    else:
        file = f"{number:03}.npz"
        np.savez(folder / file, **seen)  # type: ignore[arg-type]  # the stubs take allow_pickle for a name of ours
        append_line(folder / OBSERVED, Observed(number, file, Status.OK, ""))


def _no_device(implementation: Implementation, name: str) -> str:
    found = runtimes.load(implementation.runtime).devices()
    if name in found:
        return ""
    return f"no {name} here: {implementation.runtime} finds {', '.join(found)}"


def tail() -> str:
    """Return the last lines of the traceback of the exception at hand."""
    return "\n".join(traceback.format_exc().rstrip().splitlines()[-15:])


if __name__ == "__main__":
    main()
    leave()
