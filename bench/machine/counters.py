"""The system's counters for this process and its machine; None where the system has no such counter."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.store.raw_rows import Disturbance

# A thread that used less than this share of the busiest thread's time did not take part.
_SHARE = 0.1
# The kernel updates a thread's time once per tick, so up to one tick may belong to no thread.
_TICK_SECONDS = 0.01


@dataclass(frozen=True)
class Counters:
    """The counters at one moment.

    threads   the processor time of each thread, by thread id
    queued    the time that each thread was ready but had no processor
    """

    wall: float
    cpu: float
    switches: int | None
    pressure: float | None
    busy: float | None
    steal: float | None
    threads: dict[str, float] | None
    queued: dict[str, float] | None


def read() -> Counters:
    """Read the counters now."""
    busy, steal = _processors()
    threads, queued = _thread_seconds()
    wall, cpu = time.perf_counter(), time.process_time()
    return Counters(wall, cpu, _switches(), pressure_seconds(), busy, steal, threads, queued)


def difference(before: Counters, after: Counters) -> Disturbance:
    """Return what the counters say happened between two moments."""
    wall, cpu = after.wall - before.wall, after.cpu - before.cpu
    busy = _less(after.busy, before.busy)
    others = None if busy is None else max(0.0, busy - cpu) / (wall * (os.cpu_count() or 1))
    switches = _less(after.switches, before.switches)
    return Disturbance(
        wall_seconds=round(wall, 6),
        cpu_seconds=round(cpu, 6),
        switches=None if switches is None else int(switches),
        pressure_seconds=_less(after.pressure, before.pressure),
        own_queue_seconds=_queued(before.queued, after.queued),
        steal_seconds=_less(after.steal, before.steal),
        others_busy=None if others is None else round(others, 4),
    )


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


def _high_water_bytes() -> int | None:
    """Parse the line `VmHWM:  <kibibytes> kB`."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return None


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else round(after - before, 6)


def _switches() -> int | None:
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def pressure_seconds() -> float | None:
    """Return the time so far in which some thread on the machine was ready but had no processor.

    The first line is `some avg10=.. avg60=.. avg300=.. total=<microseconds>`.
    """
    with suppress(OSError, ValueError):
        first = Path("/proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
        return int(first.rpartition("=")[2]) / 1e6
    return None


def _processors() -> tuple[float | None, float | None]:
    """Return the seconds in which all processors worked, and those that the hypervisor took from them.

    The first line is `cpu user nice system idle iowait irq softirq steal ..`, in ticks.
    """
    if sys.platform != "linux":
        return None, None
    with suppress(OSError, ValueError):
        words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        user, nice, system, _, _, irq, softirq, steal = (int(word) / os.sysconf("SC_CLK_TCK") for word in words[1:9])
        return user + nice + system + irq + softirq, steal
    return None, None


def _queued(before: dict[str, float] | None, after: dict[str, float] | None) -> float | None:
    if before is None or after is None:
        return None
    return round(sum(seconds - before.get(number, 0.0) for number, seconds in after.items()), 6)


def _thread_seconds() -> tuple[dict[str, float] | None, dict[str, float] | None]:
    """Return how long each thread ran and waited to run: the first two numbers of schedstat, in nanoseconds."""
    tasks = Path("/proc/self/task")
    if not (tasks / str(os.getpid()) / "schedstat").is_file():
        return None, None
    ran, queued = {}, {}
    for task in tasks.iterdir():
        with suppress(OSError):  # the thread has ended
            words = (task / "schedstat").read_text(encoding="ascii").split()
            ran[task.name], queued[task.name] = int(words[0]) / 1e9, int(words[1]) / 1e9
    return ran, queued
