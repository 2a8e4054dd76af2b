"""What torch reports about itself."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable

import threadpoolctl
import torch
from torch import Tensor

from impls.protocol import Dataset, Feed


def placed(dataset: Dataset, device: torch.device, feed: Feed) -> tuple[Tensor, Tensor]:
    """Return x and y copied to the device; if fed from the host, tensors that share the arrays' memory.

    torch warns that writing to a read-only mapped array would crash the process; no code here writes to it.
    """
    if feed is Feed.DEVICE:
        return torch.tensor(dataset.x, device=device), torch.tensor(dataset.y, device=device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(dataset.x), torch.from_numpy(dataset.y)


def devices() -> list[str]:
    if not torch.accelerator.is_available():
        return ["cpu"]
    accelerator = torch.accelerator.current_accelerator()
    assert accelerator is not None
    return ["cpu", *(f"{accelerator.type}:{index}" for index in range(torch.accelerator.device_count()))]


def threads() -> dict[str, int]:
    """Leave out the pool of inter-op threads, which eager mode never starts."""
    pools = {pool["internal_api"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
    return {"torch": torch.get_num_threads(), **pools}


def busy_at_most(threads: int) -> int:
    return threads


def settings() -> dict[str, str]:
    half = torch.tensor(torch.finfo(torch.float32).tiny) / 2
    return {
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cuda_matmul_allow_tf32": str(torch.backends.cuda.matmul.allow_tf32),
        "default_dtype": str(torch.get_default_dtype()),
        "denormals": "kept" if half > 0 else "flushed",
        "compile_cache": "off" if os.environ.get("TORCHINDUCTOR_FORCE_DISABLE_CACHES") == "1" else "on",
    }


def asked(dtype: str) -> dict[str, str]:
    return {
        "float32_matmul_precision": "highest",
        "cuda_matmul_allow_tf32": "False",
        "denormals": "kept",
        "compile_cache": "off",
    }


def compilations() -> int:
    """Count graphs of torch.compile if it was imported; importing it here would take longer than timing a cell."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    return 0 if dynamo is None else int(dynamo.counters["stats"]["unique_graphs"])


def compile_seconds() -> float | None:
    """Return None until something was compiled, because torch.optim imports the compiler without using it."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    seconds = [] if dynamo is None else dynamo.compilation_time_metrics.get("_compile.compile_inner", [])
    return float(sum(seconds)) if seconds else None


def event_clock(device: str) -> Callable[[Callable[[], None]], float] | None:
    """Record both events in the device's own stream, so that the seconds include no wait of the host.

    Only for CUDA, which in torch includes ROCm: not every build has such events for its other devices, and an error
    here would cost a cell the time that it already has.
    """
    if torch.device(device).type != "cuda":
        return None

    def seconds(work: Callable[[], None]) -> float:
        stream = torch.accelerator.current_stream(device)
        began, ended = (torch.Event(device, enable_timing=True) for _ in range(2))
        began.record(stream)
        work()
        ended.record(stream)
        ended.synchronize()
        return began.elapsed_time(ended) / 1e3

    return seconds


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "cuda": str(torch.version.cuda)}
