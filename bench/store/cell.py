"""A cell (one implementation on one problem, device and number of threads), and its status."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from datasets.dataset import Batching, Model
from impls.protocol import Feed, Recipe

# The device that every machine has; times on an accelerator are compared with the baseline on it.
CPU = "cpu"


class Status(StrEnum):
    """What became of a cell; only OK comes with a time."""

    OK = "OK"
    MISMATCH = "MISMATCH"  # it disagrees
    UNCHECKED = "UNCHECKED"  # rounding alone could change its training by more than the errors that must be found
    OUT_OF_RANGE = "OUT-OF-RANGE"  # numbers of this problem overflow or underflow in its dtype
    DIVERGES = "DIVERGES"  # the reference itself grows or overflows at this learning rate
    NO_DEVICE = "NO-DEVICE"  # the machine lacks the requested device
    NOT_RUN = "NOT-RUN"  # not attempted: its library is missing, or it cannot use the device
    FAILED = "FAILED"  # it raised
    CRASHED = "CRASHED"  # its worker died
    TIMEOUT = "TIMEOUT"  # its worker did not end in time
    OUT_OF_MEMORY = "OUT-OF-MEMORY"  # it needed more memory than its worker may use
    BAD_OUTPUT = "BAD-OUTPUT"  # the output of its worker cannot be read
    WRONG_ENVIRONMENT = "WRONG-ENVIRONMENT"  # it was not timed under the requested conditions
    EARLY_RETURN = "EARLY-RETURN"  # `synchronize` returned before the work had ended
    CLOCK_DISAGREES = "CLOCK-DISAGREES"  # its own clock contradicts its parent's and the system's
    NOT_LINEAR = "NOT-LINEAR"  # four times the epochs did not take four times as long
    WORK_IN_RESET = "WORK-IN-RESET"  # `reset`, which is not timed, takes longer the more epochs follow it
    RECOMPILED = "RECOMPILED"  # something was compiled during the timed rounds
    WRONG_AFTER_TIMING = "WRONG-AFTER-TIMING"  # a timed round ended with other parameters than the reference
    INPUT_CHANGED = "INPUT-CHANGED"  # it wrote to the arrays it was given
    BELOW_LIMIT = "BELOW-LIMIT"  # less time than this machine needs to read and compute what it must
    DTYPE_CHANGED = "DTYPE-CHANGED"  # its parameters have another dtype than requested


# Each status belongs to one group: nothing was attempted, the gate or the audit decided, or the process broke down.
NOT_ATTEMPTED = frozenset({Status.NO_DEVICE, Status.NOT_RUN})
BY_THE_GATE = frozenset({Status.OK, Status.MISMATCH, Status.UNCHECKED, Status.OUT_OF_RANGE, Status.DIVERGES})
BROKEN = frozenset({Status.FAILED, Status.CRASHED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.BAD_OUTPUT})
# Lies about time. bench.audit.rules needs three processes or more for each; if several hold, the first counts.
LIES = (
    Status.EARLY_RETURN,
    Status.CLOCK_DISAGREES,
    Status.NOT_LINEAR,
    Status.WORK_IN_RESET,
    Status.RECOMPILED,
    Status.WRONG_AFTER_TIMING,
    Status.INPUT_CHANGED,
    Status.BELOW_LIMIT,
    Status.DTYPE_CHANGED,
)
# Decided from a single process, if none of the above holds. The gate can decide UNCHECKED too.
OF_ONE_PROCESS = (Status.WRONG_ENVIRONMENT, Status.UNCHECKED)


@dataclass(frozen=True)
class Problem:
    """What is trained, and how: the same for every implementation compared on it."""

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
        """The number of batches in an epoch."""
        size = self.batch_size or self.n
        return self.n // size if self.drop_last else math.ceil(self.n / size)

    @property
    def rows(self) -> int:
        """The number of rows in an epoch: all, or all except a dropped last batch."""
        size = self.batch_size or self.n
        return self.n - self.n % size if self.drop_last else self.n


def data_key(dataset: str, dtype: str) -> str:
    """Return the name of data in environment.json; the dtype is its last word."""
    return f"{dataset} {dtype}"


@dataclass(frozen=True)
class Contest:
    """A problem at one number of threads; cells that share both have the same baseline and are ranked together."""

    problem: Problem
    threads: int


@dataclass(frozen=True)
class Runner:
    """An implementation on a device, with a number of threads."""

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
        """Whether it uses a single processor and no accelerator, so that disturbances by others can be recognised."""
        return self.device == CPU and self.threads == 1

    @property
    def contest(self) -> Contest:
        """The contest of this cell."""
        return Contest(self.problem, self.threads)

    @property
    def runner(self) -> Runner:
        """The implementation, device and threads of this cell."""
        return Runner(self.implementation, self.device, self.threads)
