"""Read back the conditions in this worker. `asked` is what must be `found`; `bench.audit.rules` compares the two."""

from __future__ import annotations

from collections.abc import Mapping

from bench.store.cell import Cell
from bench.store.raw_rows import Environment
from impls import runtimes
from impls.runtimes import Runtime


def read_back(
    cell: Cell,
    *,
    library: Runtime,
    placement: frozenset[str],
    busy_threads: int | None,
    imported: Mapping[str, str],
) -> Environment:
    """Return the conditions that were asked for, and those found in this process.

    imported   versions of libraries besides those that the runtime names
    """
    pools = runtimes.load("numpy").threads() | library.threads()  # every worker loads NumPy and its BLAS
    threads = {f"threads {pool}": number for pool, number in pools.items()}
    asked = dict.fromkeys(threads, str(cell.threads))
    asked |= library.asked(cell.problem.dtype) | {"placement": cell.device}
    found = {name: str(number) for name, number in threads.items()}
    found |= library.settings() | {"placement": ", ".join(sorted(placement))}
    versions = {name: str(one) for name, one in {**imported, **library.versions()}.items()}  # torch's is no plain str
    return Environment(asked, found, versions, busy_threads, library.busy_at_most(cell.threads))
