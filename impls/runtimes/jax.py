"""What JAX reports about itself."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax import monitoring

# The seconds of every tracing, lowering and compiling event in this process, reported by JAX.
_COMPILING = "/jax/core/compile/"
_COMPILED = "/jax/core/compile/backend_compile_duration"
_seconds: dict[str, list[float]] = {}


def _listen(event: str, duration_secs: float, **_: Any) -> None:
    if event.startswith(_COMPILING):
        _seconds.setdefault(event, []).append(duration_secs)


monitoring.register_event_duration_secs_listener(_listen)


def device_name(device: Any) -> str:  # jax.Device is a variable, which pyright rejects as a type
    """Return this project's name for a device: JAX says gpu where torch says cuda."""
    if device.platform == "cpu":
        return "cpu"
    kind = "cuda" if device.platform == "gpu" else device.platform
    return f"{kind}:{device.id}"


def devices() -> list[str]:
    accelerators = [device_name(device) for device in jax.devices() if device.platform != "cpu"]
    return ["cpu", *accelerators]


def threads() -> dict[str, int]:
    """Count the threads of XLA's pool by name on Linux, since XLA does not report them.

    Elsewhere return what XLA reads at its start: PJRT_NPROC, then NPROC, then the number of processors.
    """
    if sys.platform == "linux":
        jax.devices("cpu")  # starts the pool, if nothing else has
        names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
        return {"xla": names.count("tf_XLAEigen")}
    asked = os.environ.get("PJRT_NPROC") or os.environ.get("NPROC")
    return {"xla": int(asked) if asked else os.cpu_count() or 1}


def busy_at_most(threads: int) -> int:
    """Allow one more thread, since the one that dispatches works while the pool computes."""
    return threads + 1


def settings() -> dict[str, str]:
    """Return settings without `denormals`: XLA always flushes them to zero in its own threads."""
    return {
        "x64": str(jax.config.values["jax_enable_x64"]),
        "default_matmul_precision": str(jax.config.values["jax_default_matmul_precision"]),
        "compile_cache": str(jax.config.values["jax_compilation_cache_dir"]),
    }


def asked(dtype: str) -> dict[str, str]:
    return {"x64": str(dtype == "float64"), "default_matmul_precision": "highest", "compile_cache": "None"}


def compilations() -> int:
    return len(_seconds.get(_COMPILED, []))


def compile_seconds() -> float:
    return sum(sum(each) for each in _seconds.values())


def event_clock(device: str) -> None:
    """Return None: JAX shows device times only in its profiler."""


def versions() -> dict[str, str]:
    return {"jax": jax.__version__, "jaxlib": version("jaxlib")}
