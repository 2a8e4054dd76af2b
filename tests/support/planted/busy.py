"""Implementations that train rightly and then wait, busily, until an epoch has taken as long as its class is named.

Leaving a wait of many milliseconds takes a while itself, since by then nothing that comes next is in a cache. So how
long a round took is seen here from both sides: from its first epoch's begin until `synchronize` is called, and until it
is called again, which the clock does as soon as a timed round has ended. A timing worker writes down both, for an
epoch, whenever it is asked for its parameters.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import ClassVar

from impls.numpy_manual import NumpyManual
from impls.protocol import Params

# Where each timing worker leaves the medians of the least and the most seconds of its epochs, if it is there.
KEPT = Path(tempfile.gettempdir(), "known-times")


class Busy200us(NumpyManual):
    seconds: ClassVar[float] = 200e-6
    _least: ClassVar[list[float]] = []
    _most: ClassVar[list[float]] = []
    _began, _epochs, _ended = 0.0, 0, 0

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._epochs = self._ended = 0

    def epoch(self) -> None:
        now = time.perf_counter()
        if not self._epochs:
            self._began = now
        self._epochs += 1
        super().epoch()
        while time.perf_counter() - now < self.seconds:
            pass

    def synchronize(self) -> None:
        took = time.perf_counter() - self._began
        if self._epochs:
            self._inside, self._ended, self._epochs = took / self._epochs, self._epochs, 0
        elif self._ended:
            self._least.append(self._inside)
            self._most.append(took / self._ended)
            self._ended = 0

    def params(self) -> Params:
        """Keep what an epoch took until now: the timed rounds are among them when the evidence is gathered."""
        if KEPT.is_dir() and self._most and Path(sys.argv[0]).stem == "time_cells":
            (KEPT / f"{os.getpid()}.txt").write_text(f"{median(self._least)} {median(self._most)}")
        return super().params()


class Busy2ms(Busy200us):
    seconds: ClassVar[float] = 2e-3


class Busy20ms(Busy200us):
    seconds: ClassVar[float] = 20e-3
