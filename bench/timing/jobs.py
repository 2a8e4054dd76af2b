"""Jobs for timing workers, in a form that parent and worker both read."""

from __future__ import annotations

from dataclasses import dataclass

from bench.store.cell import Cell


@dataclass(frozen=True)
class Plan:
    """How long a cell is timed in one process; warming up ends once both of its limits are reached.

    rounds   timed rounds in all: one per cycle
    untimed  epochs of the short untimed round before each of them
    """

    epochs_per_round: int
    rounds: int
    untimed: int
    warmup_rounds: int
    warmup_seconds: float


@dataclass(frozen=True)
class Entry:
    """A cell in a job, and its dataset as `datasets.prepared` saved it."""

    cell: Cell
    dataset_folder: str


@dataclass(frozen=True)
class Job:
    """The cells of one worker, in the order in which it is asked for them, and the folder for its files."""

    name: str
    entries: tuple[Entry, ...]
    folder: str
