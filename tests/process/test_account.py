"""What the system accounts to another process, asked from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from bench.process import account

BURN = "import time\nprint(flush=True)\nwhile time.process_time() < {seconds}: pass\nprint(flush=True)\ntime.sleep(600)"
THREADS = (
    "import threading, time\n"
    "time.sleep(0.2)\n"
    "threads = [threading.Thread(target=time.sleep, args=(600,)) for _ in range(2)]\n"
    "[one.start() for one in threads]\n"
    "print(flush=True)"
)
SLEEP = "import time\ntime.sleep(600)"  # it prints nothing: whoever reads may be gone
CHILD = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)\n"


@contextmanager
def running(program: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program and yield it once it has printed its first line."""
    command, own = [sys.executable, "-c", program, *arguments], os.environ | variables
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=own) as process:
        try:
            assert process.stdout is not None and process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_the_processor_time_of_a_process_is_known_while_it_runs() -> None:
    with running(BURN.format(seconds=0.5)) as process:
        before = account.cpu_seconds(process.pid)
        assert process.stdout is not None and process.stdout.readline()
        after = account.cpu_seconds(process.pid)
    assert before < after and after == pytest.approx(0.5, abs=0.1)


def test_a_process_that_is_gone_has_no_processor_time() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert account.cpu_seconds(process.pid) == account.started_seconds(process.pid) == account.cpu_seconds(0) == 0.0


def test_what_a_process_has_started_is_accounted_to_it() -> None:
    """In a session of its own, too."""
    with running(CHILD + BURN.format(seconds=0.0), BURN.format(seconds=0.4)) as process:
        deadline = time.monotonic() + 60
        while account.started_seconds(process.pid) < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert account.started_seconds(process.pid) >= 0.3
        for child in psutil.Process(process.pid).children():
            child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process be pinned")
def test_all_threads_of_a_process_are_pinned() -> None:
    allowed = os.sched_getaffinity(0)
    with running(THREADS) as process:
        account.pin(process.pid, {min(allowed)})
        assert account.processors(process.pid) == [min(allowed)]
        account.pin(process.pid, allowed)
        assert account.processors(process.pid) == sorted(allowed)


def test_what_carries_a_mark_is_killed_wherever_it_is() -> None:
    """The child has left the group and the session, and its parent has been killed."""
    with running(CHILD + BURN.format(seconds=0.0), SLEEP, MARKED="yes") as process:
        (child,) = psutil.Process(process.pid).children()
    assert child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    assert account.kill_marked("MARKED", "no") == 0
    assert account.kill_marked("MARKED", "yes") == 1
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
