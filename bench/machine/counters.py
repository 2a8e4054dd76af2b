"""What the system counts of this process; None where the system does not count it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# A thread that used less than this share of the busiest one's time did not take part.
_SHARE = 0.1
# The kernel brings a thread's time up to date once a tick, so that much of it may seem to be nobody's.
_TICK_SECONDS = 0.01


@dataclass(frozen=True)
class Counters:
    """The processor time of this process at one moment, of all its threads and of each by its number."""

    cpu: float
    threads: dict[str, float] | None


def read() -> Counters:
    """Return the counters as they are now."""
    return Counters(time.process_time(), _thread_seconds())


def busy_threads(before: Counters, after: Counters) -> int | None:
    """Return how many threads used the processor between two moments; those that ended in between count as one."""
    if before.threads is None or after.threads is None:
        return None
    used = [seconds - before.threads.get(number, 0.0) for number, seconds in after.threads.items()]
    ended = after.cpu - before.cpu - sum(used)
    if ended > _TICK_SECONDS:
        used.append(ended)
    least = _SHARE * max(used)
    return sum(seconds > least for seconds in used)


def peak_memory_bytes() -> int | None:
    """Return the most memory that this process has had so far; the pages that it has read of mapped files are in it.

    On Linux ru_maxrss begins with that of the process which started this one: a NumPy worker would have the parent's
    peak. VmHWM belongs to the program that runs now.
    """
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        return _high_water_bytes()
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _high_water_bytes() -> int | None:
    """The line is `VmHWM:  <kibibytes> kB`."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return None


def _thread_seconds() -> dict[str, float] | None:
    """The first number of schedstat is what the thread ran, in nanoseconds."""
    tasks = Path("/proc/self/task")
    if not (tasks / str(os.getpid()) / "schedstat").is_file():
        return None
    ran = {}
    for task in tasks.iterdir():
        with suppress(OSError):  # the thread ended meanwhile
            ran[task.name] = int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return ran
