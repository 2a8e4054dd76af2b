"""Count false alarms of `compare --fail-slower`: `python -m tests.scenarios.clock.repeats --out FOLDER`.

The same cell is timed again and again. Nothing changes between the runs except the machine, so every alarm is noise.
Each run is compared with the first and with the previous one. Runs already in the folder are not repeated.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from bench.analysis.comparison import between, slower_than
from bench.analysis.run import Raw, read
from bench.machine import describe
from bench.machine.idle import Quiet
from bench.plan import fingerprint
from bench.plan.cells import make
from bench.plan.options import Options
from bench.report.views import comparison
from bench.store import layout, run_folder
from bench.store.cell import Status
from bench.store.raw_rows import Verdict
from bench.timing import race
from datasets import prepared
from impls import BASELINE


def main() -> None:
    """Time the cell in the requested number of runs, compare them, and print the alarms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--blocks", type=int, default=14)
    parser.add_argument("--implementation", default="jax_grad")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--share", type=float, default=0.05)
    asked = parser.parse_args()
    options = Options((BASELINE, asked.implementation), datasets=(asked.dataset,), blocks=asked.blocks)
    runs = [_run(asked.out / f"{number:02d}", options) for number in range(1, asked.runs + 1)]
    pairs = [(old, new) for number, new in enumerate(runs[1:], start=1) for old in {0, number - 1}]
    tripped = 0
    for old, new in pairs:
        found = between(runs[old], new)
        failed = slower_than(found.changes, asked.share)
        tripped += bool(failed)
        print(old + 1, new.environment["run"], *comparison.verdicts(found), "TRIPPED" if failed else "")
    print(f"{tripped} of {len(pairs)} comparisons of {len(runs)} runs tripped {100 * asked.share:g} %")


def _run(folder: Path, options: Options) -> Raw:
    """Return the run in this folder, timing it now if missing."""
    made = make(options)
    if not (folder / layout.VERDICTS).is_file():
        started = datetime.now(UTC)
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        found = describe.describe()
        environment = {
            "run": folder.name,
            "started": started.isoformat(timespec="seconds"),
            "command": "python -m tests.scenarios.clock.repeats",
            "options": {"quick": False, "blocks": options.blocks, "threads": 1},
            "datasets": [],
            "machine": found,
            "identity": fingerprint.identity(found, made),
            "timed": True,
        }
        run_folder.write_environment(folder, environment)
        folders = dict.fromkeys(made.data, folder / "data")
        for key, dataset in made.data.items():
            prepared.save(dataset, folders[key])
        wanted = race.Wanted(options.blocks, options.blocks, 0, quick=False)
        quiet = Quiet(budget_seconds=0)
        race.race(made.cells, folders, wanted, raw=folder / "raw", on_progress=lambda _: None, quiet=quiet)
        run_folder.write_records(folder / layout.VERDICTS, [Verdict(cell, Status.OK) for cell in made.cells])
    return read(folder)


if __name__ == "__main__":
    main()
