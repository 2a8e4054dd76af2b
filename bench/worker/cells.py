"""The cells of one timing worker, each a test of pytest-benchmark; `bench.worker.time_cells` runs this file."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from bench.jsonl import from_mapping
from bench.records import Rounds
from bench.worker.timing import Entry, Job, attempt, time_cell


def test_cell(job: dict[str, Any], number: int, benchmark: Any) -> None:
    """The cell of this number is in the records or in the failures; the next one is started either way."""

    def measure(job: Job, entry: Entry) -> Rounds:
        rounds = time_cell(job, entry, benchmark, time.perf_counter)
        facts = asdict(rounds)
        del facts["round_seconds"]  # they are the benchmark's own data
        benchmark.extra_info.update(facts)
        return rounds

    attempt(from_mapping(Job, job), number, measure)
