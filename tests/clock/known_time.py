"""Epochs whose time is known: `python -m tests.clock.known_time --out FOLDER` shows what the clock makes of them.

The implementations of tests/planted/busy.py train a table of three rows, and then wait busily until 200 us, 2 ms or
20 ms have passed since the epoch began. An epoch is longer than that by the last look at the processor's clock and by
the call of it, which the null implementation takes too: the truth lies between the two. Exit code 1 where a reported
time is 1 % off, its interval does not meet the truth, or the null implementation takes a microsecond or more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

from bench.records import Timing
from bench.report import files, summary
from bench.workers import ROOT
from tests.planted import busy

BUSY = (busy.Busy200us, busy.Busy2ms, busy.Busy20ms)
# A look at the clock takes less than a tenth of this.
LAST_LOOK_SECONDS = 0.5e-6


def main() -> None:
    """Time them as any other implementation, and print what was reported beside what is so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=14)
    options = parser.parse_args()
    names = [f"tests/planted/busy.py:{one.__name__}" for one in BUSY]
    what = [*(word for name in names for word in ("-i", name)), "-d", "triple", "--blocks", str(options.blocks)]
    command = [sys.executable, "-m", "bench", "run", *what, "--out", str(options.out)]
    if not options.out.is_dir():
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    raw = files.read(options.out)
    null = summary.null_epoch_seconds(raw) or 0.0
    table = pd.DataFrame([_row(timing, null) for timing in summary.timings(raw)])
    print(f"an epoch that does nothing takes {1e6 * null:.3f} us")
    print(table.to_string(index=False))
    sys.exit(not (null < 1e-6 and table.within.all() and table.covers.all()))


def _row(timing: Timing, null: float) -> dict[str, object]:
    truth = next(one.seconds for one in BUSY if timing.implementation.endswith(f":{one.__name__}"))
    seconds, low, high = timing.epoch_seconds, timing.epoch_seconds_low, timing.epoch_seconds_high
    if seconds is None or low is None or high is None:
        return {"truth": truth, "status": timing.status, "within": False, "covers": False}
    return {
        "truth": truth,
        "status": timing.status,
        "reported": seconds,
        "low": low,
        "high": high,
        "error": f"{100 * (seconds / truth - 1):+.3f} %",
        "within": abs(seconds / truth - 1) < 0.01,
        "covers": low <= truth + null + LAST_LOOK_SECONDS and high >= truth,
    }


if __name__ == "__main__":
    main()
