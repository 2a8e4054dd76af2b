"""The rows of a run's tables: one row of a CSV file is one frozen dataclass; the unit of a number is in its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bench.store.cell import Cell, Problem, Status
from datasets.dataset import Model
from impls.protocol import Feed


class Comparison(StrEnum):
    """What the interval of a ratio says against the margin; NONE where there is no interval."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    AMBIGUOUS = "AMBIGUOUS"
    NO_QUIET = "NO-QUIET"  # too few blocks met an undisturbed processor
    NONE = ""


class Company(StrEnum):
    """With whom a cell took turns, round by round."""

    ALL = "all at once"
    PAIRS = "in pairs with the baseline"  # the memory is too small for all
    ALONE = "one after another"  # and for two


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
    feed: Feed = Feed.DEVICE


class Places(StrEnum):
    """What is certain of two implementations from the smallest to the largest of the sizes that both ran."""

    OVERTAKES = "overtakes"  # `against` is faster at the smallest, `implementation` at the largest
    FASTER = "faster at both ends"  # `implementation` is
    UNDECIDED = "undecided"  # at one end at least


@dataclass(frozen=True)
class Family:
    """What cells share that differ in size and in who runs them, and in nothing else. `seed` is that of the data."""

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
    """One row of sweep.csv: the costs of an implementation, or its places beside another. None if not told.

    against           the other one, on against_device; empty for costs
    seed              of the drawn data
    step_seconds      what a step costs, whatever its rows: fitted to all sizes of this model, d and k
    row_seconds       what each row of an epoch costs beside that
    places            what is certain of the two on full batches; None for costs
    crossover_rows    the size of a full batch at which both take as long; up to low `against` is faster, from high on
                      `implementation` is
    crossover_level   the least level of the intervals of the ratio at low and at high
    comparisons       m: ends of all pairs of this model, two of each: their intervals are at 1 - 0.05/m or above
    """

    implementation: str
    device: str
    against: str
    against_device: str
    model: Model
    d: int
    k: int
    dtype: str
    seed: int
    shuffle: bool
    drop_last: bool
    feed: Feed
    threads: int
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
    def family(self) -> Family:
        """The family of the cells that this row is about."""
        return Family(
            model=self.model,
            d=self.d,
            k=self.k,
            dtype=self.dtype,
            seed=self.seed,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
            feed=self.feed,
            threads=self.threads,
        )


@dataclass(frozen=True)
class Timing:
    """One row of timings.csv. Seconds per epoch; None where there is no number to show.

    epoch_seconds        on an undisturbed processor: the median over blocks for the baseline, and for all others the
                         baseline's, multiplied by their ratio; where nothing is compared, or the row says NO-QUIET,
                         the median over blocks of median_seconds; None unless OK
    epoch_seconds_low    to epoch_seconds_high: the interval over blocks, at least at epoch_seconds_level
    floor_seconds        the median over blocks of the 10th percentile of all rounds of a process
    median_seconds       the same of their median, under the load of the run
    limit_seconds        the least that an epoch can take here: bench/analysis/roofline.py
    times_limit          epoch_seconds over it
    first_epoch_seconds  median over the processes of their very first epoch, compilation included
    import_seconds       to device_epoch_seconds: medians over the processes of `Costs`
    ratio                this time over the baseline's, from ratios paired within blocks; its
                         interval is low to high at ratio_level; None for the baseline itself
    floor_ratio          the same of the 10th percentiles, and median_ratio of the medians, instead of the quiet rounds
    depends_on_load      the intervals of ratio and median_ratio do not meet: another neighbour makes it another ratio
    uneven               much of its time goes into slow rounds, of which its processes met too few: the interval
                         comes from their number
    slow_share           of its time that slow rounds take beyond what was expected; None where it took turns with none
    could_have_found     the difference, as a share, that these blocks would have shown nine times in ten
    company              with whom it took turns
    comparisons          m: intervals of this table are at the level 1 - 0.05/m or above
    baseline_device      the device of the baseline's cell, for an accelerator the CPU
    blocks               processes of this cell that gave a time
    disturbed_blocks     of them, those in which somebody met no undisturbed processor, and that were kept all the same
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
    feed: Feed
    threads: int
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
    learning_rate: float
    seed: int
    budget_share: float | None
    final_loss: float | None
    accuracy: float | None
    denormal_share: float | None

    @property
    def cell(self) -> Cell:
        """The cell that this row is about."""
        problem = Problem(
            dataset=self.dataset,
            model=self.model,
            n=self.n,
            d=self.d,
            k=self.k,
            dtype=self.dtype,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
            seed=self.seed,
            feed=self.feed,
        )
        return Cell(self.implementation, problem, self.device, self.threads)


@dataclass(frozen=True)
class Change:
    """One row of comparison.csv: a cell in two runs.

    change        its time in the new run over that in the old one, each over the baseline's in the same blocks where
                  `through` names it; its interval is low to high at change_level; None for the baseline itself
    comparison    what the interval says; NONE where there is none
    through       the baseline; empty where the times themselves were compared
    comparisons   m: intervals of this model's table are at the level 1 - 0.05/m or above
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
    feed: Feed
    threads: int
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
