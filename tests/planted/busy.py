"""Implementations that train rightly and then wait, busily, until an epoch has taken as long as its class is named.

Leaving a wait of many milliseconds takes a while itself, since by then nothing that comes next is in a cache. So how
long a round took is known inside it alone, from its first epoch's begin until `synchronize` is called; a timing worker
writes down what an epoch of it took whenever it is asked for its parameters.
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

# Where each timing worker leaves the median of what its epochs took, in seconds, if the folder is there.
KEPT = Path(tempfile.gettempdir(), "known-times")


class Busy200us(NumpyManual):
    seconds: ClassVar[float] = 200e-6
    _took: ClassVar[list[float]] = []
    _began, _epochs = 0.0, 0

    def epoch(self) -> None:
        now = time.perf_counter()
        if not self._epochs:
            self._began = now
        self._epochs += 1
        super().epoch()
        while time.perf_counter() - now < self.seconds:
            pass

    def synchronize(self) -> None:
        if self._epochs:
            self._took.append((time.perf_counter() - self._began) / self._epochs)
            self._epochs = 0

    def params(self) -> Params:
        """Keep what an epoch took until now: the timed rounds are among them when the evidence is gathered."""
        if KEPT.is_dir() and self._took and Path(sys.argv[0]).stem == "time_cells":
            (KEPT / f"{os.getpid()}.txt").write_text(str(median(self._took)))
        return super().params()


class Busy2ms(Busy200us):
    seconds: ClassVar[float] = 2e-3


class Busy20ms(Busy200us):
    seconds: ClassVar[float] = 20e-3
