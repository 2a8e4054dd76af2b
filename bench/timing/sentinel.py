"""A fixed piece of work, run on the processor of a cohort between turns: it shows whether somebody else is there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from bench.analysis import estimand

# About a third of a millisecond of the interpreter, which somebody on the core's other thread slows, and as much of
# reading and writing half a mebibyte, which somebody in the caches slows.
_STEPS, _PASSES, _NUMBERS = 7000, 16, 1 << 15
# Untimed passes before that: the turn before has emptied the caches, which would look like a disturbance.
_UNTIMED_PASSES = 8


# The floor is known after this many readings. Each block adds so much to the time that turns may wait for a quiet
# processor. Waiting longer gives more quiet turns, but not more of them per second of the run.
_ENOUGH, PATIENCE_SECONDS = 100, 1.0


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
    """The work as a run uses it: read between turns, and again while the next turn waits for a quiet processor.

    What it decides is blind to whoever is timed: it knows its own readings only.
    """

    def __init__(self, work: Callable[[], float] | None = None) -> None:
        self._work = work or Work()
        self._before: list[float] = []
        self._most = math.inf
        self._patience_seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds that the work takes now."""
        return self._work()

    def begin_block(self) -> None:
        """Add to the time that turns may wait; what earlier blocks have left stays."""
        self._patience_seconds += PATIENCE_SECONDS

    def remember(self, before: Sequence[float]) -> None:
        """Add the readings before the turns of a cycle to those from which the floor is known."""
        self._before += before
        if len(self._before) >= _ENOUGH:
            self._most = (1 + estimand.LIMIT) * estimand.sentinel_floor(np.array(self._before))

    def loud(self, reading: float) -> bool:
        """Return whether this reading shows a disturbance; never before the floor is known."""
        return reading > self._most

    def must_wait(self, reading: float) -> bool:
        """Return whether a turn waits: this reading shows a disturbance, and there is time left to wait."""
        if not self.loud(reading) or self._patience_seconds <= 0:
            return False
        self._patience_seconds -= reading
        return True
