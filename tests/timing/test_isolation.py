from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench.process import spawn
from bench.store.cell import Cell, Problem, Status
from bench.store.layout import ROOT, STARTED
from bench.timing import isolation
from bench.timing.jobs import Entry, Job, Pace
from datasets.dataset import Dataset, Model
from datasets.prepared import save


def test_a_cell_that_never_ends_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real worker, and a clock by which its time is over as soon as the endless cell has been started."""
    names, folder = ("fine", "never ends", "fine too"), tmp_path / "worker"
    for name in names:
        x = np.arange(3, dtype=np.float32)
        save(Dataset(name, Model.SIMPLE_LINEAR, x, 2 * x, 1, 0.01, "planted", "none"), tmp_path / name)

    def clock() -> float:
        jobs, started = folder / "job.json", folder / STARTED
        entries = json.loads(jobs.read_text())["entries"] if jobs.is_file() else []
        number = started.read_text() if started.is_file() else ""
        endless = number.isdecimal() and entries[int(number)]["cell"]["problem"]["dataset"] == "never ends"
        return 1e9 if endless else 0.0

    monkeypatch.setattr(spawn, "time", SimpleNamespace(monotonic=clock))
    deadly = str(ROOT / "tests" / "support" / "planted" / "deaths.py") + ":Deadly"
    problems = [Problem(name, Model.SIMPLE_LINEAR, 3, 1, 1, "float32", 0.01, None, False, False, 0) for name in names]
    entries = tuple(Entry(Cell(deadly, one, "cpu", 1), str(tmp_path / one.dataset)) for one in problems)
    found, failures = isolation.run_job(
        "bench.worker.pilot", Pace, Job(deadly, 0, 0, 0, None, entries, ""), timeout_seconds=60, folder=folder
    )
    assert [one.cell.problem.dataset for one in found] == ["fine", "fine too"]
    assert [(one.cell.problem.dataset, one.status) for one in failures] == [("never ends", Status.TIMEOUT)]
