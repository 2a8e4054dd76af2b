"""The system's counters for this process; None where the system has no such counter."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# A thread that used less than this share of the busiest thread's time did not take part.
_SHARE = 0.1
# The kernel updates a thread's time once per tick, so up to one tick may belong to no thread.
_TICK_SECONDS = 0.01


@dataclass(frozen=True)
class Counters:
    """The processor time of this process at one moment: of all its threads, and of each by thread id."""

    cpu: float
    threads: dict[str, float] | None


def read() -> Counters:
    """Read the counters now."""
    return Counters(time.process_time(), _thread_seconds())


def busy_threads(before: Counters, after: Counters) -> int | None:
    """Return how many threads used a processor between two moments; all that ended in between count as one."""
    if before.threads is None or after.threads is None:
        return None
    used = [seconds - before.threads.get(number, 0.0) for number, seconds in after.threads.items()]
    ended = after.cpu - before.cpu - sum(used)
    if ended > _TICK_SECONDS:
        used.append(ended)
    least = _SHARE * max(used)
    return sum(seconds > least for seconds in used)


def peak_memory_bytes() -> int | None:
    """Return the peak memory of this process so far, including the pages read from mapped files.

    On Linux ru_maxrss starts at the value of the parent process, so a NumPy worker would report the parent's
    peak. VmHWM belongs to the current program.
    """
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        return _high_water_bytes()
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident_bytes() -> int | None:
    """Return the memory that this process has now, without the pages of files."""
    with suppress(OSError, ValueError):
        _, resident, shared, *_ = map(int, Path("/proc/self/statm").read_text(encoding="ascii").split())
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
    return None


def _high_water_bytes() -> int | None:
    """Parse the line `VmHWM:  <kibibytes> kB`."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return None


def _thread_seconds() -> dict[str, float] | None:
    """Return how long each thread ran: the first number of schedstat, in nanoseconds."""
    tasks = Path("/proc/self/task")
    if not (tasks / str(os.getpid()) / "schedstat").is_file():
        return None
    ran = {}
    for task in tasks.iterdir():
        with suppress(OSError):  # the thread has ended
            ran[task.name] = int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return ran
