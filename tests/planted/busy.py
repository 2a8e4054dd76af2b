"""Implementations that train rightly and then wait, busily, until an epoch has taken as long as its class is named."""

from __future__ import annotations

import time
from typing import ClassVar

from impls.numpy_manual import NumpyManual


class Busy200us(NumpyManual):
    seconds: ClassVar[float] = 200e-6

    def epoch(self) -> None:
        end = time.perf_counter() + self.seconds
        super().epoch()
        while time.perf_counter() < end:
            pass


class Busy2ms(Busy200us):
    seconds: ClassVar[float] = 2e-3


class Busy20ms(Busy200us):
    seconds: ClassVar[float] = 20e-3
