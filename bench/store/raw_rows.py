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
    """

    cell: Cell
    status: Status
    detail: str = ""
    budget_share: float | None = None
    final_loss: float | None = None
    accuracy: float | None = None
    denormal_share: float | None = None


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
class Witnessed:
    """What the parent saw of the rounds of a worker, one number a round; it asks nobody but itself and the system.

    first_cycle      rounds of workers that took turns with one another have the same numbers, from here on
    sentinel_before  seconds of the sentinel just before each turn
    sentinel_around  the median of its readings in the cycle, but for the one after this turn
    wall_seconds     from the request for the round to the answer, by the parent's own clock
    cpu_seconds      processor time that the system accounts to the worker's process meanwhile, all threads together
    started_seconds  processor time of what the worker has started, from its first turn to its last
    """

    first_cycle: int = 0
    sentinel_before: tuple[float, ...] = ()
    sentinel_around: tuple[float, ...] = ()
    wall_seconds: tuple[float, ...] = ()
    cpu_seconds: tuple[float, ...] = ()
    started_seconds: float = 0.0


@dataclass(frozen=True)
class Checked:
    """The parameters that a timed round ended with, which were asked for after it.

    round      its number, from 0
    seed       of the start that it began at
    w, b       the parameters: little-endian bytes in base64
    repeated   whether the same round, run again untimed, ended with the same, bit for bit
    """

    round: int
    seed: tuple[int, ...]
    w: str
    b: str
    repeated: bool | None = None


@dataclass(frozen=True, slots=True)
class HostTime:
    """What the system says of the machine while rounds were timed, of all processors; None where it says nothing.

    pressure_seconds   in which some thread was ready and had no processor (PSI)
    steal_seconds      that the hypervisor kept from the machine
    throttled_seconds  for which the control group of this program was held up, having used its share
    """

    wall_seconds: float = 0.0
    pressure_seconds: float | None = None
    steal_seconds: float | None = None
    throttled_seconds: float | None = None


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
    checked               rounds whose parameters were asked for, when they were over
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
    checked: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Rounds:
    """One line of raw/rounds.jsonl: the rounds of one cell in one process.

    name                  the name in its block: the implementation's, or "<name>@aa" for its A/A twin
    first_epoch_seconds   the very first epoch of the process, compilation included
    round_seconds         each timed round; one round is `epochs_per_round` epochs and one synchronize
    witnessed             the same rounds as the parent saw them
    """

    cell: Cell
    name: str
    block: int
    epochs_per_round: int
    warmup_rounds: int
    first_epoch_seconds: float
    round_seconds: tuple[float, ...]
    costs: Costs = field(default_factory=Costs)
    environment: Environment = field(default_factory=Environment)
    witnessed: Witnessed = field(default_factory=Witnessed)
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True)
class Paced:
    """One line of raw/pilot.jsonl: how long an epoch of a cell takes."""

    cell: Cell
    epoch_seconds: float


@dataclass(frozen=True)
class Spent:
    """One line of raw/spent.jsonl: what a part of the run took.

    block   the blocks count from 1; 0 is the pilot, and None is the run as a whole
    part    "start-up", "warm-up", "rounds", "evidence", "leaving", "rates", "waiting", "agreement"
    """

    block: int | None
    part: str
    seconds: float


@dataclass(frozen=True)
class Block:
    """One line of raw/blocks.jsonl: a block that has ended.

    replaces        the block in whose place it was run, which was disturbed and does not count
    waited_seconds  before it began, for the machine to be quiet
    seconds         that it took
    disturbed       which process met no undisturbed processor; empty if all did
    host            what the system said of the machine while rounds were timed
    """

    number: int
    replaces: int | None
    waited_seconds: float
    seconds: float
    disturbed: str
    host: HostTime = field(default_factory=HostTime)


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
