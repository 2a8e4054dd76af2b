"""What would disturb a run here, and what to do about it. Nothing is changed, and nothing is printed."""

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
# Four workers, one after the other: torch's is the largest, and the gate runs two at once.
_ENOUGH_MEMORY_GIB = 2.0
_GIB = 2**30


@dataclass(frozen=True)
class State:
    """What was found; None where it cannot be read here.

    load            processes that ran or waited, on average over a minute
    busy            per cent of each processor's time that was used, by its number
    pressure        per cent of the last ten seconds in which a process waited for a processor
    governors       of the processors' frequencies
    throttled       how often the processors were slowed down for their heat since the machine was started
    variables       of the environment, that set threads or libraries: workers do not inherit them
    missing         implementations, and the library that each of them lacks
    free_gib        memory that is free for use
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
class Finding:
    """One condition of a run. `remedy` is empty where nothing is wrong."""

    name: str
    found: str
    remedy: str = ""


def look() -> State:
    """Return the state of this machine, watched for a second."""
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


def findings(state: State, threads: int = 1) -> list[Finding]:
    """Return every condition in the order in which it matters, each with its remedy where there is something wrong.

    threads   the most of a worker
    """
    several = [_threads(state, threads)] if threads > 1 else []
    return [_load(state), _busy(state), *several, _pressure(state), _governor(state), _throttled(state),
            _variables(state), _missing(state), _memory(state)]  # fmt: skip


def advice(found: list[Finding]) -> list[str]:
    """Return what is wrong, each in one line."""
    return [f"{one.name}: {one.found}; {one.remedy}" for one in found if one.remedy]


def _load(state: State) -> Finding:
    remedy = "end what else runs here, or wait for it" if state.load > 0.5 * state.processors else ""
    return Finding("load", f"{state.load:.2f} on {state.processors} processors", remedy)


def _busy(state: State) -> Finding:
    busy = [f"{number} ({percent:.0f} %)" for number, percent in state.busy.items() if percent > _BUSY_PERCENT]
    remedy = "a busy neighbour changes ratios, and pairing cannot remove that: end what uses them" if busy else ""
    return Finding("busy processors", ", ".join(busy) or "none", remedy)


def _threads(state: State, threads: int) -> Finding:
    idle = sum(percent <= _BUSY_PERCENT for percent in state.busy.values())
    remedy = "a thread without a processor holds up all others of its worker: end what else runs here, or take fewer"
    return Finding("threads", f"{threads} of a worker, {idle} idle processors", remedy if threads > idle else "")


def _pressure(state: State) -> Finding:
    if state.pressure is None:
        return Finding("pressure", "cannot be read here: blocks are not waited for")
    remedy = "each block waits for calm, at most a minute in a run" if state.pressure >= CALM_PERCENT else ""
    return Finding("pressure", f"{state.pressure:.1f} % of the last ten seconds", remedy)


def _governor(state: State) -> Finding:
    slow = [name for name in state.governors if name != "performance"]
    remedy = "sudo cpupower frequency-set -g performance keeps the frequency up" if slow else ""
    return Finding("governor", ", ".join(state.governors) or "cannot be read here", remedy)


def _throttled(state: State) -> Finding:
    if state.throttled is None:
        return Finding("throttling", "cannot be read here")
    remedy = "the processor gets too hot: cool it, and compare runs of one temperature" if state.throttled else ""
    return Finding("throttling", f"{state.throttled} times since the start", remedy)


def _variables(state: State) -> Finding:
    found = ", ".join(f"{name}={value}" for name, value in state.variables.items())
    remedy = "workers do not take these over: --threads sets theirs" if found else ""
    return Finding("thread variables", found or "none", remedy)


def _missing(state: State) -> Finding:
    found = ", ".join(f"{name} needs {library}" for name, library in state.missing.items())
    return Finding(
        "libraries", found or "all there", "pip install -c constraints.txt -e . brings them" if found else ""
    )


def _memory(state: State) -> Finding:
    remedy = "free some: a worker that swaps measures the disk" if state.free_gib < _ENOUGH_MEMORY_GIB else ""
    return Finding("memory", f"{state.free_gib:.1f} GiB free", remedy)
