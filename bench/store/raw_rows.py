"""The raw rows of a run: one frozen dataclass per row of a file, with units in the names.

Records that a large report reads for every process have slots, which halves their decoding time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.store.cell import Cell, Status


@dataclass(frozen=True)
class Verdict:
    """The status of a cell after the gate, or after the attempt to run it; `detail` is empty if OK.

    denormal_share   share of denormal numbers among the probabilities it predicts after the agreement run, or None
    smallest_error   the smallest relative error, the same in all the last parameters, that would be refused
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
    """One line from a gate worker: about case number `case` of its job, or about the whole job if None.

    file    the file of recorded arrays, an observation of bench.gate.observe; empty if there are none
    """

    case: int | None
    file: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Costs:
    """The one-off costs of a cell in one process; None if unknown.

    import_seconds        importing NumPy, the library and the implementation's module: once per process
    data_seconds          creating the trainer, including moving the data to the device
    compile_seconds       tracing and compiling during the first epoch, if the library reports it
    peak_memory_bytes     peak memory of the process so far, including earlier cells of the worker and the mapped
                          data pages, which all workers share
    device_epoch_seconds  an epoch between two events of the device, in separate rounds; it includes the gaps between
                          launches, so it is not the sum of kernel times
    kept_bytes_per_epoch  memory that each epoch leaves behind; 0 if all epochs together leave less than a mebibyte
    """

    import_seconds: float | None = None
    data_seconds: float | None = None
    compile_seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_epoch_seconds: float | None = None
    kept_bytes_per_epoch: float | None = None


@dataclass(frozen=True)
class Environment:
    """The conditions of a worker, read back inside it after the timed rounds.

    asked         the requested values, by name: "threads openblas", "x64", "placement", "processors"
    found         the values read back, by the same names and others
    versions      of the library and of the libraries that compute for it
    busy_threads  threads that used a processor during the timed rounds for more than 10 % of the busiest
                  thread's time; None if that cannot be read
    busy_at_most  how many such threads the requested number of threads explains
    """

    asked: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    busy_threads: int | None = None
    busy_at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What the parent measured of a worker's rounds, one number per round, from its own clock and the system alone.

    The sentinel is a fixed piece of work that takes longer if the processor is disturbed.

    first_cycle      the number of the first round's cycle; workers that take turns with one another share the cycles
    sentinel_before  seconds that the sentinel took just before each turn
    sentinel_after   the same just after it; the faster of two readings if the first shows a disturbance
    wall_seconds     from the request for the round to the answer, by the parent's clock
    cpu_seconds      processor time of all threads of the worker in between, as counted by the system
    started_seconds  processor time of processes that the worker started, from its first turn to its last
    processors       the number of the processor on which each turn was; empty where none was chosen
    """

    first_cycle: int = 0
    sentinel_before: tuple[float, ...] = ()
    sentinel_after: tuple[float, ...] = ()
    wall_seconds: tuple[float, ...] = ()
    cpu_seconds: tuple[float, ...] = ()
    started_seconds: float = 0.0
    processors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Checked:
    """The parameters that a timed round ended with, requested after the round.

    round      its number, from 0
    seed       the seed of the start from which it began
    w, b       the parameters: little-endian bytes in base64
    repeated   whether the same round, rerun untimed, ended with the same parameters, bit for bit
    """

    round: int
    seed: tuple[int, ...]
    w: str
    b: str
    repeated: bool | None = None


@dataclass(frozen=True, slots=True)
class HostTime:
    """What the system counted on the whole machine while rounds were timed; None where it has no counter.

    pressure_seconds   time in which some thread was ready and had no processor (PSI)
    steal_seconds      processor time that the hypervisor took from the machine
    throttled_seconds  time for which this program's control group was stopped because it had used up its share
    """

    wall_seconds: float = 0.0
    pressure_seconds: float | None = None
    steal_seconds: float | None = None
    throttled_seconds: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Evidence that a time is true, judged by `bench.audit.rules`; every tuple has one number per repetition.

    again_seconds         a second synchronize after a timed round, which should have nothing left to wait for
    fetch_seconds         the first `params` after a round minus a second one; nothing should be left to compute
    idle_cpu              cpu / wall time of the process after a round, while nothing is requested
    round_wall, _cpu      rounds of k epochs, in wall and in processor time
    fourfold_wall, _cpu   rounds of 4 k epochs, alternating with them
    reset_cpu             processor time of the `reset` before each round of k epochs
    fourfold_reset_cpu    the same before each round of 4 k epochs
    compilations          compilations during the timed rounds, if the library reports them
    inputs                digests of x and y before the trainer was created and at the end; none for data on disk
    dtypes                the dtypes of w and b before and after, by name
    checked               the rounds whose parameters were requested after they had been timed
    """

    again_seconds: tuple[float, ...] = ()
    fetch_seconds: tuple[float, ...] = ()
    idle_cpu: tuple[float, ...] = ()
    round_wall: tuple[float, ...] = ()
    round_cpu: tuple[float, ...] = ()
    fourfold_wall: tuple[float, ...] = ()
    fourfold_cpu: tuple[float, ...] = ()
    reset_cpu: tuple[float, ...] = ()
    fourfold_reset_cpu: tuple[float, ...] = ()
    compilations: int | None = None
    inputs: tuple[str, ...] = ()
    dtypes: dict[str, str] = field(default_factory=dict)
    checked: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Rounds:
    """One line of raw/rounds.jsonl: the rounds of one cell in one process.

    name                  the name in its block: the implementation's, or "<name>@aa" for its second copy
    first_epoch_seconds   the first epoch of the process, including compilation
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
    """One line of raw/spent.jsonl: how long a part of the run took.

    block   the block, from 1; 0 for the pilot, None for the run as a whole
    part    "start-up", "warm-up", "rounds", "evidence", "leaving", "rates", "waiting", "agreement"
    """

    block: int | None
    part: str
    seconds: float


@dataclass(frozen=True)
class Block:
    """One line of raw/blocks.jsonl: a block that has ended.

    extra           whether it was run beyond the planned ones, for the contests that had too few quiet processors
    waited_seconds  wait for the machine to become idle before it began
    seconds         its duration
    stopped         whether the run ended in the midst of it, so that it does not count
    host            what the system counted on the machine while rounds were timed
    """

    number: int
    extra: bool
    waited_seconds: float
    seconds: float
    stopped: bool = False
    host: HostTime = field(default_factory=HostTime)


@dataclass(frozen=True)
class Rates:
    """One line of raw/rates.jsonl: the speed of this machine in one block, measured with NumPy and its BLAS.

    read_bytes_per_second    reading an array once, by the size of the array in bytes
    flops_per_second         multiplying two matrices; a multiplication and an addition count as two
    exponentials_per_second  on an array that stays in the first-level cache
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

    block   the block, from 1; 0 for the pilot, after which a failed cell is not timed at all; None for a finding
            from several blocks together
    """

    cell: Cell
    block: int | None
    status: Status
    detail: str
