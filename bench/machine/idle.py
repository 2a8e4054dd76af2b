"""Waiting for the machine to be quiet before a block, within a budget for the whole run."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.machine.host import pressure_seconds

CALM_PERCENT = 10.0
_BUDGET_SECONDS = 15.0
# The kernel's own averages go back ten seconds, to when a worker of this run was there: they would count its threads.
_WINDOW_SECONDS, _POLL_SECONDS = 0.25, 1.0


class Quiet:
    """The waiting of one run: at most a quarter of a minute in all, whatever the number of its blocks."""

    def __init__(
        self,
        pressure: Callable[[], float | None] = pressure_seconds,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        budget_seconds: float = _BUDGET_SECONDS,
    ) -> None:
        self._pressure, self._clock, self._sleep = pressure, clock, sleep
        self._left = budget_seconds

    def wait(self) -> float:
        """Return how many seconds it took until the machine was calm, or the budget was spent."""
        began = self._clock()
        waited = 0.0
        while waited < self._left and self._percent() >= CALM_PERCENT:
            self._sleep(_POLL_SECONDS)
            waited = self._clock() - began
        self._left -= waited
        return waited

    def _percent(self) -> float:
        """Return the share of a moment in which a process waited for a processor; 0 where that is not known."""
        before, began = self._pressure(), self._clock()
        if before is None:
            return 0.0
        self._sleep(_WINDOW_SECONDS)
        after = self._pressure()
        return 0.0 if after is None else 100 * (after - before) / (self._clock() - began)
