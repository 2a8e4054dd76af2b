"""What JAX tells of itself."""

from __future__ import annotations

import os
from importlib.metadata import version

import jax


def device_name(device: jax.Device) -> str:
    """Return this project's name of a device: JAX says gpu where torch says cuda."""
    if device.platform == "cpu":
        return "cpu"
    kind = "cuda" if device.platform == "gpu" else device.platform
    return f"{kind}:{device.id}"


def devices() -> list[str]:
    accelerators = [device_name(device) for device in jax.devices() if device.platform != "cpu"]
    return ["cpu", *accelerators]


def threads() -> dict[str, int]:
    """XLA offers no way to ask: the size of its pool is PJRT_NPROC, else NPROC, else every processor."""
    asked = os.environ.get("PJRT_NPROC") or os.environ.get("NPROC")
    return {"xla": int(asked) if asked else os.cpu_count() or 1}


def precision() -> dict[str, str]:
    return {
        "x64": str(jax.config.read("jax_enable_x64")),
        "default_matmul_precision": str(jax.config.read("jax_default_matmul_precision")),
    }


def versions() -> dict[str, str]:
    return {"jax": jax.__version__, "jaxlib": version("jaxlib")}
