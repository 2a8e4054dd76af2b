"""The cells of one timing worker, each a test of pytest-benchmark; `bench.worker.time_cells` runs this file."""

from __future__ import annotations

from typing import Any

from bench.store.jsonl import from_mapping
from bench.timing.jobs import Entry
from bench.worker.attempt import attempt
from bench.worker.channel import Channel
from bench.worker.evidence import Clocks
from bench.worker.measure import time_cell


def test_cell(entry: dict[str, Any], channel: Channel, numpy_seconds: float, benchmark: Any) -> None:
    """Answer the parent's requests about this cell, or report why it raises; the next cell follows either way."""
    measured = from_mapping(Entry, entry)
    attempt(channel, lambda: time_cell(measured, channel, benchmark, Clocks(), numpy_seconds))
