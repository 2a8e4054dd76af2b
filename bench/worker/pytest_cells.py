"""The cells of one timing worker, each a test of pytest-benchmark; `bench.worker.time_cells` runs this file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bench.store.jsonl import from_mapping
from bench.store.raw_rows import Rounds
from bench.timing.jobs import Entry, Job
from bench.worker.attempt import attempt
from bench.worker.evidence import Clocks
from bench.worker.measure import time_cell


def test_cell(job: dict[str, Any], number: int, numpy_seconds: float, benchmark: Any) -> None:
    """The cell of this number is in the records or in the failures; the next one is started either way."""

    def measure(job: Job, entry: Entry) -> Rounds:
        rounds = time_cell(job, entry, benchmark, Clocks(), numpy_seconds)
        facts = asdict(rounds)
        del facts["round_seconds"], facts["evidence"]  # the benchmark's own data, and much that only judges read
        benchmark.extra_info.update(facts)
        return rounds

    attempt(from_mapping(Job, job), number, measure)
