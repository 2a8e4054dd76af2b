"""Implementations that train rightly, and misbehave in the turns that they take with others."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from typing import Any, ClassVar

from impls.numpy_manual import NumpyManual
from impls.protocol import Dataset, Device, Params, Recipe

BURN = "while True: pass"


def _fixture() -> object:
    """pytest-benchmark's own, found in the frames of whoever calls."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        for value in frame.f_locals.values():
            if type(value).__name__ == "BenchmarkFixture":
                return value
    raise LookupError


class HalfSpeed(NumpyManual):
    """The clock of its process runs at half speed."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        setattr(_fixture(), "_timer", lambda: time.perf_counter() / 2)  # noqa: B010 - mypy knows no such attribute


class RewritesStatistics(NumpyManual):
    """It halves what pytest-benchmark has noted down."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        from pytest_benchmark.stats import Stats

        honest: Any = Stats.update

        def halved(self: object, seconds: float) -> None:
            honest(self, seconds / 2)

        setattr(Stats, "update", halved)  # noqa: B010 - mypy allows no assignment to a method


class _AtReset(NumpyManual):
    """It does something at one of its resets: far beyond the warm-up, in the midst of its turns."""

    at: ClassVar[int] = 40
    _resets = 0

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._resets += 1
        if self._resets == self.at:
            self.happen()

    def happen(self) -> None:
        raise NotImplementedError


class DiesBetweenTurns(_AtReset):
    """A timer kills it, a while after it was set: while it is stopped, or as it wakes."""

    def happen(self) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0.01)


class Hangs(_AtReset):
    """It sleeps for ever, and whoever takes turns with it would wait for it."""

    def happen(self) -> None:
        time.sleep(1e6)


class TalksUnasked(_AtReset):
    """It writes to every pipe that it finds open."""

    def happen(self) -> None:
        for number in range(3, 64):
            try:
                if stat.S_ISFIFO(os.fstat(number).st_mode):
                    os.write(number, b'{"type":"Took","seconds":1e-9,"again_seconds":0.0}\n' * 3)
            except OSError:
                continue


class FloodsItsLog(_AtReset):
    """It prints for ever, between its turns and in them."""

    def happen(self) -> None:
        while True:
            print("x" * 1_000_000)


class StartsChild(NumpyManual):
    """A child in a session of its own, which nobody stops with it, is busy for ever."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        subprocess.Popen([sys.executable, "-c", BURN], start_new_session=True)
