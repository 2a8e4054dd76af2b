"""One row of a file is one frozen dataclass; the unit of a number is in its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datasets.dataset import Batching, Model


class Status(StrEnum):
    """What became of a cell; a time is shown beside OK and nowhere else."""

    OK = "OK"
    MISMATCH = "MISMATCH"  # the gate refused it
    DIVERGES = "DIVERGES"  # the reference itself grows or overflows at this learning rate
    NO_DEVICE = "NO-DEVICE"  # the machine lacks the device that was asked for
    NOT_RUN = "NOT-RUN"  # not attempted: its library is missing, or it cannot use the device
    FAILED = "FAILED"  # it raised
    CRASHED = "CRASHED"  # its worker died
    TIMEOUT = "TIMEOUT"  # its worker did not end in time


class Comparison(StrEnum):
    """What the interval of a ratio says against the margin; NONE where there is no interval."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    AMBIGUOUS = "AMBIGUOUS"
    NONE = ""


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

    @property
    def batching(self) -> Batching:
        """The batching of every epoch of this problem."""
        return Batching(self.batch_size, self.shuffle, self.drop_last, self.seed)


@dataclass(frozen=True)
class Cell:
    """One implementation on one problem, device and number of threads."""

    implementation: str
    problem: Problem
    device: str
    threads: int


@dataclass(frozen=True)
class Verdict:
    """What the gate, or the attempt to run it, said of a cell. `detail` is empty when OK."""

    cell: Cell
    status: Status
    detail: str = ""
    budget_share: float | None = None
    final_loss: float | None = None
    accuracy: float | None = None


@dataclass(frozen=True)
class Agreement:
    """One line of agreement.csv: one quantity of one implementation against one other opinion.

    against   "reference", "itself", or the name of another implementation
    dataset   a dataset of the run, or a table of the gate ("gate:mini")
    index     where in the quantity the error uses most of its budget, e.g. "epoch 3, w[2, 0]"
    error     |value - expected|; the budget is what rounding can explain
    share     error / budget; 0 when both are 0, inf when only the budget is
    cause     the likely cause, where the pattern of the errors tells it
    """

    implementation: str
    against: str
    model: Model
    dataset: str
    dtype: str
    device: str
    batch_size: int | None
    quantity: str
    index: str
    value: float
    expected: float
    error: float
    budget: float
    share: float
    status: Status
    cause: str = ""


@dataclass(frozen=True)
class Observed:
    """One line of what a gate's worker saw: case number `case` of its job, or, with None, the job as a whole.

    file    the arrays it left, an observation of bench.gate.observe; empty where there are none
    """

    case: int | None
    file: str
    status: Status
    detail: str


@dataclass(frozen=True)
class Rounds:
    """One line of raw/rounds.jsonl: the rounds of one cell in one process.

    name                  the name in its block: the implementation's, or "<name>@aa" for its A/A twin
    first_epoch_seconds   the very first epoch of the process, compilation included
    round_seconds         each timed round; one round is `epochs_per_round` epochs and one synchronize
    """

    cell: Cell
    name: str
    block: int
    position: int
    epochs_per_round: int
    warmup_rounds: int
    first_epoch_seconds: float
    round_seconds: tuple[float, ...]


@dataclass(frozen=True)
class Failure:
    """One line of raw/failures.jsonl: a cell that gave no time in one process, and why.

    block   the blocks count from 1; 0 is the pilot, in which a cell that fails is not timed at all
    """

    cell: Cell
    block: int
    status: Status
    detail: str


@dataclass(frozen=True)
class Timing:
    """One row of timings.csv. Seconds per epoch; None where there is no number to show.

    epoch_seconds        median over the processes of the median of their rounds; None unless OK
    epoch_seconds_low    to epoch_seconds_high: its interval, at least at epoch_seconds_level
    first_epoch_seconds  median over the processes of their very first epoch, compilation included
    ratio                this time over the baseline's, from ratios paired within blocks; its
                         interval is low to high at ratio_level; None for the baseline itself
    comparisons          m: intervals of this table are at the level 1 - 0.05/m or above
    baseline_device      the device of the baseline's cell, for an accelerator the CPU
    blocks               processes of this cell that gave a time
    """

    implementation: str
    model: Model
    dataset: str
    n: int
    d: int
    k: int
    dtype: str
    device: str
    batch_size: int | None
    shuffle: bool
    drop_last: bool
    threads: int
    status: Status
    detail: str
    comparison: Comparison
    epoch_seconds: float | None
    epoch_seconds_low: float | None
    epoch_seconds_high: float | None
    epoch_seconds_level: float | None
    first_epoch_seconds: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_level: float | None
    comparisons: int
    baseline: str
    baseline_device: str
    blocks: int
    epochs_per_round: int | None
    learning_rate: float
    seed: int
    budget_share: float | None
    final_loss: float | None
    accuracy: float | None
