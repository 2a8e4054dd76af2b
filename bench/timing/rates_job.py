"""What the worker of the rates is asked to measure, and where it leaves its answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RatesJob:
    """What the worker measures: arrays of these bytes read, of this dtype, with that many threads."""

    block: int
    core: int | None
    dtype: str
    threads: int
    sizes: tuple[int, ...]
    folder: str
