"""Where the files of a run lie, and what they are called."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# pytest-benchmark's file in a worker's folder, and the folder of the workers that run, in the run's raw/.
BENCHMARK_JSON, WORKERS = "benchmark.json", "workers"

SCHEMA = 2
RESULTS = ROOT / "results"
ENVIRONMENT = "environment.json"
VERDICTS, AGREEMENT = Path("raw", "verdicts.jsonl"), Path("raw", "agreement.jsonl")
