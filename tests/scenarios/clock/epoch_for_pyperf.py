"""Time one cell with pyperf.

Run `python -m tests.scenarios.clock.epoch_for_pyperf IMPLEMENTATION FOLDER EPOCHS`, and then pyperf's options.

FOLDER holds a dataset saved by `datasets.prepared`. A loop is what `bench` calls a round: EPOCHS epochs and one
synchronize, from a start that was reset off the clock.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pyperf

import impls
from bench.plan import starts
from bench.worker.prepare import ready, run_epochs
from datasets.prepared import open_saved
from impls.protocol import Device, Recipe, zeros


def main() -> None:
    """Pass the cell to pyperf, which starts this program again as its worker."""
    own, sys.argv[1:] = sys.argv[1:4], sys.argv[4:]
    implementation, folder, epochs = own[0], Path(own[1]), int(own[2])

    def seconds(loops: int) -> float:
        dataset = open_saved(folder)
        trainer = impls.load(implementation)(dataset, zeros(dataset), Recipe(dataset.learning_rate), Device("cpu"))
        total = 0.0
        for loop in range(loops):
            start = starts.draw(dataset.model, dataset.d, dataset.classes, str(dataset.x.dtype), (loop,))
            ready(trainer, start, epochs)
            began = time.perf_counter()
            run_epochs(trainer, epochs)
            total += time.perf_counter() - began
        return total

    runner = pyperf.Runner(program_args=("-m", "tests.scenarios.clock.epoch_for_pyperf", *own))
    runner.bench_time_func(implementation, seconds, inner_loops=epochs)


if __name__ == "__main__":
    main()
