"""Read back the conditions in this worker. `asked` is what must be `found`; `bench.audit.rules` compares the two."""

from __future__ import annotations

from bench.store.cell import Cell
from bench.store.raw_rows import Environment
from impls import runtimes


def read_back(cell: Cell, *, runtime: str, placement: frozenset[str], busy_threads: int | None) -> Environment:
    """Return the conditions that were asked for, and those found in this process."""
    library = runtimes.load(runtime)
    pools = runtimes.load("numpy").threads() | library.threads()  # every worker loads NumPy and its BLAS
    threads = {f"threads {pool}": number for pool, number in pools.items()}
    asked = dict.fromkeys(threads, str(cell.threads))
    asked |= library.asked(cell.problem.dtype) | {"placement": cell.device}
    found = {name: str(number) for name, number in threads.items()}
    found |= library.settings() | {"placement": ", ".join(sorted(placement))}
    versions = {name: str(version) for name, version in library.versions().items()}  # torch's is a subclass of str
    return Environment(asked, found, versions, busy_threads, library.busy_at_most(cell.threads))
