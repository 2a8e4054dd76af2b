"""A fixed piece of work, run on the processor of a cohort before each turn: it tells who else is there."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.analysis import estimand

# About a third of a millisecond of the interpreter, which somebody on the core's other thread slows, and as much of
# reading and writing half a mebibyte, which somebody in the caches slows.
_STEPS, _PASSES, _NUMBERS = 7000, 16, 1 << 15
# Untimed passes before that: the turn before has emptied the caches, which would look like a disturbance.
_UNTIMED_PASSES = 8


# The floor is known after this many cycles. Waiting for a quiet processor takes at most so long in a block: neighbours
# come in spells of a few seconds, and one that stays longer is not worth waiting for.
_CYCLES, PATIENCE_SECONDS = 20, 4.0


class Work:
    """The work, with its arrays made once."""

    def __init__(self) -> None:
        self._numbers = np.linspace(1.0, 2.0, _NUMBERS)
        self._products = np.empty_like(self._numbers)

    def __call__(self) -> float:
        """Return the seconds that it takes now."""
        self._read_and_write(_UNTIMED_PASSES)
        began, total = time.perf_counter(), 0
        for step in range(_STEPS):
            total += step * step
        self._read_and_write(_PASSES)
        return time.perf_counter() - began

    def _read_and_write(self, passes: int) -> None:
        for _ in range(passes):
            np.multiply(self._numbers, 1.0001, out=self._products)


class Sentinel:
    """The work as a run uses it: read before each turn, and read alone while a cycle waits for a quiet processor.

    What it decides is blind to whoever is timed: it knows its own readings only.
    """

    def __init__(self, work: Callable[[], float] | None = None) -> None:
        self._work = work or Work()
        self._medians: list[float] = []
        self._patience_seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds that the work takes now."""
        return self._work()

    def begin_block(self) -> None:
        """Allow a block its waiting time."""
        self._patience_seconds = PATIENCE_SECONDS

    def remember(self, cycle_median: float) -> None:
        """Add the median of a cycle's readings to those from which the floor is known."""
        self._medians.append(cycle_median)

    def must_wait(self) -> bool:
        """Read once: whether the processor is disturbed, the floor is known, and the block may wait any longer."""
        if self._patience_seconds <= 0 or len(self._medians) < _CYCLES:
            return False
        reading = self._work()
        if reading <= (1 + estimand.LIMIT) * estimand.sentinel_floor(np.array(self._medians)):
            return False
        self._patience_seconds -= reading
        return True
