"""The rows that a chart of one model shows, in the order of their rank: for pictures and page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from bench.records import Timing
from bench.report import words


@dataclass(frozen=True)
class Ranked:
    """The timed rows of one piece of work, the fastest first; `compared` when ratios rank them, else times do."""

    work: str
    rows: tuple[Timing, ...]
    compared: bool


def ranked(rows: Sequence[Timing]) -> list[Ranked]:
    """Return every piece of work that was timed.

    Where there are ratios they rank, since their pairs share what load a block had; times do not. The baseline's is
    1, and rows without one come last.
    """
    groups = []
    for work, group in words.by_work(rows).items():
        timed = [row for row in group if row.epoch_seconds is not None]
        compared = any(row.ratio is not None for row in timed)
        if timed:
            groups.append(Ranked(work, tuple(sorted(timed, key=_ratio if compared else _seconds)), compared))
    return groups


def is_baseline(row: Timing) -> bool:
    """Return whether this row is what the ratios of its table are over."""
    return (row.implementation, row.device) == (row.baseline, row.baseline_device)


def size(row: Timing) -> str:
    """Return what the data measure: "1797 x 64, 10 classes"."""
    classes = f", {row.k} classes" if row.k > 1 else ""
    return f"{row.n:,} x {row.d}{classes}"


def _ratio(row: Timing) -> float:
    return 1.0 if is_baseline(row) else inf if row.ratio is None else row.ratio


def _seconds(row: Timing) -> float:
    return inf if row.epoch_seconds is None else row.epoch_seconds
