"""What NumPy and its BLAS report about themselves."""

from __future__ import annotations

import numpy
import threadpoolctl

from impls.protocol import Dataset, Feed, FloatArray, LabelArray


def placed(dataset: Dataset, feed: Feed) -> tuple[FloatArray, FloatArray | LabelArray]:
    """Return copies of x and y, allocated by NumPy; if fed from the host, the arrays themselves."""
    if feed is Feed.HOST:
        return dataset.x, dataset.y
    return dataset.x.copy(), dataset.y.copy()


def devices() -> list[str]:
    return ["cpu"]


def threads() -> dict[str, int]:
    return {pool["internal_api"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


def busy_at_most(threads: int) -> int:
    return threads


def settings() -> dict[str, str]:
    half = numpy.array([numpy.finfo(numpy.float32).tiny]) / 2
    return {"denormals": "kept" if half[0] > 0 else "flushed"}


def asked(dtype: str) -> dict[str, str]:
    return {"denormals": "kept"}


def compilations() -> int:
    return 0


def compile_seconds() -> None:
    return None


def event_clock(device: str) -> None:
    return None


def versions() -> dict[str, str]:
    pools = {pool["internal_api"]: str(pool["version"]) for pool in threadpoolctl.threadpool_info()}
    return {"numpy": numpy.__version__, **pools}
