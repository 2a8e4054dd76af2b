"""Waiting for the machine to be quiet before a block, within a budget for the whole run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")
CALM_PERCENT = 10.0
_BUDGET_SECONDS = 60.0
_POLL_SECONDS = 1.0


def pressure_percent() -> float | None:
    """Return the share of the last ten seconds in which a process waited for a processor; None where unknown."""
    try:
        found = re.match(r"some avg10=([\d.]+)", _PRESSURE.read_text(encoding="ascii"))
    except OSError:  # not Linux, or a kernel without pressure stall information
        return None
    return float(found.group(1)) if found else None


class Quiet:
    """The waiting of one run: at most a minute in all, whatever the number of its blocks."""

    def __init__(
        self,
        pressure: Callable[[], float | None] = pressure_percent,
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
        while waited < self._left and (self._pressure() or 0.0) >= CALM_PERCENT:
            self._sleep(_POLL_SECONDS)
            waited = self._clock() - began
        self._left -= waited
        return waited
