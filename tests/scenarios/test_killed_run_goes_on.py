"""A run whose program was killed can be resumed, with real workers and a real gate."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.analysis.blocks import without
from bench.analysis.run import read
from bench.store import checkpoint
from bench.store.layout import ROOT
from bench.store.raw_rows import STOPPED

LIMIT_SECONDS = 300


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_run_that_was_killed_loses_nothing_and_goes_on(tmp_path: Path) -> None:
    environment = os.environ | {"BENCH_LOCK": str(tmp_path / "lock"), "TMPDIR": str(tmp_path)}
    run, bench = tmp_path / "run", [sys.executable, "-m", "bench", "run"]
    what = ["-d", "triple", "-i", "numpy_manual", "--quick", "--blocks", "2", "--out", str(run)]
    rounds_file = run / "raw" / "rounds.jsonl"
    with subprocess.Popen([*bench, *what], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (rounds_file.is_file() and rounds_file.stat().st_size):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = checkpoint.read(run / "raw")
    assert before.rounds
    done = subprocess.run(
        [*bench, "--resume", str(run)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "agreement: observed" not in done.stderr and "pilot:" not in done.stderr
    after = read(run)
    assert checkpoint.read(run / "raw").rounds[: len(before.rounds)] == before.rounds
    finished = {block.number for block in after.blocks} - without(after.blocks)
    assert len(finished) == 2
    # The kill hit at most one block, and none that was recorded as finished.
    stopped = {block.number for block in after.blocks if block.disturbed == STOPPED}
    assert len(stopped) <= 1
    assert not stopped & {block.number for block in before.blocks}
