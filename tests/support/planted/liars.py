"""Trainers that lie about their time, each in one way, and an honest one; all of them train with NumPy.

Their work takes the time of a simulated `Machine`, not of a processor, so that no test depends on real time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import ClassVar

import numpy as np

from impls.numpy_manual import NumpyManual
from impls.protocol import Dataset, Device, Params, Recipe


class Machine:
    """A machine whose time passes only during work or sleep; background work continues during sleep."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0
        self.background = 0.0

    def work(self, seconds: float) -> None:
        self.wall += seconds
        self.cpu += seconds

    def sleep(self, seconds: float) -> None:
        done = min(seconds, self.background)
        self.wall += seconds
        self.cpu += done
        self.background -= done

    def wait(self) -> None:
        self.work(self.background)
        self.background = 0.0


class Honest(NumpyManual):
    machine: ClassVar[Machine] = Machine()
    epoch_seconds: ClassVar[float] = 1e-3

    def epoch(self) -> None:
        self.machine.work(self.epoch_seconds)
        super().epoch()


class LeftRunning(Honest):
    """Run epochs in the background, and wait for them only in `params`."""

    def epoch(self) -> None:
        self.machine.background += self.epoch_seconds
        NumpyManual.epoch(self)

    def reset(self, start: Params, epochs: int) -> None:
        self.machine.wait()
        super().reset(start, epochs)

    def params(self) -> Params:
        self.machine.wait()
        return super().params()


class WaitsTwice(Honest):
    """Wait in `synchronize` for only half of the remaining work."""

    def epoch(self) -> None:
        self.machine.background += self.epoch_seconds
        NumpyManual.epoch(self)

    def synchronize(self) -> None:
        half = self.machine.background / 2
        self.machine.work(half)
        self.machine.background -= half


class Remembers(Honest):
    """Return the parameters of the first epoch ever trained, whatever the start."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        self._answer: Params | None = None
        super().__init__(dataset, start, recipe, device)

    def epoch(self) -> None:
        if self._answer is None:
            super().epoch()
            self._answer = super().params()
        self._params = self._answer


class SkipsEverySecond(Honest):
    """Skip every second epoch."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._count = 0

    def epoch(self) -> None:
        self._count += 1
        if self._count % 2:
            super().epoch()


class TrainsInReset(Honest):
    """Train in `reset`, off the clock, and hand out the results after waiting a little."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self.ends = []
        for _ in range(epochs):
            super().epoch()
            self.ends.append(super().params())
        self.shown = start
        self.ends.reverse()

    def epoch(self) -> None:
        self.machine.wall += 0.2 * self.epoch_seconds
        self.shown = self.ends.pop()

    def params(self) -> Params:
        return self.shown


class FirstEpochOnly(Honest):
    """Run only one epoch after each reset, however many are called for."""

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._done = False

    def epoch(self) -> None:
        if not self._done:
            super().epoch()
        self._done = True


class IgnoresWhenTimed(Honest):
    """Count resets, and once warm skip the first epoch of each round until the rounds are over."""

    timed: ClassVar[range] = range(3, 13)
    _resets = 0

    def reset(self, start: Params, epochs: int) -> None:
        super().reset(start, epochs)
        self._resets += 1
        self._left_out = self._resets not in self.timed

    def epoch(self) -> None:
        if self._left_out:
            super().epoch()
        self._left_out = True


class Computes64(Honest):
    """Compute in float64, whatever the dtype of the start."""

    def epoch(self) -> None:
        self._params = Params(*(np.asarray(p, np.float64) for p in self._params))
        super().epoch()


class Computes32(Honest):
    """Compute in float32, and hide it by returning the original dtype."""

    def epoch(self) -> None:
        super().epoch()
        self._params = Params(*(np.asarray(np.float32(p), np.asarray(p).dtype) for p in self._params))


class WritesInputs(Honest):
    """Modify a row of the caller's data in place."""

    def __init__(self, dataset: Dataset, start: Params, recipe: Recipe, device: Device) -> None:
        super().__init__(dataset, start, recipe, device)
        self._x = dataset.x

    def epoch(self) -> None:
        super().epoch()
        self._x[0] += 0.001


class ExtraThread(Honest):
    """Start a second thread in each epoch; both threads use 2 ms of a processor."""

    def epoch(self) -> None:
        super().epoch()
        thread = threading.Thread(target=_burn)
        thread.start()
        _burn()
        thread.join()


def _burn() -> None:
    began = time.thread_time()
    while time.thread_time() - began < 2e-3:
        hashlib.sha256(bytes(50_000)).digest()
