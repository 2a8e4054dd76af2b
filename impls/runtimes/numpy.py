"""What NumPy and its BLAS tell of themselves."""

from __future__ import annotations

import numpy
import threadpoolctl


def devices() -> list[str]:
    return ["cpu"]


def threads() -> dict[str, int]:
    return {pool["internal_api"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


def precision() -> dict[str, str]:
    return {"longdouble_bits": str(numpy.finfo(numpy.longdouble).nmant + 1)}


def versions() -> dict[str, str]:
    pools = {pool["internal_api"]: str(pool["version"]) for pool in threadpoolctl.threadpool_info()}
    return {"numpy": numpy.__version__, **pools}
