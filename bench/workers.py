"""A worker: a fresh process in an environment built from empty, ended with all its children.

Results travel as files that the worker writes; what it had finished before it died is kept.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.records import Status

ROOT = Path(__file__).resolve().parent.parent

# All that a worker inherits. The system's own: where programs, the user's files and temporary files are.
# OPENBLAS_CORETYPE: an old OpenBLAS that takes a new processor for another gives wrong results, or dies,
# and its user has set this; `bench.machine` records it.
_INHERITED = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "OPENBLAS_CORETYPE")
# Which accelerator is meant, and where its driver's libraries are.
_INHERITED_FOR_ACCELERATORS = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")

_LOG = "log.txt"
_POLL_SECONDS = 0.02
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
    accelerated = kind != "cpu"
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
    """A worker to run: `python -m module folder/job.json`, its output in folder/log.txt."""

    module: str
    job: Mapping[str, object]
    environment: Mapping[str, str]
    folder: Path
    timeout_seconds: float


def run_workers(orders: Sequence[Order], *, at_once: int) -> Iterator[tuple[int, Ending]]:
    """Run all the workers, some at once, and yield the number and the ending of each as it ends.

    When this ends or raises (Ctrl-C among others), no worker is left, nor what it started in its process group.
    """
    waiting = list(enumerate(orders))
    running: dict[int, _Running] = {}
    try:
        while waiting or running:
            over = [number for number, one in running.items() if one.over()]
            ended = [(number, _end(running.pop(number))) for number in over]
            while waiting and len(running) < at_once:
                number, order = waiting.pop(0)
                running[number] = _start(order)
            # The next ones are under way while the caller looks at these.
            yield from ended
            time.sleep(_POLL_SECONDS)
    finally:
        for one in running.values():
            _kill_group(one.worker)


def run_worker(
    module: str, job: Mapping[str, object], *, environment: Mapping[str, str], folder: Path, timeout_seconds: float
) -> Ending:
    """Run one worker from the checkout's root, and return how it ended.

    When this returns or raises (Ctrl-C among others), it has ended, and so has what it started in its process group.
    """
    running = _start(Order(module, job, environment, folder, timeout_seconds))
    try:
        with suppress(subprocess.TimeoutExpired):
            running.worker.wait(timeout_seconds)
        return _end(running)
    finally:
        _kill_group(running.worker)


@dataclass(frozen=True)
class _Running:
    order: Order
    worker: subprocess.Popen[bytes]
    deadline: float

    def over(self) -> bool:
        return self.worker.poll() is not None or time.monotonic() > self.deadline


def _start(order: Order) -> _Running:
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
    return _Running(order, worker, time.monotonic() + order.timeout_seconds)


def _end(running: _Running) -> Ending:
    log_file, code = running.order.folder / _LOG, running.worker.poll()
    _kill_group(running.worker)
    if code is None:
        return Ending(Status.TIMEOUT, f"no end within {running.order.timeout_seconds:g} s\n{_tail(log_file)}".rstrip())
    return _ending(code, log_file)


def exit_on_sigterm() -> None:
    """Make SIGTERM raise SystemExit(143) in the main thread, so that `run_worker` ends its worker first."""

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, leave)


def _ending(code: int, log_file: Path) -> Ending:
    if code == 0:
        return Ending(Status.OK, "")
    if code < 0:
        return Ending(Status.CRASHED, f"killed by {signal.Signals(-code).name}\n{_tail(log_file)}".rstrip())
    return Ending(Status.FAILED, f"exit code {code}\n{_tail(log_file)}".rstrip())


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
