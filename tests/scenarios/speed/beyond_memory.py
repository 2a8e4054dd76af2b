"""Train the four on data larger than memory: `python -m tests.scenarios.speed.beyond_memory --out FOLDER`.

Writes a folder of rows that are zeros (32 GB that take almost no disk space) except three: at the start, in
the middle and at the end, each with its own feature. A row of zeros adds nothing to the gradient of w, so after
an epoch exactly the weights of these features have moved, if all three rows were read. Prints for each the
seconds, the peak anonymous memory of its process (`RssAnon`) and the peak of file pages (`RssFile`), which
the system can reclaim. The exit code is 1 if a weight is wrong, or memory is 2 GB or more. Linux only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import datasets
import impls
from bench.plan import starts
from bench.plan.devices import device
from datasets import prepared
from impls.protocol import Batching, Dataset, Feed, Params, Recipe
from tests.scenarios.speed.memory import ANONYMOUS, OF_FILES, alone, watched

D, CLASSES, BATCH_SIZE = 64, 3, 65_536
MOST_BYTES = 2e9


def main() -> None:
    """Write the rows, run each implementation in its own process, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=125_000_000)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(_epoch(options.worker, options.out)))
        return
    rows, worker = options.out / "rows", options.out / "prepared"
    _write(rows, options.rows)
    with watched() as seen:
        began = time.perf_counter()
        dataset = datasets.load(str(rows), dtype="float32")
        seconds = time.perf_counter() - began
    print(f"{dataset.x.nbytes / 1e9:.1f} GB read through in {seconds:.0f} s, {seen[ANONYMOUS] / 1e6:.0f} MB anonymous")
    prepared.save(dataset, worker)
    table = pd.DataFrame([alone(__spec__.name, name, worker) for name in (*impls.FOUR, "numpy_blocked")])
    print(table.to_string(index=False))
    sys.exit(not (table.right.all() and (table.anonymous_mb < MOST_BYTES / 1e6).all()))


def _write(folder: Path, n: int) -> None:
    folder.mkdir(parents=True)
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=(n, D))
    y = np.lib.format.open_memmap(folder / "y.npy", mode="w+", dtype=np.int64, shape=(n,))
    for feature, row in enumerate(_planted(n)):
        x[row, feature], y[row] = 1.0, feature % CLASSES
    x.flush()
    y.flush()


def _planted(n: int) -> tuple[int, int, int]:
    return 0, n // 2, n - 1


def _epoch(name: str, folder: Path) -> dict[str, object]:
    """Train for one epoch, and report whether exactly the weights of the planted features have moved."""
    dataset = prepared.open_saved(folder)
    start = starts.draw(dataset.model, dataset.d, dataset.classes, "float32", (0,))
    implementation = impls.load(name)
    with watched() as seen:
        began = time.perf_counter()
        recipe = Recipe(dataset.learning_rate, Batching(BATCH_SIZE), Feed.HOST)
        trainer = implementation(dataset, start, recipe, device("cpu"))
        trainer.reset(start, 1)
        trainer.epoch()
        trainer.synchronize()
        seconds = time.perf_counter() - began
    return {
        "implementation": name,
        "steps": len(Batching(BATCH_SIZE).rows(dataset.n, 0)),
        "seconds": round(seconds, 1),
        "anonymous_mb": round(seen[ANONYMOUS] / 1e6),
        "file_mb": round(seen[OF_FILES] / 1e6),
        "right": _right(dataset, start, trainer.params()),
    }


def _right(dataset: Dataset, start: Params, end: Params) -> bool:
    moved = np.any(end.w != start.w, axis=1)
    return bool(np.all(moved[: len(_planted(dataset.n))]) and not np.any(moved[len(_planted(dataset.n)) :]))


if __name__ == "__main__":
    main()
