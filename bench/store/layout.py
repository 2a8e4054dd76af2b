"""The names and places of a run's files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"

SCHEMA = 2
ENVIRONMENT = "environment.json"

# The folder of the raw rows, and its files, one record per line: bench/store/raw_rows.py.
RAW = "raw"
PACES, BLOCKS, ROUNDS, FAILURES, RATES, SPENT = (
    "pilot.jsonl", "blocks.jsonl", "rounds.jsonl", "failures.jsonl", "rates.jsonl", "spent.jsonl",
)  # fmt: skip
VERDICTS, AGREEMENT = Path(RAW, "verdicts.jsonl"), Path(RAW, "agreement.jsonl")

# The folder of the running workers, in the run's raw/, each with a folder of its own: its job, its output,
# pytest-benchmark's own file, and an empty file that it touches as a sign of life.
WORKERS = "workers"
JOB, LOG, BENCHMARK_JSON, ALIVE = "job.json", "log.txt", "benchmark.json", "alive"

# The tables and reports that are built from the raw rows.
TIMINGS_CSV, SWEEP_CSV, AGREEMENT_CSV = "timings.csv", "sweep.csv", "agreement.csv"
REPORT_MD, REPORT_HTML = "report.md", "report.html"
PICTURES, AGREEMENT_SVG = "pictures", "agreement.svg"

# The files that `compare` and `history` write from several runs.
COMPARISON_MD, COMPARISON_CSV = "comparison.md", "comparison.csv"
HISTORY_MD, HISTORY_CSV, HISTORY_SVG = "history.md", "history.csv", "history.svg"


def intervals_svg(model: str) -> str:
    """Return the file name of the picture of a model's ranked intervals."""
    return f"intervals-{model}.svg"


def rounds_svg(model: str) -> str:
    """Return the file name of the picture of a model's timed rounds."""
    return f"rounds-{model}.svg"


def sizes_svg(model: str) -> str:
    """Return the file name of the picture of a model's time against size."""
    return f"sizes-{model}.svg"
