"""Measure a report of many cells: `python tests/scenarios/large_report.py FOLDER [CELLS]`, twice.

The first call writes the raw rows of a made-up run into the folder; every call rebuilds its tables and prints the
seconds and memory that `python -m bench report` took. No test asserts either: they depend on the machine.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import impls  # noqa: E402
from tests.support.made_run import lay_down, made_run, problem  # noqa: E402 - the checkout is found first

NAMES = [*impls.FOUR, *(f"mine.py:Mine{number}" for number in range(6))]


def main(folder: Path, cells: int) -> None:
    if not folder.exists():
        problems = [problem(number) for number in range(cells // len(NAMES))]
        lay_down(folder, made_run(NAMES, problems, lambda name, _: 1e-3 * (1 + NAMES.index(name))))
    size = sum(path.stat().st_size for path in (folder / "raw").iterdir()) / 2**20
    before = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench", "report", str(folder), "--quiet"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    print(f"{size:.0f} MiB of raw rows: {seconds:.1f} s, at most {peak:.0f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
