"""Audit honest cells under load: `python -m tests.scenarios.clock.under_load --out FOLDER`.

A busy process on every processor, and one that streams through memory, run beside the four implementations, on 250
small cells each with three processes per cell, as many as a finding needs. The exit code is 1 if a cell is accused.
Results already in the folder are not repeated.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import datasets
import impls
from bench.audit import check, rules
from bench.machine.idle import Quiet
from bench.store import checkpoint
from bench.store.cell import Cell, Problem
from bench.timing import race
from datasets import prepared
from datasets.dataset import Dataset

CELLS, BLOCKS = 250, 3
# Few shapes and many draws, since compilation happens once per shape and process.
SHAPES = (
    "simple_linear,n=40",
    "simple_linear,n=500",
    "multivariate_linear,n=40,d=3",
    "multivariate_linear,n=500,d=10",
    "logistic,n=40,d=3",
    "logistic,n=500,d=10",
    "softmax,n=40,d=3,k=3",
    "softmax,n=300,d=8,k=5",
)
BURN = "while True: pass"
STREAM = "import numpy as np\nx = np.ones(30_000_000)\nwhile True: x += 1.0"


def main() -> None:
    """Time them under load, judge their evidence, and print findings per process and overall."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cells", type=int, default=CELLS, help="of each implementation")
    options = parser.parse_args()
    data = {(one.name, "float32"): one for one in _drawn(options.cells)}
    folders = {key: options.out.resolve() / "data" / key[0].replace(":", "-").replace(",", "-") for key in data}
    for key, dataset in data.items():
        if not folders[key].is_dir():
            folders[key].parent.mkdir(parents=True, exist_ok=True)
            prepared.save(dataset, folders[key])
    cells = [Cell(name, _problem(dataset), "cpu", 1) for name in impls.FOUR for dataset in data.values()]
    wanted = race.Wanted(BLOCKS, BLOCKS, 0, quick=True)
    raw = options.out / "raw"
    with _load():
        race.race(cells, folders, wanted, raw=raw, on_progress=print, quiet=Quiet(budget_seconds=0))
    check.judge(raw, data)
    done = checkpoint.read(raw)
    single = Counter(finding.status.value for one in done.rounds for finding in rules.findings(one))
    print(
        f"{len(done.rounds)} processes of {len({one.cell for one in done.rounds})} cells: {dict(single)} in one process"
    )
    print(f"declared: {[(one.cell, one.status, one.detail) for one in done.failures] or 'nothing'}")
    sys.exit(bool(done.failures))


def _drawn(number: int) -> Iterator[Dataset]:
    for seed in range(number):
        yield datasets.load(f"synthetic:{SHAPES[seed % len(SHAPES)]},seed={seed}").astype("float32")


def _problem(dataset: Dataset) -> Problem:
    sizes = (dataset.n, dataset.d, dataset.classes)
    return Problem(dataset.name, dataset.model, *sizes, "float32", dataset.learning_rate, None, False, False, 0)


@contextmanager
def _load() -> Iterator[None]:
    programs = [BURN] * (os.cpu_count() or 1) + [STREAM]
    running = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


if __name__ == "__main__":
    main()
