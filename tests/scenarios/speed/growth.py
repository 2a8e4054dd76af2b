"""Measure how time and memory grow with the rows: `python -m tests.scenarios.speed.growth --out FOLDER`.

Softmax with ten classes and logistic, 16 features, float32, full batches of 10^4 to 10^7 rows, for the four and the
tuned, each in its own process with one thread. Prints the nanoseconds per row in the shortest epoch, and the same
with freed memory kept by the C library: by default it returns arrays of 32 MB and more to the system and gets them
back one page at a time. Then prints the peak anonymous memory of the process, beside its limit: x and y, six arrays of
n x k (none for numpy_blocked, whose blocks are small) and 300 MB with NumPy, 700 MB with torch or JAX. Memory is
measured in epochs that are not timed. Linux with glibc only.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd

import datasets
import impls
from bench.plan.devices import device
from datasets import prepared
from datasets.dataset import Dataset
from impls.protocol import Params, Recipe, Trainer, zeros
from tests.scenarios.speed.memory import ANONYMOUS, alone, watched

MODELS = ("softmax,d=16,k=10", "logistic,d=16")
ROWS = (10_000, 100_000, 1_000_000, 2_000_000, 10_000_000)
NAMES = tuple(name for name, row in impls.TABLE.items() if row.role is not impls.Role.YARDSTICK)
# The least number of timed epochs, and the least total time.
LEAST_EPOCHS, LEAST_SECONDS = 5, 0.5
# Settings that make glibc keep freed memory: no array has its own mapping, and the heap never shrinks.
KEEPING = {"MALLOC_MMAP_THRESHOLD_": str(2**34), "MALLOC_TRIM_THRESHOLD_": str(2**35)}


def main() -> None:
    """Print a row per implementation, model and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(_grown(options.worker, options.out)))
        return
    found = [row for model in MODELS for n in ROWS for row in _rows(model, n, options.names, options.out)]
    print(pd.DataFrame(found).to_string(index=False))


def _rows(model: str, n: int, names: list[str], out: Path) -> list[dict[str, object]]:
    dataset = datasets.load(f"synthetic:{model},n={n}", dtype="float32")
    folder = out / dataset.name.replace(":", "-")
    prepared.save(dataset, folder)
    return [_run(name, dataset, folder) for name in names]


def _run(name: str, dataset: Dataset, folder: Path) -> dict[str, object]:
    found, keeping = (alone(__spec__.name, name, folder, **variables) for variables in ({}, KEEPING))
    return {
        "model": str(dataset.model),
        "n": dataset.n,
        "implementation": name,
        "ns_per_row": round(1e9 * found["seconds"] / dataset.n, 2),
        "keeping_ns": round(1e9 * keeping["seconds"] / dataset.n, 2),
        "anonymous_mb": round(found["bytes"] / 1e6),
        "at_most_mb": round(_most_bytes(name, dataset) / 1e6),
    }


def _most_bytes(name: str, dataset: Dataset) -> float:
    logits = 0 if name == "numpy_blocked" else 6 * 4 * dataset.n * dataset.classes
    library = 300e6 if impls.TABLE[name].requires == "numpy" else 700e6
    return dataset.x.nbytes + dataset.y.nbytes + logits + library


def _grown(name: str, folder: Path) -> dict[str, float]:
    with watched() as seen:
        dataset = prepared.open_saved(folder)
        implementation = impls.load(name)
        trainer = implementation(dataset, zeros(dataset), Recipe(dataset.learning_rate), device("cpu"))
        start = zeros(dataset)
        for _ in range(2):
            _seconds(trainer, start)
    times: list[float] = []
    while len(times) < LEAST_EPOCHS or sum(times) < LEAST_SECONDS:
        times.append(_seconds(trainer, start))
    return {"seconds": min(times), "bytes": seen[ANONYMOUS]}


def _seconds(trainer: Trainer, start: Params) -> float:
    trainer.reset(start, 1)
    trainer.synchronize()
    began = time.perf_counter()
    trainer.epoch()
    trainer.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
