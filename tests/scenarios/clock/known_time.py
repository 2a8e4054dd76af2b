"""Measure epochs whose time is known: `python -m tests.scenarios.clock.known_time --out FOLDER`.

The implementations of tests/support/planted/busy.py train a table of three rows, and then wait busily until 200 us, 2
ms or 20 ms have passed since the epoch began. Each has its own run, and so its own number of epochs per
round. The truth lies between two times that each process records, as tests/support/planted/busy.py explains.
The exit code is 1 if a reported time is off by 1 % or its interval misses the truth.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pandas as pd

from bench.analysis import run
from bench.analysis.run import read
from bench.report.views import self_comparison
from bench.store.layout import ROOT
from tests.support.planted import busy

BUSY = (busy.Busy200us, busy.Busy2ms, busy.Busy20ms)


def main() -> None:
    """Time them like any other implementation, and print reported and true times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=14)
    options = parser.parse_args()
    folders = {one: options.out.resolve() / one.__name__ for one in BUSY}
    runs = {one: _run(one, folder, options.blocks) for one, folder in folders.items()}
    table = pd.DataFrame([_row(one, runs[one], folder / busy.KEPT.name) for one, folder in folders.items()])
    print(table.to_string(index=False))
    sys.exit(not (table.within.all() and table.covers.all()))


def _run(one: type[busy.Busy200us], out: Path, blocks: int) -> run.Raw:
    """Time one of them in a new run, keeping what its processes recorded."""
    (out / busy.KEPT.name).mkdir(parents=True)
    name = f"tests/support/planted/busy.py:{one.__name__}"
    what = ["-i", name, "-d", "triple", "--blocks", str(blocks), "--out", str(out / "run")]
    command, own = [sys.executable, "-m", "bench", "run", *what], os.environ | {"TMPDIR": str(out)}
    subprocess.run(command, cwd=ROOT, env=own, check=True, stdout=subprocess.DEVNULL)
    return read(out / "run")


def _row(one: type[busy.Busy200us], raw: run.Raw, told: Path) -> dict[str, object]:
    told_by = [tuple(map(float, file.read_text().split())) for file in told.iterdir()]
    least, most = (median(times) for times in zip(*told_by, strict=True))
    null = self_comparison.null_epoch_seconds(raw) or 0.0
    timing = next(row for row in raw.timings if row.cell.implementation.endswith(f":{one.__name__}"))
    seconds, low, high = timing.epoch_seconds, timing.epoch_seconds_low, timing.epoch_seconds_high
    if seconds is None or low is None or high is None:
        return {"asked_us": 1e6 * one.seconds, "status": timing.status, "within": False, "covers": False}
    return {
        "asked_us": 1e6 * one.seconds,
        "least_us": 1e6 * least,
        "most_us": 1e6 * most,
        "status": timing.status,
        "reported_us": 1e6 * seconds,
        "low_us": 1e6 * low,
        "high_us": 1e6 * high,
        "null_us": 1e6 * null,
        "error": f"{100 * (seconds / one.seconds - 1):+.3f} %",
        "disturbed": timing.disturbed_blocks,
        "within": abs(seconds / one.seconds - 1) < 0.01,
        "covers": low <= most and high >= least,
    }


if __name__ == "__main__":
    main()
