"""The names and places of a run's files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The files in a worker's folder: records and failures of its cells, and the number of the cell last started.
RECORDS, FAILURES, STARTED = "records.jsonl", "failures.jsonl", "started.txt"
BENCHMARK_JSON = "benchmark.json"

# The folder of the running worker, in the run's raw/; each cell is written there before the next one starts.
WORKER = "worker"

SCHEMA = 1
RESULTS = ROOT / "results"
ENVIRONMENT = "environment.json"
VERDICTS, AGREEMENT = Path("raw", "verdicts.jsonl"), Path("raw", "agreement.jsonl")
