"""The speed of this machine, measured in a worker, for `bench.analysis.roofline`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.process.spawn import Order, environment, make_empty, run_worker
from bench.store.cell import CPU
from bench.store.jsonl import read_lines
from bench.store.layout import RATES
from bench.store.raw_rows import Rates
from bench.timing.rates_job import RatesJob

_TIMEOUT_SECONDS = 120.0


def measured(
    block: int, core: int | None, *, dtype: str, threads: int, sizes: Sequence[int], folder: Path
) -> list[Rates]:
    """Return what a worker measured, or nothing if it failed; its `folder` is removed."""
    make_empty(folder)  # a run that was stopped may have left it
    job = RatesJob(block, core, dtype, threads, tuple(sizes), str(folder.resolve()))
    variables = environment(dtype=dtype, threads=threads, device=CPU)
    variables.pop("OPENBLAS_CORETYPE", None)  # it may slow down NumPy's BLAS, but not torch's
    run_worker(Order("bench.worker.rates", asdict(job), variables, folder, _TIMEOUT_SECONDS, capped=True))
    found = read_lines(Rates, folder / RATES)
    shutil.rmtree(folder)
    return found
