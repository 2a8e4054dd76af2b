"""Time the same cells with pyperf and with this harness: `python -m tests.scenarios.clock.beside_pyperf --out FOLDER`.

In each block both time every implementation once, each time in a fresh process with the same environment on the same
processor, all in random order. Prints the ratio to the baseline that each finds, and exits with 1 if their intervals
are disjoint. Needs `pip install -c constraints.txt --group clock`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

import datasets
import impls
from bench.analysis.statistics import Ratio, paired_ratio, process_value
from bench.process.spawn import environment
from bench.store.cell import Cell, Problem
from bench.store.layout import ROOT
from bench.timing.jobs import Plan
from datasets import prepared
from datasets.dataset import Dataset
from tests.support.cohorts import alone

# The epochs per round, so that a round takes a few milliseconds.
EPOCHS = {"diabetes": 100, "breast_cancer": 50, "digits": 5}
ROUNDS, WARMUP = 40, 20
CLOCKS = ("bench", "pyperf")


def main() -> None:
    """Run the blocks, print both ratios of each cell, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=10)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    rows = [row for name in EPOCHS for row in _compare(name, options.blocks, options.out.resolve())]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    sys.exit(not table.agree.all())


def _compare(name: str, blocks: int, out: Path) -> list[dict[str, object]]:
    dataset = datasets.load(name).astype("float32")
    folder = out / name
    prepared.save(dataset, folder)
    values: dict[tuple[str, str], dict[int, float]] = {}
    generator = np.random.default_rng(0)
    cores = sorted(os.sched_getaffinity(0))
    todo = [(clock, implementation) for clock in CLOCKS for implementation in impls.FOUR]
    for block in range(blocks):
        for number in generator.permutation(len(todo)):
            clock, implementation = todo[number]
            time_it = _by_bench if clock == "bench" else _by_pyperf
            seconds = time_it(implementation, dataset, folder, cores[block % len(cores)])
            values.setdefault((clock, implementation), {})[block] = seconds
    return [_row(name, one, values) for one in impls.FOUR if one != impls.BASELINE]


def _row(name: str, implementation: str, values: dict[tuple[str, str], dict[int, float]]) -> dict[str, object]:
    found = [paired_ratio(values[clock, implementation], values[clock, impls.BASELINE], 1) for clock in CLOCKS]
    own, other = found
    agree = own is not None and other is not None and own.overlaps(other)
    return {"dataset": name, "implementation": implementation, **dict(zip(CLOCKS, map(_said, found), strict=True)),
            "agree": agree}  # fmt: skip


def _said(ratio: Ratio | None) -> str:
    return f"{ratio.ratio:.3f} ({ratio.low:.3f} to {ratio.high:.3f})" if ratio else "too few blocks"


def _by_bench(implementation: str, dataset: Dataset, folder: Path, core: int) -> float:
    problem = Problem(dataset.name, dataset.model, dataset.n, dataset.d, dataset.classes, "float32",
                      dataset.learning_rate, None, False, False, 0)  # fmt: skip
    plan = Plan(EPOCHS[dataset.name], ROUNDS, 1, WARMUP, 0.0)
    cell = Cell(implementation, problem, "cpu", 1)
    (rounds,) = alone(cell, folder, plan, folder.parent / "workers", core).rounds
    return process_value(rounds)


def _by_pyperf(implementation: str, dataset: Dataset, folder: Path, core: int) -> float:
    out = folder.parent / "pyperf.json"
    out.unlink(missing_ok=True)
    own = [implementation, str(folder), str(EPOCHS[dataset.name])]
    how = ["--processes=1", "--values=4", "--warmups=1", "--loops=15", f"--affinity={core}", "--copy-env", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "tests.scenarios.clock.epoch_for_pyperf", *own, *how, "-o", str(out)],
        cwd=ROOT,
        env=environment(dtype="float32", threads=1, device="cpu"),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (benchmark,) = json.loads(out.read_text(encoding="utf-8"))["benchmarks"]
    return float(median(value for run in benchmark["runs"] for value in run.get("values", ())))


if __name__ == "__main__":
    main()
