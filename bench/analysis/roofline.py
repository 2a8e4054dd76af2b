"""The least time that an epoch can take on this machine, from what it must read and compute.

An epoch must read every row once, and multiply and add n d k times for z = x w + b and as often for x' r. Logistic
must take one exponential per row, and softmax k - 1, one fewer than the row has logits. Each of these three amounts
(bytes read, operations in products, exponentials) is divided by the highest rate that any worker of the run measured
on this machine with NumPy and its BLAS (`bench.worker.rates`). Reading and computing overlap, so the longer of the two
counts. Everything else in an epoch, such as calls, counts as free.

The read rate is the highest among arrays as large as x or larger, since smaller ones may be read from a cache. Labels
count as one byte each, which is all they need, and the starting parameters as none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bench.store.cell import Cell, Problem
from bench.store.raw_rows import Rates
from datasets.dataset import Model

# The loops of a library come within a fifth of what a processor can do. The bound could also be too high because the
# rates were measured while others used the machine, so they are measured in every block and the highest counts.
SAFETY = 0.8
# Smaller arrays measure the cost of a call; larger ones measure the same as 256 MiB: the rate of the memory.
_LEAST_BYTES, _MOST_BYTES = 1 << 16, 1 << 28


def read_bytes(problem: Problem) -> int:
    """Return how many bytes of rows an epoch reads."""
    itemsize = np.dtype(problem.dtype).itemsize
    target = 1 if problem.model.classifies else itemsize
    return problem.rows * (problem.d * itemsize + target)


def measured_size(problem: Problem) -> int:
    """Return the size of the array whose read rate applies to a problem."""
    return min(_MOST_BYTES, max(_LEAST_BYTES, problem.n * problem.d * np.dtype(problem.dtype).itemsize))


def seconds(cell: Cell, rates: Iterable[Rates]) -> float | None:
    """Return the least seconds that an epoch of a cell can take.

    None for a device without measured rates, and for several threads, since NumPy takes exponentials on only one.
    """
    problem, size = cell.problem, measured_size(cell.problem)
    fitting = [one for one in rates if (one.dtype, one.threads) == (problem.dtype, cell.threads)]
    # A larger array may have a higher read rate than a smaller one, whose calls dominate; the highest counts for both.
    reads = [rate for one in fitting for bytes_, rate in one.read_bytes_per_second.items() if int(bytes_) >= size]
    if not cell.on_one_processor or not reads:
        return None
    n, d, k = problem.rows, problem.d, problem.k
    exponentials = {Model.LOGISTIC: n, Model.SOFTMAX: n * (k - 1)}.get(problem.model, 0)
    computing = 4 * n * d * k / max(one.flops_per_second for one in fitting)
    computing += exponentials / max(one.exponentials_per_second for one in fitting)
    return SAFETY * max(read_bytes(problem) / max(reads), computing)
