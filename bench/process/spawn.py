"""A worker: a fresh process in an environment built from empty, ended with all its children.

Results travel as files that the worker writes; what it had finished before it died is kept.
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
from bench.store.layout import ROOT

# All that a worker inherits. The system's own: where programs, the user's files and temporary files are.
# OPENBLAS_CORETYPE: an old OpenBLAS that takes a new processor for another gives wrong results, or dies,
# and its user has set this; `bench.machine.describe` records it.
_INHERITED = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "OPENBLAS_CORETYPE")
# Which accelerator is meant, and where its driver's libraries are.
_INHERITED_FOR_ACCELERATORS = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")

_LOG = "log.txt"
# How often a running worker is looked at for its time and the length of its log: seldom enough to disturb no timing.
_LOOK_SECONDS = 0.05
_MOST_LOG_BYTES = 64 << 20
_TAIL_LINES = 15
_TAIL_BYTES = 8192


@dataclass(frozen=True)
class Ending:
    """How a worker ended. `detail` says it in words, and holds the last lines of its output unless OK."""

    status: Status
    detail: str


def environment(*, dtype: str, threads: int, device: str) -> dict[str, str]:
    """Return the whole environment of a worker.

    Each library has its own word for the number of threads, and reads it when it is loaded: OpenBLAS,
    MKL and OpenMP (torch), Accelerate (NumPy on macOS), PJRT (JAX; --xla_cpu_multi_thread_eigen has no effect).
    PYTHONHASHSEED stays unset and the padding's length is random: the layout of memory changes times, so
    many processes shall sample many layouts rather than all measure one (Mytkowicz et al., ASPLOS 2009).
    JAX may use TF32 on a GPU unless it is told "highest", which is torch's own default; compile caches on the
    disk are off: JAX's is, unless JAX_COMPILATION_CACHE_DIR is set.
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
    """A worker to run: `python -m module folder/job.json`, its output in folder/log.txt.

    capped         it gets no more memory than is free when it starts, on Linux: one that needs more would measure the
                   disk, or take others with it. Not for accelerators, whose drivers reserve more than they use.
    mapped_bytes   of the files that it maps and may write to: the limit counts them, and they take no memory until then
    """

    module: str
    job: Mapping[str, object]
    environment: Mapping[str, str]
    folder: Path
    timeout_seconds: float
    capped: bool
    mapped_bytes: int = 0


def run_workers(orders: Sequence[Order], *, at_once: int) -> Iterator[tuple[int, Ending]]:
    """Run all the workers, some at once, and yield the number and the ending of each as it ends.

    When this ends or raises (Ctrl-C among others), no worker is left, nor what it started in its process group.
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
            # The next ones are under way while the caller looks at these.
            yield from ended
            if running:
                an_end.wait(_LOOK_SECONDS)
    finally:
        for one in running.values():
            _kill_group(one.worker)


def run_worker(order: Order) -> Ending:
    """Run one worker and return how it ended; nothing of it is left then, as with `run_workers`."""
    ((_, ending),) = run_workers([order], at_once=1)
    return ending


@dataclass(frozen=True)
class _Running:
    order: Order
    worker: subprocess.Popen[bytes]
    deadline: float

    @property
    def log(self) -> Path:
        return self.order.folder / _LOG

    def flooded(self) -> bool:
        return self.log.stat().st_size > _MOST_LOG_BYTES

    def over(self) -> bool:
        return self.worker.poll() is not None or time.monotonic() > self.deadline or self.flooded()


def _start(order: Order, an_end: threading.Event) -> _Running:
    """Start the worker; `an_end` is set once it has ended, so that nobody waits for the next look at it."""
    job_file = order.folder / "job.json"
    job_file.write_text(json.dumps(order.job), encoding="utf-8")
    with (order.folder / _LOG).open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", order.module, str(job_file.resolve())],
            cwd=ROOT,
            env=dict(order.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if order.capped:
        _cap(worker.pid, psutil.virtual_memory().available + order.mapped_bytes)
    threading.Thread(target=_await, args=(worker, an_end), daemon=True).start()
    return _Running(order, worker, time.monotonic() + order.timeout_seconds)


def _await(worker: subprocess.Popen[bytes], an_end: threading.Event) -> None:
    """Leave the ended worker unreaped: until it is, nobody else gets its number, by which its group is killed."""
    if sys.platform == "win32":
        worker.wait()
    else:
        with suppress(ChildProcessError):  # it was reaped by a look at it
            os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    an_end.set()


def _cap(pid: int, memory_bytes: int) -> None:
    """Let this process have no more data than that: an allocation beyond it fails as if the machine had no more.

    RLIMIT_DATA counts memory that can be written, a file that is mapped privately in full; RLIMIT_AS would count the
    address space, of which libraries reserve far more than they use.
    """
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 - Windows has none

        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _end(running: _Running) -> Ending:
    code = running.worker.poll()
    _kill_group(running.worker)
    if code is not None:
        return _ending(code, running.log)
    if running.flooded():
        reason = f"its output is longer than {_MOST_LOG_BYTES >> 20} MiB"
        return Ending(Status.BAD_OUTPUT, f"{reason}\n{_tail(running.log)}".rstrip())
    return Ending(Status.TIMEOUT, f"no end within {running.order.timeout_seconds:g} s\n{_tail(running.log)}".rstrip())


def exit_on_sigterm() -> None:
    """Make SIGTERM raise SystemExit(143) in the main thread, so that `run_worker` ends its worker first."""

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


def _kill_group(worker: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        worker.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # nothing is left of it; macOS says PermissionError
            os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _tail(log_file: Path) -> str:
    with log_file.open("rb") as log:
        log.seek(max(0, log_file.stat().st_size - _TAIL_BYTES))
        text = log.read().decode(errors="replace")
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])


def make_empty(folder: Path) -> None:
    """Make the folder, empty; its parent is the run's, and a run whose folder was removed shall not make it anew."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
