from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.machine import describe
from bench.plan import cells, fingerprint
from bench.plan.options import Options
from bench.store.layout import ROOT


def test_description_is_json_and_names_what_the_numbers_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "HASWELL")
    monkeypatch.setenv("OTHER", "x")
    facts = json.loads(json.dumps(describe.describe(), allow_nan=False))
    assert facts["libraries"]["numpy"]
    assert facts["processors_allowed"]
    assert facts["thread_variables"]["OMP_NUM_THREADS"] == "7"
    assert facts["thread_variables"]["OPENBLAS_CORETYPE"] == "HASWELL"
    assert "OTHER" not in facts["thread_variables"]


def test_what_scikit_learn_sets_is_no_variable_of_the_user() -> None:
    code = (
        "import os, sklearn\n"
        "from bench.machine.describe import thread_variables\n"
        "print([name for name in os.environ if name.startswith('KMP_')], thread_variables())"
    )
    users = describe.thread_variables()
    clean = {name: value for name, value in os.environ.items() if name not in users and not name.startswith("KMP_")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    assert "KMP_" in done.stdout
    assert done.stdout.endswith("] {}\n")


def test_outside_a_repository_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(describe, "ROOT", tmp_path)
    facts = describe.describe()
    assert facts["commit"] is None
    assert facts["uncommitted_changes"] is None


def test_commit_and_dirt_are_those_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> str:
        return {"rev-parse": "0123abcd", "status": " M bench/timing/race.py"}[arguments[0]]

    monkeypatch.setattr(describe, "_git", git)
    assert describe.describe()["commit"] == "0123abcd"
    assert describe.describe()["uncommitted_changes"] is True


def test_a_library_that_is_missing_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "_LIBRARIES", ("no-such-library",))
    assert describe.describe()["libraries"] == {"no-such-library": None}


@pytest.mark.parametrize(
    "processor", ["M1", "Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz with a very long name indeed" * 2]
)
def test_one_line_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, processor: str) -> None:
    monkeypatch.setattr(describe, "_processor", lambda: processor)
    line = describe.one_line()
    assert len(line) <= 80
    assert line.startswith(processor[:2])
    assert "\n" not in line


def test_the_kernel_s_policy_of_large_pages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under madvise only a library that asks gets large pages; NumPy does."""
    texts = {"/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never"}
    monkeypatch.setattr(describe, "text_of", lambda path: texts.get(str(path)))
    assert describe.describe()["transparent_hugepage"] == "always [madvise] never"
    assert describe.describe()["governor"] is None


def test_the_policy_is_no_part_of_what_must_be_the_same() -> None:
    """Older runs do not record it, and can still be compared with later ones."""
    facts = describe.describe()
    before = {name: value for name, value in facts.items() if name != "transparent_hugepage"}
    made = cells.make(Options(implementations=("numpy_manual",), datasets=("triple",)))
    assert fingerprint.identity(facts, made) == fingerprint.identity(before, made)
