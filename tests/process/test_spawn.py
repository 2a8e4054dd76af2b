from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from bench.process import spawn
from bench.process.spawn import Ending, Order, environment, exit_on_sigterm, run_worker
from bench.store.cell import Status
from bench.store.layout import ALIVE, LOG, ROOT
from bench.worker.evidence import Clocks

PROGRAM = "tests.support.planted.program"
LONG = 60.0


def run(folder: Path, *, timeout_seconds: float = LONG, **job: object) -> Ending:
    variables = environment(dtype="float32", threads=1, device="cpu")
    return run_worker(Order(PROGRAM, job, variables, folder, timeout_seconds, capped=True))


def assert_gone(pids: Path) -> None:
    """The worker is gone; its child, which would sleep for 600 s, has been killed and is about to end."""
    worker, child = map(int, pids.read_text().split())
    assert not psutil.pid_exists(worker)
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=LONG)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_environment_is_built_from_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = {
        "OMP_NUM_THREADS": "7",
        "MKL_DYNAMIC": "TRUE",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": "/elsewhere",
        "JAX_COMPILATION_CACHE_DIR": "/cache",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "CUDA_VISIBLE_DEVICES": "1",
        "LD_LIBRARY_PATH": "/lib",
        "PYTEST_ADDOPTS": "-x",
    }
    for name, value in stray.items():
        monkeypatch.setenv(name, value)
    variables = environment(dtype="float32", threads=2, device="cpu")
    assert variables["OMP_NUM_THREADS"] == "2"
    assert not (stray.keys() - {"OMP_NUM_THREADS"}) & variables.keys()
    assert "JAX_ENABLE_X64" not in variables


@pytest.mark.parametrize(
    "name",
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "PJRT_NPROC", "NPROC"],
)
def test_every_library_is_told_the_threads(name: str) -> None:
    assert environment(dtype="float32", threads=3, device="cpu")[name] == "3"


def test_what_an_accelerator_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/lib")
    variables = environment(dtype="float32", threads=1, device="cuda:0")
    assert variables["CUDA_VISIBLE_DEVICES"] == "1"
    assert variables["LD_LIBRARY_PATH"] == "/lib"
    assert variables["JAX_PLATFORMS"] == "cuda,cpu"


def test_choice_of_blas_kernel_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "HASWELL")
    assert environment(dtype="float32", threads=1, device="cpu")["OPENBLAS_CORETYPE"] == "HASWELL"


def test_only_float64_turns_on_x64() -> None:
    assert environment(dtype="float64", threads=1, device="cpu")["JAX_ENABLE_X64"] == "1"


def test_padding_changes_from_worker_to_worker() -> None:
    """Twenty lengths out of 4096 are all equal with probability 4096^-19."""
    lengths = {len(environment(dtype="float32", threads=1, device="cpu")["LAYOUT_PADDING"]) for _ in range(20)}
    assert len(lengths) > 1


def test_worker_runs_at_the_root_in_exactly_the_given_environment(tmp_path: Path) -> None:
    given = environment(dtype="float64", threads=1, device="cpu")
    job = {"end": "well", "facts": str(tmp_path / "facts.json")}
    assert run_worker(Order(PROGRAM, job, given, tmp_path, LONG, capped=False)) == Ending(Status.OK, "")
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["cwd"] == str(ROOT)
    # Python itself may add LC_CTYPE if the locale is C (PEP 538).
    assert {name: value for name, value in facts["environment"].items() if name != "LC_CTYPE"} == given


def test_exit_code_and_last_words_are_told(tmp_path: Path) -> None:
    ending = run(tmp_path, end="exit")
    assert ending.status is Status.FAILED
    assert ending.detail.startswith("exit code 3\n")
    assert "the last line" in ending.detail


def test_signal_is_named(tmp_path: Path) -> None:
    ending = run(tmp_path, end="segfault")
    assert ending.status is Status.CRASHED
    assert ending.detail.startswith("killed by SIGSEGV")


def test_endless_worker_is_ended(tmp_path: Path) -> None:
    ending = run(tmp_path, end="never", timeout_seconds=0.2)
    assert ending.status is Status.TIMEOUT
    assert ending.detail.startswith("did not end within 0.2 s")


