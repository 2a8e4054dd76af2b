"""The system's counters for the whole machine: time spent waiting for a processor, and processor time taken away."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from bench.store.raw_rows import HostTime

ROOT = Path("/")


def read(root: Path = ROOT) -> HostTime:
    """Return the current readings, counted since the machine started; the wall time starts at an arbitrary moment."""
    return HostTime(time.perf_counter(), pressure_seconds(root), _steal(root), _throttled(root))


def between(before: HostTime, after: HostTime) -> HostTime:
    """Return the difference between two readings."""
    return HostTime(
        round(after.wall_seconds - before.wall_seconds, 6),
        _less(after.pressure_seconds, before.pressure_seconds),
        _less(after.steal_seconds, before.steal_seconds),
        _less(after.throttled_seconds, before.throttled_seconds),
    )


def total(parts: list[HostTime]) -> HostTime:
    """Return the sum of several readings; a value is None if any of them lacks it."""
    return HostTime(
        round(sum(one.wall_seconds for one in parts), 6),
        _sum([one.pressure_seconds for one in parts]),
        _sum([one.steal_seconds for one in parts]),
        _sum([one.throttled_seconds for one in parts]),
    )


def pressure_seconds(root: Path = ROOT) -> float | None:
    """Return the time so far in which some thread of the machine was ready and had no processor.

    The first line is `some avg10=.. avg60=.. avg300=.. total=<microseconds>`.
    """
    with suppress(OSError, ValueError, IndexError):
        first = (root / "proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
        return int(first.rpartition("=")[2]) / 1e6
    return None


def _steal(root: Path) -> float | None:
    """Return the time stolen by the hypervisor.

    The first line is `cpu user nice system idle iowait irq softirq steal ..`, in ticks.
    """
    with suppress(OSError, ValueError, IndexError):
        words = (root / "proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        return int(words[8]) / os.sysconf("SC_CLK_TCK")
    return None


def _throttled(root: Path) -> float | None:
    """Return the longest throttled time of this program's control groups, since any of them may have a limit.

    The line of /proc/self/cgroup is `0::/path` (version 2), and `throttled_usec` is a line of the group's cpu.stat.
    """
    group = "/"
    with suppress(OSError, ValueError):
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        group = next((line[3:] for line in lines if line.startswith("0::")), group)
    own = root / "sys/fs/cgroup" / group.strip("/")
    top = root / "sys/fs/cgroup"
    found = [_throttled_in(folder) for folder in (own, *own.parents) if folder == top or top in folder.parents]
    return max((seconds for seconds in found if seconds is not None), default=None)


def _throttled_in(folder: Path) -> float | None:
    with suppress(OSError, ValueError):
        for line in (folder / "cpu.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("throttled_usec "):
                return int(line.split()[1]) / 1e6
    return None


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else round(after - before, 6)


def _sum(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return round(sum(known), 6) if known and len(known) == len(values) else None
