"""One row of a file is one frozen dataclass; the unit of a number is in its name.

Those that a large report reads of each process have slots: they are made of their text in half the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.store.cell import Cell, Status


@dataclass(frozen=True)
class Verdict:
    """What the gate, or the attempt to run it, said of a cell. `detail` is empty when OK.

    denormal_share   of the probabilities that it predicts after the agreement run; None where it predicts none
    smallest_error   the smallest relative error of the last parameters, in all entries alike, that would be refused
    settled_epoch    the epoch of the agreement run after which parameters move by less than their budgets; None where
                     its last epoch still moved them
    """

    cell: Cell
    status: Status
    detail: str = ""
    budget_share: float | None = None
    final_loss: float | None = None
    accuracy: float | None = None
    denormal_share: float | None = None
    smallest_error: float | None = None
    settled_epoch: int | None = None


@dataclass(frozen=True)
class Observed:
    """One line of what a gate's worker saw: case number `case` of its job, or, with None, the job as a whole.

    file    the arrays it left, an observation of bench.gate.observe; empty where there are none
    """

    case: int | None
    file: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Costs:
    """What a cell costs beside its epochs, in one process; None where it cannot be told.

    import_seconds        the import of NumPy, of the library and of the implementation's module: once a process
    data_seconds          making the trainer: the data are on the device when it ends
    compile_seconds       tracing and compiling during the very first epoch, where the library tells
    peak_memory_bytes     the most memory the process has had so far: earlier cells of the worker are in it, and the
                          pages of the mapped data, which all workers share
    device_epoch_seconds  an epoch between two events of the device, in rounds that are not timed otherwise; its gaps
                          between launches are in it: it is no sum of kernel times
    """

    import_seconds: float | None = None
    data_seconds: float | None = None
    compile_seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_epoch_seconds: float | None = None


@dataclass(frozen=True)
class Environment:
    """The conditions of a worker, read back inside it after the timed rounds.

    asked         what must be found, by name: "threads openblas", "x64", "placement", "processors"
    found         what was read back, by the same names and further ones
    versions      of the library and of what computes for it
    busy_threads  threads that used the processor during the timed rounds, for more than 10 % of the busiest
                  one's time; None where that cannot be read
    busy_at_most  how many of them the number of threads that was asked for explains
    """

    asked: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    busy_threads: int | None = None
    busy_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happened to a process between the begin and the end of its timed rounds; blind to their times.

    wall_seconds          from the begin of the first to the end of the last, resets included
    cpu_seconds           processor time of all threads of the process
    switches              involuntary context switches: it was made to wait for another process
    pressure_seconds      time in which some thread of the machine was ready and had no processor (PSI)
    own_queue_seconds     time in which threads of this process were, summed over them
    steal_seconds         time that the hypervisor kept from this machine, over all processors
    others_busy           share of the time in which the machine's processors worked for other processes
    """

    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    switches: int | None = None
    pressure_seconds: float | None = None
    own_queue_seconds: float | None = None
    steal_seconds: float | None = None
    others_busy: float | None = None


@dataclass(frozen=True)
class Evidence:
    """What tells an honest time from a lie; `bench.audit.rules` judges it. Every tuple holds one number a repetition.

    again_seconds         a second synchronize after a timed round: nothing is left to wait for
    fetch_seconds         the first `params` after a round, less a second one: nothing is left to compute
    idle_cpu              cpu / wall time of the process after a round, while it is asked for nothing
    round_wall, _cpu      rounds of k epochs, in wall and in processor time
    fourfold_wall, _cpu   rounds of 4 k epochs, in turns with them
    compilations          compilations during the timed rounds, where the library tells
    inputs                digests of x and y before the trainer was made, and in the end; none of data on disk
    dtypes                of w and b before and after, by name
    checked_round         the timed round, chosen at random, whose parameters were kept
    checked_seed          of its start: bench.plan.starts.draw(..., checked_seed)
    checked_w, checked_b  the parameters after its epochs_per_round epochs: little-endian bytes in base64
    repeated              whether the repetition ended where the timed round did, bit for bit
    """

    again_seconds: tuple[float, ...] = ()
    fetch_seconds: tuple[float, ...] = ()
    idle_cpu: tuple[float, ...] = ()
    round_wall: tuple[float, ...] = ()
    round_cpu: tuple[float, ...] = ()
    fourfold_wall: tuple[float, ...] = ()
    fourfold_cpu: tuple[float, ...] = ()
    compilations: int | None = None
    inputs: tuple[str, ...] = ()
    dtypes: dict[str, str] = field(default_factory=dict)
    checked_round: int | None = None
    checked_seed: tuple[int, ...] = ()
    checked_w: str = ""
    checked_b: str = ""
    repeated: bool | None = None


@dataclass(frozen=True, slots=True)
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
    costs: Costs = field(default_factory=Costs)
    environment: Environment = field(default_factory=Environment)
    disturbance: Disturbance = field(default_factory=Disturbance)
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True)
class Paced:
    """One line of raw/pilot.jsonl: how long an epoch of a cell takes, and how long its worker took in all."""

    cell: Cell
    epoch_seconds: float
    worker_seconds: float


@dataclass(frozen=True)
class Block:
    """One line of raw/blocks.jsonl: a block that has ended.

    replaces        the block in whose place it was run, which was disturbed and does not count
    waited_seconds  before it began, for the machine to be quiet
    seconds         that it took
    disturbed       which process did not have the processor to itself; empty if all had
    """

    number: int
    replaces: int | None
    waited_seconds: float
    seconds: float
    disturbed: str


@dataclass(frozen=True)
class Rates:
    """One line of raw/rates.jsonl: how fast this machine was in one block, by calls of NumPy and its BLAS.

    read_bytes_per_second    of an array that is read once, by its number of bytes
    flops_per_second         of a product of two matrices; a multiplication and an addition are two
    exponentials_per_second  of an array that stays in the first-level cache
    """

    block: int
    dtype: str
    threads: int
    read_bytes_per_second: dict[str, float]
    flops_per_second: float
    exponentials_per_second: float


@dataclass(frozen=True)
class Failure:
    """One line of raw/failures.jsonl: a cell that gave no time in one process, and why.

    block   the blocks count from 1; 0 is the pilot, in which a cell that fails is not timed at all; None for what
            is known only of several blocks together
    """

    cell: Cell
    block: int | None
    status: Status
    detail: str


STOPPED = "the run was stopped in the midst of it"
