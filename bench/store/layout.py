"""Where the files of a run lie, and what they are called."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"

SCHEMA = 1
ENVIRONMENT = "environment.json"

# The folder of the raw rows, and its files, one record a line: bench/store/raw_rows.py. The rows of failures.jsonl come
# from the files of the same name that workers leave.
RAW = "raw"
PACES, BLOCKS, ROUNDS, FAILURES, RATES = (
    "pilot.jsonl", "blocks.jsonl", "rounds.jsonl", "failures.jsonl", "rates.jsonl",
)  # fmt: skip
VERDICTS, AGREEMENT = Path(RAW, "verdicts.jsonl"), Path(RAW, "agreement.jsonl")

# The folder of the worker that runs, in the run's raw/: its cells are there before the next one starts. In it are its
# job, what it printed, the records of its cells, the number of the cell last started, and pytest-benchmark's own file.
WORKER = "worker"
JOB, LOG, RECORDS, STARTED, BENCHMARK_JSON = "job.json", "log.txt", "records.jsonl", "started.txt", "benchmark.json"

# What is made from the raw rows.
TIMINGS_CSV, SWEEP_CSV, AGREEMENT_CSV = "timings.csv", "sweep.csv", "agreement.csv"
REPORT_MD, REPORT_HTML = "report.md", "report.html"
PICTURES, AGREEMENT_SVG = "pictures", "agreement.svg"

# What `compare` and `history` make from several runs.
COMPARISON_MD, COMPARISON_CSV = "comparison.md", "comparison.csv"
HISTORY_MD, HISTORY_CSV, HISTORY_SVG = "history.md", "history.csv", "history.svg"


def intervals_svg(model: str) -> str:
    """Return the name of the picture of the ranked intervals of a model."""
    return f"intervals-{model}.svg"


def rounds_svg(model: str) -> str:
    """Return the name of the picture of every timed round of a model."""
    return f"rounds-{model}.svg"


def sizes_svg(model: str) -> str:
    """Return the name of the picture of time against size of a model."""
    return f"sizes-{model}.svg"
