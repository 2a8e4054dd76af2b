"""The history of each cell over several runs, and their conditions."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.analysis.history import HistoryRow, by_cell, history
from bench.analysis.run import Raw
from bench.cli import app
from bench.errors import BadInput
from bench.report import svg
from bench.report.markdown.history import report
from bench.report.svg import history as picture
from bench.report.svg import style
from bench.report.views import palette
from bench.report.views.history import named, title
from bench.store.cell import Problem, Status
from bench.store.csv_table import csv
from bench.store.raw_rows import Failure
from tests.support.made_run import ENVIRONMENT, lay_down, made_run, problem

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
    assert title(jax, named(entries)) == "jax_grad on data 0 (1,797 x 64, 10)"


def test_runs_of_another_machine_or_version_have_another_number() -> None:
    newer = ENVIRONMENT["identity"] | {"libraries": {"numpy": "3.0"}}
    entries = history([run(1), run(2, identity=newer), run(3)])
    assert [entry.conditions for entry in by_cell(entries)[1]] == [1, 2, 1]


def test_other_settings_are_another_cell() -> None:
    batched = replace(problem(0), batch_size=64)
    groups = by_cell(history([run(1), run(2, problems=(batched,))]))
    assert [(len(group), group[0].timing.cell.problem.batch_size) for group in groups] == [
        (1, None),
        (1, None),
        (1, 64),
        (1, 64),
    ]


def test_a_run_is_there_once() -> None:
    with pytest.raises(BadInput, match="is named twice"):
        history([run(1), run(1)])


def test_the_command_prints_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(lay_down(tmp_path / str(day), run(day))) for day in (2, 1)]
    assert app.main(["history", *folders, "--out", str(tmp_path / "history")]) == 0
    printed = capsys.readouterr().out
    assert printed.index("2026-01-01 03:04") < printed.index("2026-01-02 03:04")
    assert "started (UTC)" in printed
    assert max(len(line.rstrip()) for line in printed.splitlines() if not line.startswith("/")) <= 80
    frame = pd.read_csv(tmp_path / "history" / "history.csv")
    assert list(frame["started"]) == sorted(frame["started"]) and len(frame) == 4
    text = (tmp_path / "history" / "history.md").read_text(encoding="utf-8")
    assert "## jax_grad on data 0 (1,797 x 64, 10)" in text and text.count("| 2026-01-0") == 4
    assert (
        "](history.svg)" in text and (tmp_path / "history" / "history.svg").read_text(encoding="utf-8")[:5] == "<?xml"
    )
    assert app.main(["history", *folders, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert [entry["timing"]["implementation"] for entry in entries] == [*NAMES, *NAMES]
    assert app.main(["history", folders[0], folders[0]]) == 2


def test_what_is_no_number_survives_in_the_csv() -> None:
    lost = zip(history([run(1)]), (math.nan, None), strict=True)
    entries = [replace(entry, timing=replace(entry.timing, final_loss=loss)) for entry, loss in lost]
    frame = pd.read_csv(io.StringIO(csv(HistoryRow, entries)), keep_default_na=False)
    assert list(frame["final_loss"]) == ["nan", ""]


def drawn(entries: list[HistoryRow]) -> Figure:
    with style.look():
        figure = picture.draw(entries, palette.marks(entry.timing.cell.runner for entry in entries))
    assert figure is not None
    return figure


def points(line: Line2D) -> list[tuple[float, float]]:
    across, up = (np.asarray(values, float).tolist() for values in (line.get_xdata(), line.get_ydata()))
    return list(zip(across, up, strict=True))


def test_the_picture_shows_every_ratio_of_the_table_in_the_order_of_time() -> None:
    entries = history([run(3, 1.2), run(1), run(2, 1.1)])
    (axes,) = drawn(entries).axes
    (line,) = [line for line in axes.get_lines() if line.get_marker() == "s" and line.get_linestyle() == "-"]
    assert points(line) == [(slot, entry.timing.ratio) for slot, entry in enumerate(by_cell(entries)[1])]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert [label.split("\n")[:2] for label in labels] == [[f"2026-01-0{day}", "03:04 UTC"] for day in (1, 2, 3)]


def test_no_line_joins_runs_of_other_conditions() -> None:
    newer = ENVIRONMENT["identity"] | {"libraries": {"numpy": "3.0"}}
    (axes,) = drawn(history([run(1), run(2, identity=newer), run(3)])).axes
    lines = [points(line) for line in axes.get_lines() if line.get_marker() == "s" and line.get_linestyle() == "-"]
    assert [[x for x, _ in line] for line in lines] == [[0, 2], [1]]


def test_a_run_in_which_the_cell_had_no_time_has_a_cross() -> None:
    broken = run(2)
    cell = next(one.cell for one in broken.verdicts if one.cell.implementation == "jax_grad")
    broken = replace(broken, failures=[Failure(cell, 3, Status.CRASHED, "ended by SIGSEGV")])
    (axes,) = drawn(history([run(1), broken, run(3)])).axes
    crosses = [points(line) for line in axes.get_lines() if line.get_marker() == "x"]
    assert [[x for x, _ in cross] for cross in crosses] == [[1]]


def test_a_history_has_one_picture_or_none() -> None:
    entries = history([run(1), run(2)])
    assert svg.draw_history(entries) == svg.draw_history(entries)
    quick = history([run(1, options={"quick": True, "blocks": 1, "threads": 1})])
    assert svg.draw_history(quick) is None
    assert "history.svg" not in report(quick, "")
