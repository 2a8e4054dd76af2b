"""Epochs whose time is known: `python -m tests.clock.known_time --out FOLDER` shows what the clock makes of them.

The implementations of tests/planted/busy.py train a table of three rows, and then wait busily until 200 us, 2 ms or
20 ms have passed since the epoch began. Each has a run of its own, and with it its own number of epochs in a round. An
epoch is longer than its wait by the call of it and by the last look at the clock, and a round by one `synchronize`: the
null implementation, whose rounds have as many epochs, takes all of them. The truth lies between the wait and that sum.
Exit code 1 where a reported time is 1 % off or its interval does not meet the truth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

from bench.report import files, summary
from bench.workers import ROOT
from tests.planted import busy

BUSY = (busy.Busy200us, busy.Busy2ms, busy.Busy20ms)


def main() -> None:
    """Time them as any other implementation, and print what was reported beside what is so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=14)
    options = parser.parse_args()
    table = pd.DataFrame([_row(one, _run(one, options.out / one.__name__, options.blocks)) for one in BUSY])
    print(table.to_string(index=False))
    sys.exit(not (table.within.all() and table.covers.all()))


def _run(one: type[busy.Busy200us], out: Path, blocks: int) -> summary.Raw:
    if not out.is_dir():
        what = [
            "-i",
            f"tests/planted/busy.py:{one.__name__}",
            "-d",
            "triple",
            "--blocks",
            str(blocks),
            "--out",
            str(out),
        ]
        subprocess.run([sys.executable, "-m", "bench", "run", *what], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return files.read(out)


def _row(one: type[busy.Busy200us], raw: summary.Raw) -> dict[str, object]:
    truth, null = one.seconds, summary.null_epoch_seconds(raw) or 0.0
    timing = next(row for row in summary.timings(raw) if row.implementation.endswith(f":{one.__name__}"))
    seconds, low, high = timing.epoch_seconds, timing.epoch_seconds_low, timing.epoch_seconds_high
    if seconds is None or low is None or high is None:
        return {"truth_us": 1e6 * truth, "status": timing.status, "within": False, "covers": False}
    return {
        "truth_us": 1e6 * truth,
        "status": timing.status,
        "reported_us": 1e6 * seconds,
        "low_us": 1e6 * low,
        "high_us": 1e6 * high,
        "null_us": 1e6 * null,
        "error": f"{100 * (seconds / truth - 1):+.3f} %",
        "disturbed": timing.disturbed_blocks,
        "within": abs(seconds / truth - 1) < 0.01,
        "covers": low <= truth + null and high >= truth,
    }


if __name__ == "__main__":
    main()
