"""What a timing worker is asked to do, and what a pilot answers: read by the parent and by the workers alike."""

from __future__ import annotations

from dataclasses import dataclass

from bench.store.cell import Cell


@dataclass(frozen=True)
class Plan:
    """How long a cell is timed in one process; warming up ends once both of its limits are reached."""

    epochs_per_round: int
    rounds: int
    warmup_rounds: int
    warmup_seconds: float


@dataclass(frozen=True)
class Entry:
    """A cell in a job: its dataset as `datasets.prepared` saved it, and its plan; with None it finds its own pace."""

    cell: Cell
    dataset_folder: str
    plan: Plan | None = None


@dataclass(frozen=True)
class Job:
    """What one worker does: these cells in this order, on this core, written into this folder."""

    name: str
    block: int
    position: int
    seed: int
    core: int | None
    entries: tuple[Entry, ...]
    folder: str


@dataclass(frozen=True)
class Pace:
    """How long an epoch of a cell takes, found in the pilot."""

    cell: Cell
    epoch_seconds: float
