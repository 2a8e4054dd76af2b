"""Compare the baseline with itself over many cells and runs, and count false differences.

    python -m tests.scenarios.clock.self_comparison --runs 10 --out FOLDER

Each run is `python -m bench run` on 20 small cells of the baseline alone, with its A/A twin in every block and its own
seed. A run already in the folder is read, not repeated. Prints, per run and in total, the number of comparisons, how
many were called FASTER or SLOWER, and how many intervals exclude 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.analysis.run import read
from bench.store import layout
from bench.store.layout import ROOT
from bench.store.tables import Comparison
from impls import BASELINE

SHAPES = {
    "simple_linear": ("n=10", "n=30", "n=100", "n=300", "n=1000"),
    "multivariate_linear": ("n=10,d=2", "n=30,d=4", "n=100,d=8", "n=300,d=16", "n=1000,d=4"),
    "logistic": ("n=10,d=2", "n=30,d=4", "n=100,d=8", "n=300,d=16", "n=1000,d=4"),
    "softmax": ("n=10,d=2,k=3", "n=30,d=4,k=3", "n=100,d=8,k=4", "n=300,d=8,k=5", "n=1000,d=4,k=3"),
}


@dataclass(frozen=True)
class Tally:
    """The counts of one run."""

    run: str
    blocks: int
    disturbed: int
    comparisons: int
    different: int
    without_one: int
    widest: float


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=14)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tallies = [_tally(_run(options.out / f"seed-{seed}", seed, options.blocks)) for seed in range(options.runs)]
    table = pd.DataFrame([vars(one) for one in tallies])
    print(table.round(4).to_string(index=False))
    total = table.comparisons.sum()
    print(
        f"{total} comparisons: {table.different.sum()} called different, {table.without_one.sum()} intervals without 1"
    )


def _run(folder: Path, seed: int, blocks: int) -> Path:
    """Do the run of this seed, or complete it."""
    command = [sys.executable, "-m", "bench", "run"]
    if (folder / layout.ENVIRONMENT).is_file():
        if not (folder / "report.md").is_file():
            subprocess.run([*command, "--resume", str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return folder
    cells = [("--dataset", f"synthetic:{model},{shape}") for model, shapes in SHAPES.items() for shape in shapes]
    what = [*(word for pair in cells for word in pair), "-i", BASELINE, "--seed", str(seed), "--blocks", str(blocks)]
    subprocess.run([*command, *what, "--out", str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def _tally(folder: Path) -> Tally:
    raw = read(folder)
    ratios = [(one.ratio, one.comparison) for one in raw.self_comparisons if one.ratio]
    return Tally(
        run=folder.name,
        blocks=max(ratio.blocks for ratio, _ in ratios),
        disturbed=len(raw.noisy),
        comparisons=len(ratios),
        different=sum(said in (Comparison.FASTER, Comparison.SLOWER) for _, said in ratios),
        without_one=sum(not ratio.low <= 1 <= ratio.high for ratio, _ in ratios),
        widest=max(ratio.half_width for ratio, _ in ratios),
    )


if __name__ == "__main__":
    main()
