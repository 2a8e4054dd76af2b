"""What is measured: a cell, the problem that it trains, and what became of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from datasets.dataset import Batching, Model
from impls.protocol import Feed, Recipe

# The device that every machine has; the times of an accelerator are compared with the baseline's on it.
CPU = "cpu"


class Status(StrEnum):
    """What became of a cell; a time is shown beside OK and nowhere else."""

    OK = "OK"
    MISMATCH = "MISMATCH"  # the gate refused it
    UNCHECKED = "UNCHECKED"  # rounding alone may move its training by more than an error that must be found
    DIVERGES = "DIVERGES"  # the reference itself grows or overflows at this learning rate
    NO_DEVICE = "NO-DEVICE"  # the machine lacks the device that was asked for
    NOT_RUN = "NOT-RUN"  # not attempted: its library is missing, or it cannot use the device
    FAILED = "FAILED"  # it raised
    CRASHED = "CRASHED"  # its worker died
    TIMEOUT = "TIMEOUT"  # its worker did not end in time
    OUT_OF_MEMORY = "OUT-OF-MEMORY"  # it needed more memory than its worker may have
    BAD_OUTPUT = "BAD-OUTPUT"  # what its worker left cannot be read
    WRONG_ENVIRONMENT = "WRONG-ENVIRONMENT"  # it was not timed under the conditions that were asked for
    EARLY_RETURN = "EARLY-RETURN"  # `synchronize` returned before the work had ended
    NOT_LINEAR = "NOT-LINEAR"  # four times the epochs did not take four times as long
    RECOMPILED = "RECOMPILED"  # something was compiled during the timed rounds
    WRONG_AFTER_TIMING = "WRONG-AFTER-TIMING"  # a timed round ended elsewhere than the reference
    INPUT_CHANGED = "INPUT-CHANGED"  # the arrays it was given were written to
    BELOW_LIMIT = "BELOW-LIMIT"  # less time than what it must read and compute takes on this machine
    DTYPE_CHANGED = "DTYPE-CHANGED"  # its parameters have another dtype than was asked


# A status belongs to one of these. Nothing was attempted; the gate or the audit has judged; or the process broke down.
NOT_ATTEMPTED = frozenset({Status.NO_DEVICE, Status.NOT_RUN})
BY_THE_GATE = frozenset({Status.OK, Status.MISMATCH, Status.UNCHECKED, Status.DIVERGES})
BROKEN = frozenset({Status.FAILED, Status.CRASHED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.BAD_OUTPUT})
# Lies about time, each found in three processes or more: where several hold, the first is what the cell is called.
LIES = (
    Status.EARLY_RETURN,
    Status.NOT_LINEAR,
    Status.RECOMPILED,
    Status.WRONG_AFTER_TIMING,
    Status.INPUT_CHANGED,
    Status.BELOW_LIMIT,
    Status.DTYPE_CHANGED,
)
# Facts that hold of a single process, and count where no lie does: UNCHECKED is the gate's word as well.
OF_ONE_PROCESS = (Status.WRONG_ENVIRONMENT, Status.UNCHECKED)


@dataclass(frozen=True)
class Problem:
    """What is trained, and how: the same for every implementation that is compared on it."""

    dataset: str
    model: Model
    n: int
    d: int
    k: int
    dtype: str
    learning_rate: float
    batch_size: int | None
    shuffle: bool
    drop_last: bool
    seed: int
    feed: Feed = Feed.DEVICE

    @property
    def recipe(self) -> Recipe:
        """How an implementation trains on this problem."""
        return Recipe(self.learning_rate, self.batching, self.feed)

    @property
    def batching(self) -> Batching:
        """The batching of every epoch of this problem."""
        return Batching(self.batch_size, self.shuffle, self.drop_last, self.seed)

    @property
    def steps(self) -> int:
        """The batches of an epoch."""
        size = self.batch_size or self.n
        return self.n // size if self.drop_last else math.ceil(self.n / size)

    @property
    def rows(self) -> int:
        """The rows of an epoch: all, or without those of a short last batch that is left out."""
        size = self.batch_size or self.n
        return self.n - self.n % size if self.drop_last else self.n


def data_key(dataset: str, dtype: str) -> str:
    """Return the name by which environment.json knows data; the dtype is its last word."""
    return f"{dataset} {dtype}"


@dataclass(frozen=True)
class Contest:
    """A problem and a number of threads: cells that share both have the same baseline, and are ranked together."""

    problem: Problem
    threads: int


@dataclass(frozen=True)
class Runner:
    """Who trains: an implementation on a device, with a number of threads."""

    implementation: str
    device: str
    threads: int


@dataclass(frozen=True)
class Cell:
    """One implementation on one problem, device and number of threads."""

    implementation: str
    problem: Problem
    device: str
    threads: int

    @property
    def on_one_processor(self) -> bool:
        """Whether it may use one processor only, and no device: what others do to it can be told then."""
        return self.device == CPU and self.threads == 1

    @property
    def contest(self) -> Contest:
        """The contest that this cell takes part in."""
        return Contest(self.problem, self.threads)

    @property
    def runner(self) -> Runner:
        """Who trains this cell."""
        return Runner(self.implementation, self.device, self.threads)
