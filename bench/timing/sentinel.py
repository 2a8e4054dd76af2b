"""A fixed piece of work, run on the processor of a cohort before each turn: it tells who else is there."""

from __future__ import annotations

import time

import numpy as np

# About a third of a millisecond of the interpreter, which somebody on the core's other thread slows, and as much of
# reading and writing half a mebibyte, which somebody in the caches slows.
_STEPS, _PASSES, _NUMBERS = 7000, 16, 1 << 15
# Untimed passes before that: the turn before has emptied the caches, which would look like a disturbance.
_UNTIMED_PASSES = 8


class Sentinel:
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
