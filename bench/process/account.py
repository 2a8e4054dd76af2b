"""What the system accounts to a worker, asked from outside: the worker has no part in the answer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import psutil

# A signal is not at once: a busy machine may let a killed process live for a moment.
_DYING_SECONDS = 5.0


def cpu_seconds(pid: int) -> float:
    """Return the processor time of this process so far, of all its threads; 0 once it is gone.

    Linux keeps a clock of each process, to the nanosecond; its number is made of the process's (`MAKE_PROCESS_CPUCLOCK`
    in linux/posix-timers.h). /proc has ticks of 10 ms, and the nanoseconds of the first thread alone.
    """
    if pid == 0:
        return 0.0
    try:
        if sys.platform == "linux":
            return time.clock_gettime((~pid << 3) | 2)
        spent = psutil.Process(pid).cpu_times()
    except (OSError, psutil.NoSuchProcess):
        return 0.0
    return spent.user + spent.system


def started_seconds(pid: int) -> float:
    """Return the processor time so far of all that this process has started, whether it still runs or has ended."""
    with suppress(psutil.NoSuchProcess):
        own = psutil.Process(pid)
        spent = own.cpu_times()
        living = sum(_with_ended(child) for child in own.children(recursive=True))
        return spent.children_user + spent.children_system + living
    return 0.0


def _with_ended(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return sum(process.cpu_times()[:4])  # user and system, of itself and of what it started and outlived
    return 0.0


def kill_marked(name: str, value: str) -> int:
    """Kill every process in whose environment this variable has this value, and return how many there were.

    What a worker has started inherits its environment, however it has left its group and its parent. None of them runs
    any more when this returns, unless the system takes longer than `_DYING_SECONDS` to end it.
    """
    killed = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(name) == value:
                process.kill()
                killed.append(process)
    limit = time.monotonic() + _DYING_SECONDS
    while any(map(_runs, killed)) and time.monotonic() < limit:
        time.sleep(1e-3)
    return len(killed)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def pin(pid: int, processors: Collection[int]) -> None:
    """Let all threads of this process run on these processors only, where the system can; what they start follows."""
    if sys.platform == "linux":
        for task in _tasks(pid):
            with suppress(OSError):  # the thread has ended
                os.sched_setaffinity(task, processors)


def processors(pid: int) -> list[int] | None:
    """Return the processors that any thread of this process may run on; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    found: set[int] = set()
    for task in _tasks(pid):
        with suppress(OSError):
            found |= os.sched_getaffinity(task)
    return sorted(found)


def _tasks(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(one.name) for one in Path(f"/proc/{pid}/task").iterdir()]
    return []
