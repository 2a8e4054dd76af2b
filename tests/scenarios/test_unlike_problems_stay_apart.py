"""Problems that differ in anything are never one: not in a table, a picture, the page, a ranking or a history.

Most settings are not part of a problem's short name: "digits" is what it is called at every learning rate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from bench.analysis.comparison import between
from bench.analysis.run import Raw
from bench.cli import app
from bench.report import write
from bench.report.views import comparison, names, scaling, truncate
from bench.store.cell import Problem
from datasets.dataset import Model
from impls.protocol import Feed
from tests.support import sizes
from tests.support.made_run import lay_down, made_run, problem
from tests.support.made_up import DIGITS, part

# One other value for every field of a problem.
SETTINGS: list[tuple[str, Any]] = [
    ("dataset", "letters"),
    ("model", Model.LOGISTIC),
    ("n", 1796),
    ("d", 65),
    ("k", 11),
    ("dtype", "float64"),
    ("learning_rate", 0.1000001),
    ("batch_size", 64),
    ("shuffle", True),
    ("drop_last", True),
    ("seed", 1),
    ("feed", Feed.HOST),
]
PAIR = ("numpy_manual", "torch_nn")
of_every_setting = pytest.mark.parametrize(
    "unlike", [replace(DIGITS, **{name: value}) for name, value in SETTINGS], ids=[name for name, _ in SETTINGS]
)


def run(*problems: Problem, **environment: Any) -> Raw:
    """A run in which torch_nn is faster on the first problem and slower on the others."""

    def seconds(name: str, one: Problem) -> float:
        return 1e-3 if name == "numpy_manual" else 5e-4 if one == problems[0] else 2e-3

    return made_run(PAIR, problems, seconds, environment=environment)


def reported(folder: Path, raw: Raw) -> Path:
    lay_down(folder, raw)
    write.write_reports(folder)
    return folder


def test_every_setting_of_a_problem_is_tried() -> None:
    assert [name for name, _ in SETTINGS] == [*vars(DIGITS)]


@of_every_setting
def test_no_two_problems_have_the_same_name(unlike: Problem) -> None:
    named = names.of([DIGITS, unlike])
    assert named.work(DIGITS) != named.work(unlike)


def test_what_is_shown_is_what_differs_and_nothing_else() -> None:
    slower = replace(DIGITS, learning_rate=0.05)
    named = names.of([DIGITS, slower, replace(slower, dtype="float64")])
    assert [*named.works.values()] == ["digits, learning rate 0.1", "digits, learning rate 0.05", "digits float64"]
    named = names.of([DIGITS, replace(DIGITS, shuffle=True)])
    assert [*named.works.values()] == ["digits, no shuffle", "digits, shuffle"]


@of_every_setting
def test_each_is_ranked_by_itself(unlike: Problem, tmp_path: Path) -> None:
    report = (reported(tmp_path / "run", run(DIGITS, unlike)) / "report.md").read_text(encoding="utf-8")
    verdicts = [line for line in part(report, "Verdicts").splitlines() if " is fastest on " in line]
    assert sorted(line.partition(" is ")[0] for line in verdicts) == ["- numpy_manual", "- torch_nn"]
    rows = re.findall(r"^\| (.+?) +\| (?:numpy_manual|torch_nn) ", part(report, "Times"), re.MULTILINE)
    assert len(rows) == 4 and len({*rows}) == 2


@of_every_setting
def test_the_page_filters_draws_and_opens_each_by_itself(unlike: Problem, tmp_path: Path) -> None:
    text = (reported(tmp_path / "run", run(DIGITS, unlike)) / "report.html").read_text(encoding="utf-8")
    options = re.findall("<option>(.*?)</option>", text)
    assert len([one for one in options if one.startswith(("digits", "letters"))]) == 2
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data = json.loads(found.group(1))
    assert len({*data["names"].values()}) == 4
    charts = [chart for name, chart in data["charts"].items() if name.startswith("intervals-")]
    heads = [label for chart in charts for label in chart["layout"]["yaxis"]["ticktext"] if label.startswith("<b>")]
    assert len(heads) == len({*heads}) == 2


@of_every_setting
def test_of_very_many_cells_none_stands_in_for_another(unlike: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truncate, "MOST_ROWS", 3)
    shown = {row.cell.problem for _, row in truncate.shown(run(DIGITS, unlike).timings)}
    assert shown == ({DIGITS} if unlike.model is DIGITS.model else {DIGITS, unlike})


def history(folder: Path, problems: Sequence[Problem]) -> list[str]:
    """Return the headings of the history of one run for each of these problems."""
    runs = []
    for day, one in enumerate(problems, start=1):
        environment = {"run": f"2026010{day}", "started": f"2026-01-0{day}T03:04:05+00:00"}
        runs.append(str(lay_down(folder / str(day), run(one, **environment))))
    assert app.main(["history", *runs, "--out", str(folder / "history")]) == 0
    text = (folder / "history" / "history.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


@of_every_setting
def test_a_history_never_joins_unlike_runs(unlike: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []

    def kept(figure: Figure) -> str:
        figures.append(figure)
        return ""

    monkeypatch.setattr("bench.report.svg.style.svg", kept)
    titles = history(tmp_path, [DIGITS, unlike])
    assert len(titles) == len({*titles}) == 4
    panels = [axes.get_title(loc="left") for figure in figures for axes in figure.axes]
    assert len(panels) == len({*panels}) == 2


@of_every_setting
def test_a_comparison_tells_which_of_them_only_one_run_has(unlike: Problem) -> None:
    found = between(run(problem(0), DIGITS), run(problem(0), unlike))
    old, new = (line.partition(": ")[2] for line in comparison.remarks(found))
    assert old != new and old.startswith("numpy_manual on ") and new.startswith("numpy_manual on ")


@pytest.mark.parametrize("setting", [{"shuffle": True}, {"drop_last": True}], ids=str)
def test_sizes_of_unlike_families_are_drawn_apart(setting: dict[str, Any]) -> None:
    problems = [sizes.problem(n) for n in sizes.SIZES]
    raw = run(*problems, *(replace(one, **setting) for one in problems))
    panels = scaling.panels(raw.timings, raw.scalings)
    assert len(panels) == len({panel.title for panel in panels}) == 2
    assert all(len(curve.rows) == len(sizes.SIZES) for panel in panels for curve in panel.curves)
