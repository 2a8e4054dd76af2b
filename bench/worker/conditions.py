"""The conditions of this worker, read back; asked is what must be found, and `bench.audit.rules` compares the two."""

from __future__ import annotations

import os
import sys

from bench.store.cell import Cell
from bench.store.raw_rows import Environment
from impls import runtimes


def read_back(
    cell: Cell, *, runtime: str, core: int | None, placement: frozenset[str], busy_threads: int | None
) -> Environment:
    """Return what was asked for a cell and what is so in this process."""
    library = runtimes.load(runtime)
    pools = runtimes.load("numpy").threads() | library.threads()  # every worker has NumPy and its BLAS in it
    threads = {f"threads {pool}": number for pool, number in pools.items()}
    asked = dict.fromkeys(threads, str(cell.threads))
    asked |= library.asked(cell.problem.dtype) | {"placement": cell.device}
    found = {name: str(number) for name, number in threads.items()}
    found |= library.settings() | {"placement": ", ".join(sorted(placement))}
    if sys.platform == "linux":
        found["processors"] = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
        asked |= {} if core is None else {"processors": str(core)}
    return Environment(asked, found, library.versions(), busy_threads, library.busy_at_most(cell.threads))
