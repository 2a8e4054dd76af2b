"""The rows of a run's tables: one frozen dataclass per row of a CSV file, with units in the names.

A record inside a row, such as its cell, becomes one column per field: `bench.store.csv_table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bench.store.cell import Cell, Runner, Status
from datasets.dataset import Model
from impls.protocol import Feed


class Comparison(StrEnum):
    """What the interval of a ratio says against the margin; NONE without an interval."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    AMBIGUOUS = "AMBIGUOUS"
    NO_QUIET = "NO-QUIET"  # too few blocks had a quiet processor
    NONE = ""


class Company(StrEnum):
    """Which other cells a cell took turns with, round by round."""

    ALL = "all at once"
    PAIRS = "in pairs with the baseline"  # there is not enough memory for all at once
    ALONE = "one after another"  # nor for two


@dataclass(frozen=True)
class Agreement:
    """One row of agreement.csv: one quantity of one implementation, compared with another source.

    against   "reference", "itself" (for what needs no reference, such as repeatability), or another implementation
    dataset   a dataset of the run, or test data of the gate ("gate:mini")
    index     the entry whose error uses most of its budget, e.g. "epoch 3, w[2, 0]"
    error     |value - expected|; the budget is the largest error that rounding can explain
    share     error / budget; 0 when both are 0, inf when only the budget is
    cause     the likely cause, if the pattern of errors gives it away; of a remark, what it says
    smallest_error  for the last parameters of training on a problem's own data: the smallest relative error, the same
              in all of them, that would have been refused; None for everything else
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
    feed: Feed = Feed.DEVICE
    smallest_error: float | None = None

    @property
    def own(self) -> bool:
        """Whether this is about the implementation alone; what a pair shows may be the fault of the other."""
        return self.against in ("reference", "itself")


class Places(StrEnum):
    """The ranking of two implementations over the sizes that both ran, as far as it is certain."""

    OVERTAKES = "overtakes"  # `against` is faster at the smallest, `implementation` at the largest
    FASTER = "faster at both ends"  # `implementation` is
    UNDECIDED = "undecided"  # at one end or both


@dataclass(frozen=True)
class Family:
    """What cells that differ only in size and implementation have in common; `seed` is the seed of the data."""

    model: Model
    d: int
    k: int
    dtype: str
    seed: int
    shuffle: bool
    drop_last: bool
    feed: Feed
    threads: int


@dataclass(frozen=True)
class Scaling:
    """One row of sweep.csv: the costs of an implementation, or its ranking against another; None if unknown.

    against           the other implementation, on against_device; empty for costs
    step_seconds      fixed cost of a step, fitted to all sizes of this model, d and k
    row_seconds       additional cost of each row of an epoch
    places            the ranking of the two on full batches; None for costs
    crossover_rows    the full batch at which both take equally long; up to low `against` is faster, from high on
                      `implementation` is
    crossover_level   the lower level of the ratio's intervals at low and at high
    comparisons       m: two (smallest and largest size) for each pair of this model; intervals are at 1 - 0.05/m or
                      above
    """

    implementation: str
    device: str
    against: str
    against_device: str
    family: Family
    step_seconds: float | None
    step_seconds_low: float | None
    step_seconds_high: float | None
    row_seconds: float | None
    row_seconds_low: float | None
    row_seconds_high: float | None
    places: Places | None
    crossover_rows: float | None
    crossover_rows_low: float | None
    crossover_rows_high: float | None
    crossover_level: float | None
    comparisons: int

    @property
    def runner(self) -> Runner:
        """The implementation of this row, and where it ran."""
        return Runner(self.implementation, self.device, self.family.threads)

    @property
    def other(self) -> Runner | None:
        """The implementation it is compared with; None for costs."""
        return Runner(self.against, self.against_device, self.family.threads) if self.against else None


@dataclass(frozen=True)
class Timing:
    """One row of timings.csv, in seconds per epoch; None if there is no number.

    epoch_seconds        on an undisturbed processor. For the baseline, the median over blocks; for all others, that of
                         the baseline times their ratio. If nothing is compared, or for NO-QUIET, the median over
                         blocks of median_seconds. None unless OK
    epoch_seconds_low    to epoch_seconds_high: its interval over blocks, at epoch_seconds_level or above
    floor_seconds        the median over blocks of the 10th percentile of all rounds of a process
    median_seconds       the same for their median, under the load of the run
    limit_seconds        the least time an epoch can take on this machine: bench/analysis/roofline.py
    times_limit          epoch_seconds / limit_seconds
    first_epoch_seconds  median over the processes of their first epoch, including compilation
    import_seconds       to device_epoch_seconds: medians over the processes of `Costs`
    ratio                this time over the baseline's, from ratios paired within blocks; its
                         interval is low to high at ratio_level; None for the baseline itself
    floor_ratio          the same from the 10th percentiles, and median_ratio from the medians
    depends_on_load      whether load changes the ratio: the intervals of ratio and median_ratio are disjoint
    uneven               whether slow rounds take much of its time, but each process had too few for an interval
                         over blocks; the interval is then computed from their number
    slow_share           share of its time that slow rounds take beyond the expected; None if it did not take turns
    could_have_found     the difference, as a share, that these blocks would have shown nine times in ten
    company              which other cells it took turns with
    comparisons          m: intervals of this table are at level 1 - 0.05/m or above
    baseline_device      the device of the baseline's cell: the CPU, also for cells on an accelerator
    blocks               processes of this cell that gave a time
    disturbed_blocks     those that had no quiet processor, and so give no ratio
    """

    # Columns of the cell that come after this column, and not at the front with the others.
    BEHIND: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "epochs_per_round": ("cell.problem.learning_rate", "cell.problem.seed"),
    }

    cell: Cell
    status: Status
    detail: str
    comparison: Comparison
    epoch_seconds: float | None
    epoch_seconds_low: float | None
    epoch_seconds_high: float | None
    epoch_seconds_level: float | None
    floor_seconds: float | None
    median_seconds: float | None
    limit_seconds: float | None
    times_limit: float | None
    first_epoch_seconds: float | None
    import_seconds: float | None
    data_seconds: float | None
    compile_seconds: float | None
    peak_memory_bytes: float | None
    device_epoch_seconds: float | None
    kept_bytes_per_epoch: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_level: float | None
    floor_ratio: float | None
    floor_ratio_low: float | None
    floor_ratio_high: float | None
    median_ratio: float | None
    median_ratio_low: float | None
    median_ratio_high: float | None
    depends_on_load: bool | None
    uneven: bool
    slow_share: float | None
    could_have_found: float | None
    company: Company | None
    comparisons: int
    baseline: str
    baseline_device: str
    blocks: int
    disturbed_blocks: int
    epochs_per_round: int | None
    budget_share: float | None
    final_loss: float | None
    accuracy: float | None
    denormal_share: float | None


@dataclass(frozen=True)
class Change:
    """One row of comparison.csv: a cell in two runs.

    change        its time in the new run over that in the old one, each relative to the baseline `through` in the same
                  blocks; its interval is low to high at change_level; None for the baseline itself
    comparison    what the interval says; NONE without an interval
    through       the baseline; empty if the times themselves were compared
    comparisons   m: intervals of this model's table are at level 1 - 0.05/m or above
    """

    cell: Cell
    old_status: Status
    new_status: Status
    comparison: Comparison
    through: str
    change: float | None
    change_low: float | None
    change_high: float | None
    change_level: float | None
    comparisons: int
    old_epoch_seconds: float | None
    new_epoch_seconds: float | None
    old_blocks: int
    new_blocks: int
