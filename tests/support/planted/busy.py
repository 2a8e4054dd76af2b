"""Implementations that train correctly and then busy-wait until an epoch has taken as long as its class name says.

Leaving a wait of many milliseconds takes a while itself, because by then the code that follows is in no cache. The
length of a round is therefore measured twice: from the start of its first epoch until `synchronize` is called, and
until `synchronize` is called again, which the clock does as soon as a timed round has ended. A timing worker writes
down both, per epoch, whenever its parameters are read.
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

# If this folder exists, each timing worker leaves there the medians of the least and the most seconds of its epochs.
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
        """Write down the epoch times so far, which include the timed rounds by the time the evidence is gathered."""
        if KEPT.is_dir() and self._most and Path(sys.argv[0]).stem == "time_cells":
            (KEPT / f"{os.getpid()}.txt").write_text(f"{median(self._least)} {median(self._most)}")
        return super().params()


class Busy2ms(Busy200us):
    seconds: ClassVar[float] = 2e-3


class Busy20ms(Busy200us):
    seconds: ClassVar[float] = 20e-3
