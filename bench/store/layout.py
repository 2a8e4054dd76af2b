"""Where the files of a run lie, and what they are called."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The files of a worker's folder: the records and failures of its cells, and the number of the cell last started.
RECORDS, FAILURES, STARTED = "records.jsonl", "failures.jsonl", "started.txt"
BENCHMARK_JSON = "benchmark.json"

# The folder of the worker that runs, in the run's raw/: its cells are there before the next one starts.
WORKER = "worker"

SCHEMA = 1
RESULTS = ROOT / "results"
ENVIRONMENT = "environment.json"
VERDICTS, AGREEMENT = Path("raw", "verdicts.jsonl"), Path("raw", "agreement.jsonl")
