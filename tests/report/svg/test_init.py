"""Pictures show the numbers of the tables, are reproducible to the byte, and stay readable."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.analysis.run import Raw
from bench.report import svg, write
from bench.report.svg import intervals, style
from bench.report.views import chart_rows, names, ticks
from bench.store.tables import Timing
from datasets.dataset import Model
from tests.support.made_up import (
    BLOCKS,
    DIGITS,
    ENVIRONMENT,
    SCATTER,
    agreed,
    cell,
    find,
    laid_down,
    made_up,
    marks,
    on,
    rounds,
    softmax,
)
from tests.support.sizes import growing


def drawn(rows: list[Timing]) -> Figure:
    with style.look():
        figure = intervals.draw(rows, marks(rows), names.of_rows(rows))
    assert figure is not None
    return figure


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in (*figure.texts, *(one for axes in figure.axes for one in axes.texts))]


def across(line: Line2D) -> tuple[float, ...]:
    return tuple(np.asarray(line.get_xdata(), float).tolist())


def test_each_picture_has_a_name_without_the_users_words() -> None:
    raw = made_up()
    assert sorted(svg.draw(raw, raw.timings)) == [
        "agreement.svg",
        "intervals-simple_linear.svg",
        "intervals-softmax.svg",
        "rounds-simple_linear.svg",
        "rounds-softmax.svg",
    ]
    assert svg.draw(Raw(raw.environment, [], [], [], []), []) == {}


def test_the_same_run_gives_the_same_bytes_whatever_the_user_has_set() -> None:
    raw = made_up()
    first = svg.draw(raw, raw.timings)
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "svg.fonttype": "none", "lines.linewidth": 9}):
        assert svg.draw(raw, raw.timings) == first


def test_a_name_is_drawn_as_it_is_written() -> None:
    name = "<img src=x onerror=alert(1)>$x^2$.csv"
    odd = replace(DIGITS, dataset=name)
    timed = rounds(cell("numpy_manual", odd), 1e-3, SCATTER)
    raw = replace(made_up(), verdicts=[agreed("numpy_manual", odd)], rounds=timed, failures=[])
    for text in svg.draw(raw, raw.timings).values():
        root = ET.fromstring(text)  # noqa: S314  # the program's own output
        assert {element.tag.rpartition("}")[2] for element in root.iter()} & {"img", "script", "text"} == set()
    assert any(name in text for text in texts(drawn(raw.timings)))


def test_no_axis_has_too_many_labels_or_labels_beyond_it() -> None:
    for low in (1e-9, 0.97, 3.3, 4e5):
        for reach in (1.05, 1.3, 2.0, 7.0, 40.0, 3e3, 1e12):
            for most in range(2, 9):
                found = ticks.logarithmic(low, low * reach, most)
                assert 1 <= len(found) <= most and low <= found[0] <= found[-1] <= low * reach
                assert found == sorted(set(found))


def test_an_interval_plot_shows_the_ratios_of_the_table_the_fastest_first() -> None:
    rows = softmax()
    (axes,) = drawn(rows).axes
    ends = {across(line) for line in axes.get_lines() if line.get_linestyle() == "-"}
    assert ends >= {(row.ratio_low, row.ratio_high) for row in rows if row.ratio is not None}
    heights = {text.get_text(): text.xy[1] for text in axes.texts if text.get_text() in {"jax_grad", "torch_nn"}}  # type: ignore[attr-defined]
    assert heights["jax_grad"] < heights["torch_nn"]
    said = texts(drawn(rows))
    assert "1.30 (1.29 to 1.30), 2.61 ms" in said and "baseline, 2.01 ms" in said


def test_without_ratios_the_times_are_shown_and_ranked() -> None:
    raw = replace(made_up(), environment=ENVIRONMENT | {"options": {"quick": True, "blocks": BLOCKS}})
    rows = [row for row in raw.timings if row.cell.problem.model is Model.SOFTMAX]
    (digits, *_) = rankings = chart_rows.timed(rows)
    assert not chart_rows.compared(rankings)
    seconds = [row.epoch_seconds for row in digits.timed if row.epoch_seconds is not None]
    assert seconds == sorted(seconds) and len(seconds) == 5
    assert "1.30 ms" in texts(drawn(rows))


def test_a_picture_of_very_many_rows_shows_the_first_and_counts_the_rest() -> None:
    row = find(made_up().timings, "jax_grad", DIGITS)
    figure = drawn([on(row, dataset=f"data-{number}") for number in range(1000)])
    assert sum(text == "jax_grad" for text in texts(figure)) == chart_rows.MOST_ROWS
    assert any(f"{1000 - chart_rows.MOST_ROWS} more problems: timings.csv" in text for text in texts(figure))


def test_the_command_line_starts_without_matplotlib() -> None:
    program = "import sys, bench.cli.app; print({'matplotlib', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("raw", [made_up(), growing(crossing=True)])
def test_every_picture_that_a_report_links_is_there(raw: Raw, tmp_path: Path) -> None:
    laid_down(tmp_path / "run", raw)
    write.write_reports(tmp_path / "run")
    links = re.findall(r"\]\((.+?)\)", (tmp_path / "run" / "report.md").read_text(encoding="utf-8"))
    assert {f"pictures/{path.name}" for path in (tmp_path / "run" / "pictures").iterdir()} == set(links)
