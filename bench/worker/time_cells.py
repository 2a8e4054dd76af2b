"""Times the cells of a job when its parent asks: `python -m bench.worker.time_cells job.json`."""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.store.layout import BENCHMARK_JSON
from bench.worker.startup import leave, read_job

if TYPE_CHECKING:
    from bench.worker.channel import Channel

_CELLS = Path(__file__).with_name("pytest_cells.py")


class JobPlugin:
    """Makes one test of each cell of the job, in the job's order."""

    def __init__(self, job: dict[str, Any], channel: Channel, numpy_seconds: float) -> None:
        self._job, self._channel, self._numpy_seconds = job, channel, numpy_seconds

    @pytest.fixture(scope="session")
    def channel(self) -> Channel:
        """Return the pipes to the parent."""
        return self._channel

    @pytest.fixture(scope="session")
    def numpy_seconds(self) -> float:
        """How long the import of NumPy took, which every library here begins with."""
        return self._numpy_seconds

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Name the cells: other tools know a benchmark by its name alone."""
        entries = self._job["entries"]
        names = [_name(self._job["name"], entry["cell"]["problem"]) for entry in entries]
        metafunc.parametrize("entry", entries, ids=names)

    # pytest-benchmark's own hooks start child processes in every worker; environment.json records both facts.
    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_generate_machine_info(self) -> dict[str, str]:
        """Return little about the machine."""
        return {"machine": platform.machine(), "python_version": platform.python_version()}

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_generate_commit_info(self) -> dict[str, str]:
        """Return nothing about the commit."""
        return {}


def _name(implementation: str, problem: dict[str, Any]) -> str:
    words = [implementation, problem["dataset"], problem["model"], problem["dtype"], problem["batch_size"] or "full"]
    return "-".join(map(str, words + ["host"] * (problem["feed"] == "host")))


def main(argv: list[str]) -> int:
    """Answer requests about the cells of the job, one cell after another. The exit status is pytest's."""
    job = read_job(argv)
    began = time.perf_counter()
    import numpy as np  # noqa: F401, PLC0415 - timed

    numpy_seconds = time.perf_counter() - began
    from bench.worker.channel import Channel  # noqa: PLC0415 - it imports NumPy

    channel = Channel()
    folder = Path(job["folder"])
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\n")  # the repository's own settings, such as warnings as errors, stay outside
    options = [
        f"--config-file={settings}",
        f"--rootdir={_CELLS.parents[2]}",
        "--import-mode=importlib",
        "--noconftest",
        "--assert=plain",
        "--capture=no",
        "--quiet",
        *("-p", "no:cacheprovider"),
        *("-p", "no:warnings"),
        *("-p", "no:unraisableexception"),  # it collects the garbage five times in the end: a second, with torch
        *("-p", "pytest_benchmark.plugin"),
        "--benchmark-quiet",
        f"--benchmark-json={folder / BENCHMARK_JSON}",
        f"--benchmark-storage=file://{folder / 'storage'}",
    ]
    return int(pytest.main([*options, str(_CELLS)], plugins=[JobPlugin(job, channel, numpy_seconds)]))


if __name__ == "__main__":
    leave(main(sys.argv))
