"""Start workers: fresh processes with an environment built from scratch, killed together with their children.

A worker returns its results as files; what it finished before it died is kept.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.process.out_of_memory import says_out_of_memory
from bench.store.cell import CPU, Status
from bench.store.layout import ALIVE, JOB, LOG, ROOT

# Everything a worker inherits: the locations of programs, home and temporary files, and OPENBLAS_CORETYPE. An old
# OpenBLAS that misidentifies a new processor gives wrong results or crashes unless the user sets the latter;
# `bench.machine.describe` records it.
_INHERITED = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "OPENBLAS_CORETYPE")
# Which accelerator to use, and where its driver's libraries are.
_INHERITED_FOR_ACCELERATORS = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")

# How often the time limit and log size of a running worker are checked: too rarely to disturb timing.
_LOOK_SECONDS = 0.05
_MOST_LOG_BYTES = 64 << 20
_TAIL_LINES = 15
_TAIL_BYTES = 8192


@dataclass(frozen=True)
class Ending:
    """How a worker ended; `detail` says it in words, with the last lines of output unless OK."""

    status: Status
    detail: str


def environment(*, dtype: str, threads: int, device: str) -> dict[str, str]:
    """Return the whole environment of a worker.

    Each library has its own variable for the number of threads, and reads it when loaded: OpenBLAS,
    MKL and OpenMP (torch), Accelerate (NumPy on macOS), PJRT (JAX; --xla_cpu_multi_thread_eigen has no effect).
    PYTHONHASHSEED stays unset and the padding has a random length: memory layout affects times, so
    processes should sample different layouts instead of all measuring one (Mytkowicz et al., ASPLOS 2009).
    JAX may use TF32 on a GPU unless its precision is "highest", which is torch's default. Compile caches on
    disk are off: torch's by a variable below, JAX's because JAX_COMPILATION_CACHE_DIR is unset.
    """
    kind = device.partition(":")[0]
    accelerated = kind != CPU
    names = _INHERITED + (_INHERITED_FOR_ACCELERATORS if accelerated else ())
    inherited = {name: os.environ[name] for name in names if name in os.environ}
    count = str(threads)
    return inherited | {
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,
        "PJRT_NPROC": count,
        "NPROC": count,
        "JAX_PLATFORMS": f"{kind},cpu" if accelerated else "cpu",
        **({"JAX_ENABLE_X64": "1"} if dtype == "float64" else {}),
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONFAULTHANDLER": "1",
        "LAYOUT_PADDING": "x" * random.randrange(4096),  # noqa: S311 - layout, no secret
    }


@dataclass(frozen=True)
class Order:
    """A worker to run: `python -m module folder/job.json`, with its output in folder/log.txt.

    timeout_seconds  the longest time without a sign of life (its file `ALIVE` touched), or in all if it gives none
    capped         limit its memory to what is free when it starts (Linux only): a worker that needs more would measure
                   the disk, or crash others. Not for accelerators, whose drivers reserve more than they use.
    mapped_bytes   the size of files mapped writable: the limit counts them, but they take no memory until written
    """

    module: str
    job: Mapping[str, object]
    environment: Mapping[str, str]
    folder: Path
    timeout_seconds: float
    capped: bool
    mapped_bytes: int = 0


def run_workers(orders: Sequence[Order], *, at_once: int) -> Iterator[tuple[int, Ending]]:
    """Run all workers, `at_once` at a time, and yield the number and ending of each as it ends.

    When this returns or raises (on Ctrl-C, for example), no worker and no child in its process group is left.
    """
    waiting = list(enumerate(orders))
    running: dict[int, _Running] = {}
    an_end = threading.Event()
    try:
        while waiting or running:
            an_end.clear()
            over = [number for number, one in running.items() if one.over()]
            ended = [(number, _end(running.pop(number))) for number in over]
            while waiting and len(running) < at_once:
                number, order = waiting.pop(0)
                running[number] = _start(order, an_end)
            # The next workers already run while the caller handles these.
            yield from ended
            if running:
                an_end.wait(_LOOK_SECONDS)
    finally:
        for one in running.values():
            kill_group(one.worker)


def run_worker(order: Order) -> Ending:
    """Run one worker and return how it ended; no process of it is left, as with `run_workers`."""
    ((_, ending),) = run_workers([order], at_once=1)
    return ending


@dataclass
class _Running:
    order: Order
    worker: subprocess.Popen[bytes]
    deadline: float
    last_sign: int = 0

    def over(self) -> bool:
        if (sign := _sign_of_life(self.order)) != self.last_sign:
            self.last_sign, self.deadline = sign, time.monotonic() + self.order.timeout_seconds
        return self.worker.poll() is not None or time.monotonic() > self.deadline or flooded(self.order)


def _sign_of_life(order: Order) -> int:
    """Return when the worker last touched its file, in nanoseconds; 0 if it never did."""
    with suppress(OSError):
        return (order.folder / ALIVE).stat().st_mtime_ns
    return 0


def _start(order: Order, an_end: threading.Event) -> _Running:
    """Start the worker; `an_end` is set as soon as it has ended, so that the parent need not poll for it."""
    worker = launch(order)
    threading.Thread(target=_await, args=(worker, an_end), daemon=True).start()
    return _Running(order, worker, time.monotonic() + order.timeout_seconds)


def launch(order: Order, *, conversing: bool = False) -> subprocess.Popen[bytes]:
    """Start the worker and return it; if `conversing`, its standard input and output are pipes to the parent."""
    job_file = order.folder / JOB
    job_file.write_text(json.dumps(order.job), encoding="utf-8")
    with (order.folder / LOG).open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", order.module, str(job_file.resolve())],
            cwd=ROOT,
            env=dict(order.environment),
            stdin=subprocess.PIPE if conversing else subprocess.DEVNULL,
            stdout=subprocess.PIPE if conversing else log,
            stderr=log,
            start_new_session=True,
        )
    if order.capped:
        _cap(worker.pid, psutil.virtual_memory().available + order.mapped_bytes)
    return worker


def flooded(order: Order) -> bool:
    """Return whether this worker has written more to its log than anybody reads."""
    return (order.folder / LOG).stat().st_size > _MOST_LOG_BYTES


def _await(worker: subprocess.Popen[bytes], an_end: threading.Event) -> None:
    """Wait without reaping: until the worker is reaped, its process id, which names its group, is not reused."""
    if sys.platform == "win32":
        worker.wait()
    else:
        with suppress(ChildProcessError):  # poll() has already reaped it
            os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    an_end.set()


def _cap(pid: int, memory_bytes: int) -> None:
    """Limit the memory of this process: an allocation beyond it fails as if the machine had no more.

    RLIMIT_DATA counts writable memory, including the whole of a privately mapped file. RLIMIT_AS would count address
    space, and libraries reserve far more of it than they use.
    """
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - Windows has none

        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _end(running: _Running) -> Ending:
    limit = f"{running.order.timeout_seconds:g} s"
    words = f"no sign of life for {limit}" if running.last_sign else f"did not end within {limit}"
    return end(running.order, running.worker, words)


def end(order: Order, worker: subprocess.Popen[bytes], otherwise: str) -> Ending:
    """End this worker and its group, and return how it ended: by itself, by its flood, or else by its time limit.

    otherwise   what the time limit was
    """
    code = worker.poll()
    kill_group(worker)
    log = order.folder / LOG
    if code is not None:
        return _ending(code, log)
    if flooded(order):
        reason = f"its output is longer than {_MOST_LOG_BYTES >> 20} MiB"
        return Ending(Status.BAD_OUTPUT, f"{reason}\n{_tail(log)}".rstrip())
    return Ending(Status.TIMEOUT, f"{otherwise}\n{_tail(log)}".rstrip())


def exit_on_sigterm() -> None:
    """Make SIGTERM raise SystemExit(143) in the main thread, so that `run_worker` kills its worker first."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


def _ending(code: int, log_file: Path) -> Ending:
    if code == 0:
        return Ending(Status.OK, "")
    words = _tail(log_file)
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    status = Status.CRASHED if code < 0 else Status.FAILED
    return Ending(Status.OUT_OF_MEMORY if says_out_of_memory(words) else status, f"{how}\n{words}".rstrip())


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """Kill this worker and all that it has started in its group, stopped or not."""
    if sys.platform == "win32":
        worker.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # the group is gone; macOS raises PermissionError
            os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _tail(log_file: Path) -> str:
    with log_file.open("rb") as log:
        log.seek(max(0, log_file.stat().st_size - _TAIL_BYTES))
        text = log.read().decode(errors="replace")
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])


def make_empty(folder: Path) -> None:
    """Create the folder, or empty it; its parent must exist, so that a removed run folder is not created again."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
