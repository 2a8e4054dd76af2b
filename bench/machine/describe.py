"""A description of this machine, its versions and its load, stored with every run."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cpuinfo
import psutil

from bench.store.layout import ROOT

_LIBRARIES = ("numpy", "torch", "jax", "jaxlib", "scikit-learn", "pytest", "pytest-benchmark")

# These variables in the user's environment explain why other programs may get other numbers; a worker inherits only
# OPENBLAS_CORETYPE.
_THREAD_WORDS = ("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "VECLIB_", "BLIS_", "PJRT_NPROC", "NPROC", "XLA_FLAGS")
# scikit-learn sets these in every process that imports it, including ours, so they are not the user's.
_SET_BY_LIBRARIES = frozenset({"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"})

_GIB = 2**30


def describe() -> dict[str, Any]:
    """Return the facts for environment.json, without importing torch or JAX; None for what cannot be read here."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "logical_cores": psutil.cpu_count(),
        "physical_cores": psutil.cpu_count(logical=False),
        "processors_allowed": processors_allowed(),
        "memory_gib": round(psutil.virtual_memory().total / _GIB, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "load_average": list(psutil.getloadavg()),
        "pressure_cpu": text_of(Path("/proc/pressure/cpu")),
        "governor": text_of(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "transparent_hugepage": text_of(Path("/sys/kernel/mm/transparent_hugepage/enabled")),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": _uncommitted_changes(),
        "thread_variables": thread_variables(),
    }


def one_line() -> str:
    """Describe the machine in at most 80 columns; a long processor name is cut."""
    allowed, cores = len(processors_allowed()), psutil.cpu_count()
    memory = psutil.virtual_memory().total / _GIB
    rest = f", {allowed} of {cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    return _processor()[: 80 - len(rest)].rstrip() + rest


def thread_variables() -> dict[str, str]:
    """Return the variables of the user's environment that set threads."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_THREAD_WORDS) and name not in _SET_BY_LIBRARIES
    }


@cache
def _processor() -> str:
    """Return the processor's name; py-cpuinfo reads it in a child process, which takes a second."""
    return str(cpuinfo.get_cpu_info().get("brand_raw") or platform.processor() or platform.machine())


def processors_allowed() -> list[int]:
    """Return the numbers of the processors that this process may use."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(psutil.cpu_count() or 1))


def version(library: str) -> str | None:
    """Return the installed version of a library, without importing it; None if it is not installed."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def text_of(path: Path) -> str | None:
    """Return the text of a small file, such as the kernel's; None if it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return None


def _uncommitted_changes() -> bool | None:
    status = _git("status", "--porcelain")
    return None if status is None else status != ""


def _git(*arguments: str) -> str | None:
    """Return the output of git; None if git is missing or this is not a checkout."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)  # noqa: S607 - git is where the user has it
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
