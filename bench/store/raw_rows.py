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
    """

    import_seconds: float | None = None
    data_seconds: float | None = None
    compile_seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_epoch_seconds: float | None = None


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
class Disturbance:
    """What happened to a process during its timed rounds, independent of their times.

    wall_seconds          from the start of the first round to the end of the last, resets included
    cpu_seconds           processor time of all threads of the process
    switches              involuntary context switches, in which it had to wait for another process
    pressure_seconds      time in which some thread on the machine was ready but had no processor (PSI)
    own_queue_seconds     the same for threads of this process, summed over them
    steal_seconds         time that the hypervisor took from this machine, over all processors
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
    """Evidence that a time is true, judged by `bench.audit.rules`; every tuple has one number per repetition.

    again_seconds         a second synchronize after a timed round, which should have nothing left to wait for
    fetch_seconds         the first `params` after a round minus a second one; nothing should be left to compute
    idle_cpu              cpu / wall time of the process after a round, while nothing is requested
    round_wall, _cpu      rounds of k epochs, in wall and in processor time
    fourfold_wall, _cpu   rounds of 4 k epochs, alternating with them
    compilations          compilations during the timed rounds, if the library reports them
    inputs                digests of x and y before the trainer was created and at the end; none for data on disk
    dtypes                the dtypes of w and b before and after, by name
    checked_round         the timed round, chosen at random, whose parameters were kept
    checked_seed          the seed of its start: bench.plan.starts.draw(..., checked_seed)
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

    name                  the name in its block: the implementation's, or "<name>@aa" for its second copy
    first_epoch_seconds   the first epoch of the process, including compilation
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
    """One line of raw/pilot.jsonl: how long an epoch of a cell takes, and how long its worker took in total."""

    cell: Cell
    epoch_seconds: float
    worker_seconds: float


@dataclass(frozen=True)
class Block:
    """One line of raw/blocks.jsonl: a completed block.

    replaces        the disturbed block that this one replaces, which does not count
    waited_seconds  wait for the machine to become idle before it began
    seconds         its duration
    disturbed       which process did not have its processor to itself; empty if all had
    """

    number: int
    replaces: int | None
    waited_seconds: float
    seconds: float
    disturbed: str


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


STOPPED = "the run was stopped in the midst of it"
