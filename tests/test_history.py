"""Several runs: what became of each cell, and under which conditions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench import cli
from bench.errors import BadInput
from bench.past import by_cell, history
from bench.records import Problem
from bench.report import past_words
from bench.report.summary import Raw
from tests.made_run import ENVIRONMENT, lay_down, made_run, problem

NAMES = ("numpy_manual", "jax_grad")


def run(day: int, factor: float = 1.0, problems: tuple[Problem, ...] = (problem(0),), **environment: Any) -> Raw:
    named = {"run": f"2026010{day}-030405-abc123", "started": f"2026-01-0{day}T03:04:05+00:00"}
    seconds = {"numpy_manual": 1e-3, "jax_grad": 5e-4 * factor}
    return made_run(NAMES, problems, lambda name, _: seconds[name], seed=day, environment=named | environment)


def test_each_cell_has_its_runs_in_the_order_of_their_days() -> None:
    entries = history([run(3, 1.2), run(1), run(2, 1.1)])
    baseline, jax = by_cell(entries)
    assert [entry.run[:8] for entry in jax] == ["20260101", "20260102", "20260103"]
    ratios = [entry.timing.ratio for entry in jax]
    assert ratios == pytest.approx([0.5, 0.55, 0.6], rel=0.02)
    assert [entry.timing.ratio for entry in baseline] == [None] * 3
    assert past_words.title(jax) == "jax_grad on data 0 (1797 x 64, 10)"


def test_runs_of_another_machine_or_version_have_another_number() -> None:
    newer = ENVIRONMENT["identity"] | {"libraries": {"numpy": "3.0"}}
    entries = history([run(1), run(2, identity=newer), run(3)])
    assert [entry.conditions for entry in by_cell(entries)[1]] == [1, 2, 1]


def test_other_settings_are_another_cell() -> None:
    batched = replace(problem(0), batch_size=64)
    groups = by_cell(history([run(1), run(2, problems=(batched,))]))
    assert [(len(group), group[0].timing.batch_size) for group in groups] == [(1, None), (1, None), (1, 64), (1, 64)]


def test_a_run_is_there_once() -> None:
    with pytest.raises(BadInput, match="is named twice"):
        history([run(1), run(1)])


def test_the_command_prints_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(lay_down(tmp_path / str(day), run(day))) for day in (2, 1)]
    assert cli.main(["history", *folders, "--out", str(tmp_path / "history")]) == 0
    printed = capsys.readouterr().out
    assert printed.index("2026-01-01 03:04") < printed.index("2026-01-02 03:04")
    assert max(len(line.rstrip()) for line in printed.splitlines() if not line.startswith("/")) <= 80
    frame = pd.read_csv(tmp_path / "history" / "history.csv")
    assert list(frame["started"]) == sorted(frame["started"]) and len(frame) == 4
    text = (tmp_path / "history" / "history.md").read_text(encoding="utf-8")
    assert "## jax_grad on data 0 (1797 x 64, 10)" in text and text.count("| 2026-01-0") == 4
    assert cli.main(["history", *folders, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert [entry["timing"]["implementation"] for entry in entries] == [*NAMES, *NAMES]
    assert cli.main(["history", folders[0], folders[0]]) == 2
