"""The gate's worker: puts one implementation through cases, and writes down what it saw.

Run as `python -m bench.worker.observe job.json`. Each case leaves a file of arrays and then one line in
observed.jsonl, so that what was seen before a crash is kept.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import impls
from bench.gate.case import Case
from bench.gate.jobs import OBSERVED, GateJob, planned
from bench.gate.observe import observe
from bench.plan.devices import device
from bench.store.arrays import write_arrays
from bench.store.cell import Status
from bench.store.jsonl import append_line, from_mapping
from bench.store.layout import ALIVE
from bench.store.raw_rows import Observed
from bench.worker.startup import leave, read_job
from impls import runtimes
from impls.protocol import Device, Implementation


def main() -> None:
    """Observe every case of the job; what cannot be loaded or used is one record without a case."""
    job = from_mapping(GateJob, read_job(sys.argv))
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
            alive = SignsOfLife(folder / ALIVE)
            for number, (case, _) in enumerate(planned(job)):
                alive()
                _observe(case, implementation, device(job.device), folder, number, alive)


class SignsOfLife:
    """A file that is touched to show that the worker goes on, at most once a second."""

    def __init__(self, file: Path) -> None:
        self._file, self._next = file, 0.0

    def __call__(self) -> None:
        """Touch the file, unless that was done within the last second."""
        if (now := time.monotonic()) >= self._next:
            self._file.touch()
            self._next = now + 1


def _observe(
    case: Case, implementation: Implementation, place: Device, folder: Path, number: int, alive: Callable[[], None]
) -> None:
    try:
        seen = observe(implementation, case, place, alive)
    except Exception:  # noqa: BLE001 - whatever it raises is its own failure, and the next case goes on
        append_line(folder / OBSERVED, Observed(number, "", Status.FAILED, tail()))
    else:
        file = f"{number:03}.arrays"
        write_arrays(folder / file, seen)
        append_line(folder / OBSERVED, Observed(number, file, Status.OK, ""))


def _no_device(implementation: Implementation, name: str) -> str:
    found = runtimes.load(implementation.runtime).devices()
    if name in found:
        return ""
    return f"no {name} here: {_library(implementation)} finds only {', '.join(found)}"


def _library(implementation: Implementation) -> str:
    return implementation.runtime if isinstance(implementation.runtime, str) else "its runtime"


def tail() -> str:
    """Return the last lines of the traceback of the exception at hand."""
    return "\n".join(traceback.format_exc().rstrip().splitlines()[-15:])


if __name__ == "__main__":
    main()
    leave()
