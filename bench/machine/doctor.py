"""Find out what would disturb a run on this machine, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

import impls
from bench.machine import describe
from bench.machine.idle import CALM_PERCENT

_LOOK_SECONDS = 1.0
_BUSY_PERCENT = 10.0
# All workers of a block are resident at once: those of the four take 0.9 GiB in a default run, the parent half of it.
_ENOUGH_MEMORY_GIB = 2.0
_GIB = 2**30


@dataclass(frozen=True)
class State:
    """What was found; None where it cannot be read here.

    load            running or waiting processes, averaged over a minute
    busy            percentage of each processor's time in use, by processor number
    pressure        percentage of the last ten seconds in which a process waited for a processor
    governors       the frequency governors of the processors
    throttled       how often the processors were slowed down because of heat since boot
    variables       environment variables that set threads or libraries; workers do not inherit them
    missing         the library that each unavailable implementation needs
    free_gib        free memory
    """

    load: float
    processors: int
    busy: Mapping[int, float]
    pressure: float | None
    governors: tuple[str, ...]
    throttled: int | None
    variables: Mapping[str, str]
    missing: Mapping[str, str]
    free_gib: float


@dataclass(frozen=True)
class Condition:
    """One condition of a run; `remedy` is empty if nothing is wrong."""

    name: str
    found: str
    remedy: str = ""


def look() -> State:
    """Watch this machine for a second and return its state."""
    frequencies = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    counts = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
    throttled = [int(text) for text in map(describe.text_of, counts) if text and text.isdecimal()]
    return State(
        load=psutil.getloadavg()[0],
        processors=len(describe.processors_allowed()),
        busy=dict(enumerate(psutil.cpu_percent(_LOOK_SECONDS, percpu=True))),
        pressure=_pressure_percent(),
        governors=tuple(sorted({text for text in map(describe.text_of, frequencies) if text})),
        throttled=sum(throttled) if throttled else None,
        variables=describe.thread_variables(),
        missing={row.name: row.requires for row in impls.TABLE.values() if find_spec(row.requires) is None},
        free_gib=psutil.virtual_memory().available / _GIB,
    )


def _pressure_percent() -> float | None:
    found = re.match(r"some avg10=([\d.]+)", describe.text_of(Path("/proc/pressure/cpu")) or "")
    return float(found.group(1)) if found else None


def findings(state: State, threads: int = 1) -> list[Condition]:
    """Return all conditions, the most important first, with a remedy if something is wrong.

    threads   the largest number of threads in a worker
    """
    several = [_threads(state, threads)] if threads > 1 else []
    return [_load(state), _busy(state), *several, _pressure(state), _governor(state), _throttled(state),
            _variables(state), _missing(state), _memory(state)]  # fmt: skip


def advice(found: list[Condition]) -> list[str]:
    """Return one line per problem."""
    return [f"{one.name}: {one.found}; {one.remedy}" for one in found if one.remedy]


def _load(state: State) -> Condition:
    remedy = "close other programs, or wait" if state.load > 0.5 * state.processors else ""
    return Condition("load", f"{state.load:.2f} on {state.processors} processors", remedy)


def _busy(state: State) -> Condition:
    busy = [f"{number} ({percent:.0f} %)" for number, percent in state.busy.items() if percent > _BUSY_PERCENT]
    remedy = "a busy core shifts ratios even when runs are paired: stop what is using it" if busy else ""
    return Condition("busy processors", ", ".join(busy) or "none", remedy)


def _threads(state: State, threads: int) -> Condition:
    idle = sum(percent <= _BUSY_PERCENT for percent in state.busy.values())
    remedy = "a thread without a processor delays all others of its worker: close other programs, or use fewer threads"
    return Condition("threads", f"{threads} per worker, {idle} idle processors", remedy if threads > idle else "")


def _pressure(state: State) -> Condition:
    if state.pressure is None:
        return Condition("pressure", "cannot be read here: blocks do not wait for an idle machine")
    remedy = (
        "blocks wait until the machine is idle, for at most 15 s in the whole run"
        if state.pressure >= CALM_PERCENT
        else ""
    )
    waited = f"in {state.pressure:.1f} % of the last 10 s some process waited for a processor"
    return Condition("pressure", waited, remedy)


def _governor(state: State) -> Condition:
    slow = [name for name in state.governors if name != "performance"]
    remedy = "sudo cpupower frequency-set -g performance keeps the frequency high" if slow else ""
    return Condition("governor", ", ".join(state.governors) or "cannot be read here", remedy)


def _throttled(state: State) -> Condition:
    if state.throttled is None:
        return Condition("throttling", "cannot be read here")
    remedy = (
        "the processor gets too hot: cool it, and only compare runs at the same temperature" if state.throttled else ""
    )
    return Condition("throttling", f"{state.throttled} times since boot", remedy)


def _variables(state: State) -> Condition:
    found = ", ".join(f"{name}={value}" for name, value in state.variables.items())
    remedy = "ignored by workers; use --threads" if found else ""
    return Condition("thread variables", found or "none", remedy)


def _missing(state: State) -> Condition:
    found = ", ".join(f"{name} needs {library}" for name, library in state.missing.items())
    return Condition(
        "libraries", found or "all installed", "install with pip install -c constraints.txt -e ." if found else ""
    )


def _memory(state: State) -> Condition:
    remedy = "free some memory: a worker that swaps measures the disk" if state.free_gib < _ENOUGH_MEMORY_GIB else ""
    return Condition("memory", f"{state.free_gib:.1f} GiB free", remedy)
