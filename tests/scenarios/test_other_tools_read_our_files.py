"""Other tools can read our pytest-benchmark files, and the plain suite runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.store.cell import Cell, Problem
from bench.store.layout import ROOT
from bench.timing import race
from datasets.dataset import Dataset, Model
from datasets.prepared import save

NAMES = ("numpy_manual", "numpy_blocked")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw rows of one block of real workers."""
    folder = tmp_path_factory.mktemp("run")
    x = np.arange(30, dtype=np.float32).reshape(10, 3)
    save(Dataset("tiny", Model.MULTIVARIATE_LINEAR, x, x[:, 0], 1, 1e-4, "made up", "none"), folder / "tiny")
    problem = Problem("tiny", Model.MULTIVARIATE_LINEAR, 10, 3, 1, "float32", 1e-4, None, False, False, 0)
    cells = [Cell(name, problem, "cpu", 1) for name in NAMES]
    wanted = race.Wanted(1, 1, 0, quick=True)
    race.race(cells, {("tiny", "float32"): folder / "tiny"}, wanted, raw=folder, on_progress=lambda _event: None)
    return folder


@pytest.fixture(scope="module")
def benchmarks(raw: Path) -> list[dict[str, Any]]:
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((raw / "pytest").iterdir())]
    assert len(contents) == len(NAMES)
    assert all(isinstance(one["machine_info"], dict) and isinstance(one["commit_info"], dict) for one in contents)
    return [benchmark for one in contents for benchmark in one["benchmarks"]]


def test_pytest_benchmark_compares_the_files_of_a_run(raw: Path) -> None:
    files = [str(path) for path in sorted((raw / "pytest").iterdir())]
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *files, "--csv", str(raw / "compared.csv")]
    done = subprocess.run(command, cwd=raw, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert f"test_cell[{name}-tiny-multivariate_linear-float32-full]" in done.stdout
    assert len((raw / "compared.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(NAMES)


def test_github_action_benchmark_finds_what_its_pytest_tool_reads(benchmarks: list[dict[str, Any]]) -> None:
    """Its src/extract.ts: name is fullname, value is stats.ops; range and extra hold stddev, mean and rounds."""
    assert len({one["fullname"] for one in benchmarks}) == len(NAMES)
    for one in benchmarks:
        numbers = [one["stats"][name] for name in ("ops", "stddev", "mean", "rounds")]
        assert all(isinstance(number, (int, float)) for number in numbers)
        assert one["stats"]["ops"] == pytest.approx(1 / one["stats"]["mean"])


def test_bencher_finds_what_its_python_pytest_adapter_reads(benchmarks: list[dict[str, Any]]) -> None:
    """Its adapters/python/pytest.rs: fullname of at most 1,024 characters; mean and stddev, or median and iqr."""
    for one in benchmarks:
        assert 0 < len(one["fullname"]) <= 1024
        assert all(isinstance(one["stats"][name], float) for name in ("mean", "stddev", "median", "iqr"))


def test_the_files_hold_the_rounds_of_the_run(raw: Path, benchmarks: list[dict[str, Any]]) -> None:
    lines = [json.loads(line) for line in (raw / "rounds.jsonl").read_text(encoding="utf-8").splitlines()]
    rounds = {line["name"]: line["round_seconds"] for line in lines}
    for one in benchmarks:
        assert [round(seconds, 9) for seconds in one["stats"]["data"]] == rounds[
            one["extra_info"]["cell"]["implementation"]
        ]
        assert set(one["extra_info"]) == {"cell", "costs", "environment", "epochs_per_round"}


def plain_suite(*arguments: str, plugins: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | ({"PYTHONPATH": f"{plugins}:{ROOT}"} if plugins else {})
    for name in (
        "ALL_BACKENDS",
        "PYTEST_XDIST_WORKER",
    ):  # variables that this suite may run under, but that one must not
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "bench", "--benchmark-only", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_plain_suite_times_epochs_and_says_what_for() -> None:
    done = plain_suite("-k", "softmax and numpy")
    assert done.returncode == 0, done.stdout
    assert "test_epoch[numpy_manual-softmax-digits]" in done.stdout and "1 passed" in done.stdout
    assert "Measured in one process: not for ranking." in done.stdout


def test_a_case_of_the_plain_suite_that_disagrees_fails(tmp_path: Path) -> None:
    plugin = tmp_path / "twice.py"
    plugin.write_text(
        "from impls.numpy_manual import MODELS\n"
        "from impls.protocol import Model, Params\n"
        "right = MODELS[Model.SOFTMAX]\n"
        "def twice(params, x, y):\n"
        "    loss, gradients = right(params, x, y)\n"
        "    return loss, Params(2 * gradients.w, gradients.b)\n"
        "MODELS[Model.SOFTMAX] = twice\n",
        encoding="utf-8",
    )
    done = plain_suite("-k", "softmax and numpy", "-p", "twice", plugins=tmp_path)
    assert done.returncode == 1
    assert "MISMATCH numpy_manual on digits: start/gradients w" in done.stdout
