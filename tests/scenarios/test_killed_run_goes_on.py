"""A run whose program was killed can be resumed, with real workers and a real gate."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.analysis.blocks import without
from bench.analysis.run import read
from bench.store import checkpoint
from bench.store.layout import RAW, ROOT, ROUNDS
from bench.timing.cohort import MARK

LIMIT_SECONDS = 300


MOMENTS = random.SystemRandom()
WHAT = ["-d", "triple", "-i", "numpy_manual", "--quick", "--blocks", "2"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"BENCH_LOCK": str(tmp_path / "lock"), "TMPDIR": str(tmp_path)}


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench", "run", *arguments]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path), text=True, **pipes) as process:  # type: ignore[call-overload]
        yield process


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


def cohort(tmp_path: Path) -> list[psutil.Process]:
    """The processes of any cohort of this test: they inherit its temporary folder."""
    found = []
    for process in psutil.process_iter():
        try:
            variables = process.environ()
        except (psutil.Error, OSError):
            continue
        if MARK in variables and variables.get("TMPDIR") == str(tmp_path):
            found.append(process)
    return found


def resumed(tmp_path: Path, run: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "run", "--resume", str(run)]
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": LIMIT_SECONDS}
    return subprocess.run(command, cwd=ROOT, env=environment(tmp_path), check=False, **options)


def test_a_run_that_was_killed_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    rounds_file = run / RAW / ROUNDS
    with started(tmp_path, *WHAT, "--out", str(run)) as process:
        wait_for(lambda: rounds_file.is_file() and rounds_file.stat().st_size > 0, process)
        process.send_signal(signal.SIGKILL)
    before = checkpoint.read(run / RAW)
    assert before.rounds
    done = resumed(tmp_path, run)
    assert done.returncode == 0, done.stderr
    assert "agreement: observed" not in done.stderr and "pilot:" not in done.stderr
    after = read(run)
    assert checkpoint.read(run / RAW).rounds[: len(before.rounds)] == before.rounds
    finished = {block.number for block in after.blocks} - without(after.blocks)
    assert len(finished) == 2
    # The kill met one block at the most, and none that had been written down as finished.
    stopped = {block.number for block in after.blocks if block.stopped}
    assert len(stopped) <= 1
    assert not stopped & {block.number for block in before.blocks}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_a_run_that_is_ended_in_the_midst_of_a_cohort(number: int, tmp_path: Path) -> None:
    """Nor a stopped one: most of a cohort is stopped at any moment."""
    run = tmp_path / "run"
    with started(tmp_path, *WHAT, "-i", "numpy_blocked", "--out", str(run)) as process:
        wait_for(lambda: len(cohort(tmp_path)) > 1, process)
        time.sleep(MOMENTS.uniform(0.0, 2.0))
        workers = cohort(tmp_path)
        process.send_signal(number)
    psutil.wait_procs(workers, timeout=LIMIT_SECONDS)
    assert cohort(tmp_path) == []


def test_a_run_that_is_stopped_and_continued_blames_nobody(tmp_path: Path) -> None:
    """As Ctrl-Z and fg do: the time for which the program was stopped counts against no worker."""
    run = tmp_path / "run"
    with started(tmp_path, *WHAT, "--out", str(run)) as process:
        wait_for(lambda: bool(cohort(tmp_path)), process)
        for _ in range(5):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            process.send_signal(signal.SIGCONT)
            time.sleep(MOMENTS.uniform(0.0, 0.2))
        _, errors = process.communicate(timeout=LIMIT_SECONDS)
    assert checkpoint.read(run / RAW).failures == []
    assert process.returncode == 0, errors
