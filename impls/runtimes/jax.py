"""What JAX tells of itself."""

from __future__ import annotations

import os

import jax
import jaxlib


def devices() -> list[str]:
    """JAX says gpu where this project, with torch, says cuda."""
    found = ["cpu"]
    if jax.default_backend() != "cpu":
        kind = {"gpu": "cuda"}.get(jax.default_backend(), jax.default_backend())
        found += [f"{kind}:{device.id}" for device in jax.devices()]
    return found


def threads() -> dict[str, int]:
    """XLA offers no way to ask: the size of its pool is PJRT_NPROC, else NPROC, else every processor."""
    asked = os.environ.get("PJRT_NPROC") or os.environ.get("NPROC")
    return {"xla": int(asked) if asked else os.cpu_count() or 1}


def precision() -> dict[str, str]:
    return {
        "x64": str(jax.config.jax_enable_x64),
        "default_matmul_precision": str(jax.config.jax_default_matmul_precision),
    }


def versions() -> dict[str, str]:
    return {"jax": jax.__version__, "jaxlib": jaxlib.__version__}
