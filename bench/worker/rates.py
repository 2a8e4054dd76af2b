"""How fast this machine reads, multiplies and takes exponentials: `python -m bench.worker.rates job.json`.

It calls NumPy and its BLAS in a separate process, and takes the fastest of many calls. On many processors NumPy has
vector code for exponentials in float32 only, while other libraries have it for float64 too. Such code handles half as
many float64 numbers at once, so the rate for float64 is the higher of NumPy's own and half of that for float32.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.store.jsonl import append_line, from_mapping
from bench.store.layout import RATES
from bench.timing.rates_job import RatesJob
from bench.worker.startup import leave, pin, read_job

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.store.raw_rows import Rates


# How long a call is repeated, and its least number of repetitions.
_SECONDS, _LEAST_CALLS = 0.03, 3


def measure(job: RatesJob) -> Rates:
    """Return the rates of this machine."""
    import numpy as np  # noqa: PLC0415 - pinned first

    from bench.store.raw_rows import Rates  # noqa: PLC0415 - it imports NumPy

    square, itemsize = np.ones((512, 512), job.dtype), np.dtype(job.dtype).itemsize
    product = np.empty_like(square)

    def exponentials(dtype: str) -> float:
        powers = np.full(8192, -0.5, dtype)
        results = np.empty_like(powers)
        return len(powers) / _shortest(lambda: np.exp(powers, out=results))

    return Rates(
        block=job.block,
        dtype=job.dtype,
        threads=job.threads,
        read_bytes_per_second={str(size): _read(np.ones(size // itemsize, job.dtype)) for size in job.sizes},
        flops_per_second=2 * len(square) ** 3 / _shortest(lambda: np.matmul(square, square, out=product)),
        exponentials_per_second=max(exponentials(job.dtype), 4 / itemsize * exponentials("float32")),
    )


def _read(array: NDArray[np.floating]) -> float:
    """Return the bytes per second of the fastest of three ways to read it once."""
    rows = array[: len(array) // 64 * 64].reshape(-1, 64)
    ways: tuple[Callable[[], object], ...] = (lambda: array.dot(array), array.max, lambda: rows.dot(array[:64]))
    return float(array.nbytes / min(_shortest(way) for way in ways))


def _shortest(call: Callable[[], object]) -> float:
    began, calls, shortest = time.perf_counter(), 0, float("inf")
    while calls < _LEAST_CALLS or time.perf_counter() - began < _SECONDS:
        start = time.perf_counter()
        call()
        shortest = min(shortest, time.perf_counter() - start)
        calls += 1
    return shortest


def main(argv: list[str]) -> None:
    """Run the job and write its one record."""
    job = read_job(argv)
    pin(job["core"])
    append_line(Path(job["folder"]) / RATES, measure(from_mapping(RatesJob, job)))


if __name__ == "__main__":
    main(sys.argv)
    leave()
