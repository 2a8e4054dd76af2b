"""What a worker gathers outside the timed rounds to show whether its times are honest; `bench.audit.rules` judges it.

Everything here uses only the methods of `impls/protocol.py`, in repetitions of a round whose times enter no result.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.machine import counters
from impls.protocol import Params, Trainer

Clock = Callable[[], float]
Setup = Callable[[int], None]

# A round at least this long is compared with a fourfold round once, a shorter one several times, for a median.
_LONG_ROUND_SECONDS = 0.005
_REPETITIONS = 3
# Growth of memory by less than this is no growth.
_LEAST_KEPT_BYTES = 1 << 20
# How long an idle process is observed: as long as a round, within these limits.
_LEAST_IDLE_SECONDS, _MOST_IDLE_SECONDS = 2e-3, 20e-3


@dataclass(frozen=True)
class Clocks:
    """The clocks of this process; tests use their own."""

    wall: Clock = time.perf_counter
    cpu: Clock = time.process_time
    sleep: Callable[[float], None] = time.sleep


def dtypes(params: Params, name: str) -> dict[str, str]:
    """Return the dtypes of w and b by name."""
    return {f"{name} {part}": str(np.asarray(array).dtype) for part, array in zip("wb", params, strict=True)}


def afterwards(
    trainer: Trainer, setup: Setup, run: Callable[[], None], epochs: int, clocks: Clocks
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return cpu / wall of the idle process, and how much longer a first call of `params` takes than a second.

    Both follow rounds of this many epochs: work that is unfinished or deferred shows in one of them.
    """
    idle, fetch = [], []
    for _ in range(_REPETITIONS):
        setup(epochs)
        took, _ = _both(run, clocks)
        window = min(_MOST_IDLE_SECONDS, max(_LEAST_IDLE_SECONDS, took))
        wall, cpu = _both(partial(clocks.sleep, window), clocks)
        idle.append(cpu / wall if wall else 0.0)
        first, _ = _both(trainer.params, clocks)
        second, _ = _both(trainer.params, clocks)
        fetch.append(first - second)
    return _rounded(idle), _rounded(fetch)


@dataclass(frozen=True)
class Growth:
    """The wall and processor times of rounds of k epochs, and of rounds of 4 k in turns with them.

    The processor times of the `reset` before each are kept as well.
    """

    round_wall: tuple[float, ...]
    round_cpu: tuple[float, ...]
    fourfold_wall: tuple[float, ...]
    fourfold_cpu: tuple[float, ...]
    reset_cpu: tuple[float, ...]
    fourfold_reset_cpu: tuple[float, ...]


def growth(setup: Setup, run: Callable[[int], None], epochs: int, clocks: Clocks) -> tuple[Growth, float | None]:
    """Return how the time grows with the number of epochs, and the bytes of memory that each epoch leaves behind.

    What the fourfold number compiles is left out. None if the memory is not known.
    """
    setup(4 * epochs)
    took, _ = _both(partial(run, 4 * epochs), clocks)
    before = _memory()
    times: dict[int, list[tuple[float, float, float]]] = {epochs: [], 4 * epochs: []}
    for _ in range(1 if took > 4 * _LONG_ROUND_SECONDS else _REPETITIONS):
        for number, measured in times.items():
            _, reset_cpu = _both(partial(setup, number), clocks)
            measured.append((*_both(partial(run, number), clocks), reset_cpu))
    run_epochs = 5 * epochs * len(times[epochs])
    kept = None if before is None else _kept(before, _memory(), run_epochs)
    few, many = ([_rounded(column) for column in zip(*measured, strict=True)] for measured in times.values())
    return Growth(few[0], few[1], many[0], many[1], few[2], many[2]), kept


def _memory() -> int | None:
    gc.collect()
    return counters.resident_bytes()


def _kept(before: int, after: int | None, epochs: int) -> float | None:
    """Return the bytes per epoch; 0 if all together are no more than what an allocator keeps for later."""
    if after is None:
        return None
    return round((after - before) / epochs, 1) if after - before > _LEAST_KEPT_BYTES else 0.0


def repetition(trainer: Trainer, start: Params, epochs: int) -> Params:
    """Run a round again, and return the parameters that it ends with."""
    trainer.reset(start, epochs)
    for _ in range(epochs):
        trainer.epoch()
    trainer.synchronize()
    return trainer.params()


def _both(act: Callable[[], object], clocks: Clocks) -> tuple[float, float]:
    wall, cpu = clocks.wall(), clocks.cpu()
    act()
    return clocks.wall() - wall, clocks.cpu() - cpu


def _rounded(seconds: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(each, 9) for each in seconds)