def test_a_sign_of_life_gives_the_whole_time_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Any = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(spawn, "time", clock)
    (tmp_path / LOG).touch()
    worker: Any = SimpleNamespace(poll=lambda: None)
    running = spawn._Running(Order(PROGRAM, {}, {}, tmp_path, 60.0, capped=False), worker, deadline=60.0)
    alive = tmp_path / ALIVE
    over = []
    for clock.now, sign in (
        (59.0, 0),
        (61.0, 0),
        (62.0, 1),
        (121.0, 1),
        (123.0, 1),
        (124.0, 2),
        (183.0, 2),
        (185.0, 2),
    ):
        if sign:
            alive.touch()
            os.utime(alive, ns=(sign, sign))
        over.append(running.over())
    assert over == [False, True, False, False, True, False, False, True]


def test_a_date_that_is_set_back_moves_no_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The date goes back an hour at every call; limits and times must use monotonic clocks."""
    hours = count()
    monkeypatch.setattr(time, "time", lambda: -3600.0 * next(hours))
    assert run(tmp_path, end="never", timeout_seconds=0.2).status is Status.TIMEOUT
    assert Clocks().wall is time.perf_counter
    assert not time.get_clock_info("perf_counter").adjustable


def test_flood_of_output_is_cut_to_its_tail(tmp_path: Path) -> None:
    lines = run(tmp_path, end="flood").detail.splitlines()
    assert lines == ["exit code 1", *(f"line {number}" for number in range(9_985, 10_000))]


def test_endless_output_ends_its_worker(tmp_path: Path) -> None:
    ending = run(tmp_path, end="flood for ever")
    assert ending.status is Status.BAD_OUTPUT
    assert ending.detail.startswith("its output is longer than 64 MiB\n")
    assert ending.detail.endswith("x" * 100)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to this limit")
def test_an_allocation_beyond_all_memory_is_told_by_its_name(tmp_path: Path) -> None:
    ending = run(tmp_path, end="allocate", bytes=2 * psutil.virtual_memory().total)
    assert ending.status is Status.OUT_OF_MEMORY
    assert "MemoryError" in ending.detail


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to this limit")
def test_the_limit_of_memory_lies_above_what_a_worker_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=3 << 30))
    variables = environment(dtype="float32", threads=1, device="cpu")
    order = Order(PROGRAM, {"end": "never"}, variables, tmp_path, LONG, capped=True, mapped_bytes=1 << 30)
    running = spawn._start(order, threading.Event())
    try:
        assert resource.prlimit(running.worker.pid, resource.RLIMIT_DATA) == (4 << 30, 4 << 30)
    finally:
        spawn.kill_group(running.worker)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to this limit")
def test_a_worker_can_map_a_file_that_is_larger_than_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is sparse and nothing is written to the mapping, so neither takes memory."""
    file, size = tmp_path / "x.npy", 512 << 20
    with file.open("wb") as created:
        created.truncate(size)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=size // 2))
    variables = environment(dtype="float32", threads=1, device="cpu")
    job = {"end": "map", "file": str(file)}
    ending = run_worker(Order(PROGRAM, job, variables, tmp_path, LONG, capped=True, mapped_bytes=size))
    assert ending == Ending(Status.OK, "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems leave the worker to itself")
def test_a_worker_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """The parent is a separate program that starts an endless worker and is then killed."""
    pid_file = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-m", "tests.support.planted.parent", str(tmp_path)], cwd=ROOT) as parent:
        while not (pid_file.is_file() and pid_file.read_text()):
            assert parent.poll() is None
        worker = psutil.Process(int(pid_file.read_text()))
        parent.kill()
    assert psutil.wait_procs([worker], timeout=LONG) == ([worker], [])


def test_no_child_outlives_its_worker(tmp_path: Path) -> None:
    assert run(tmp_path, end="leave a child", pids=str(tmp_path / "pids")).status is Status.OK
    assert_gone(tmp_path / "pids")


def test_interrupt_ends_the_worker_and_its_child(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, end="signal the parent", signal=int(signal.SIGINT), pids=str(tmp_path / "pids"))
    assert_gone(tmp_path / "pids")


def test_sigterm_ends_the_worker_and_its_child(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    exit_on_sigterm()
    try:
        with pytest.raises(SystemExit) as leaving:
            run(tmp_path, end="signal the parent", signal=int(signal.SIGTERM), pids=str(tmp_path / "pids"))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert leaving.value.code == 143
    assert_gone(tmp_path / "pids")


def test_parent_has_loaded_neither_library() -> None:
    """The parent's timing modules import nothing heavier than NumPy."""
    loaded = "{'torch', 'jax', 'sklearn', 'pandas'} & set(sys.modules)"
    program = f"import sys, bench.timing.race, bench.machine.describe; print({loaded})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
