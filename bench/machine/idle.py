"""Wait for the machine to become idle before a block, within a time budget for the whole run."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.machine.host import pressure_seconds

CALM_PERCENT = 10.0
_BUDGET_SECONDS = 15.0
# The kernel's own averages cover ten seconds, and would count the threads of this run's previous worker.
_WINDOW_SECONDS, _POLL_SECONDS = 0.25, 1.0


class Quiet:
    """The waiting of one run: at most a quarter of a minute in total, however many blocks it has."""

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
        """Wait until the machine is idle or the budget is spent; return the seconds waited."""
        began = self._clock()
        waited = 0.0
        while waited < self._left and self._percent() >= CALM_PERCENT:
            self._sleep(_POLL_SECONDS)
            waited = self._clock() - began
        self._left -= waited
        return waited

    def _percent(self) -> float:
        """Return the percentage of a short window in which a process waited for a processor; 0 if unknown."""
        before, began = self._pressure(), self._clock()
        if before is None:
            return 0.0
        self._sleep(_WINDOW_SECONDS)
        after = self._pressure()
        return 0.0 if after is None else 100 * (after - before) / (self._clock() - began)
