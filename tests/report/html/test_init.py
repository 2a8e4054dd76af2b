"""report.html as text: the values of timings.csv, reproducible to the byte, with only its two scripts.

tests/scenarios/pages_in_a_browser.py tests it in a browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from bench.analysis.run import Raw
from bench.report import html
from bench.report.html import charts, data
from bench.report.views import chart_rows, names, truncate
from bench.store import csv_table
from bench.store.cell import Status
from bench.store.tables import Timing
from datasets.dataset import Model
from tests.support.made_up import (
    BLOCKS,
    DIGITS,
    ENVIRONMENT,
    SCATTER,
    agreed,
    agreement,
    cell,
    made_up,
    marks,
    on,
    rounds,
    softmax,
)
from tests.support.sizes import growing, on_an_accelerator

HOSTILE = "</script><img src=x onerror=alert(1)>.csv"


class Parsed(HTMLParser):
    """Collect the tags with their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


def rendered(raw: Raw) -> str:
    return html.render(raw, raw.timings)


def embedded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Parsed(text).scripts[0])
    return found


def test_the_same_run_gives_the_same_page() -> None:
    assert rendered(made_up()) == rendered(made_up())


def test_the_page_needs_nothing_else_and_is_no_larger_than_it_must_be() -> None:
    text = rendered(made_up())
    sources = [attributes.get(name) for _, attributes in Parsed(text).tags for name in ("src", "href")]
    assert {source for source in sources if source and not source.startswith("#")} == {
        "data:,", "report.md", "timings.csv", "agreement.csv", "environment.json",
    }  # fmt: skip
    assert len(text.encode()) < 2_000_000


def test_nothing_runs_but_the_two_scripts_that_the_page_names() -> None:
    odd = replace(DIGITS, dataset=HOSTILE)
    timed = rounds(cell("numpy_manual", odd), 1e-3, SCATTER)
    source = {"name": HOSTILE, "dtype": HOSTILE, "source": HOSTILE, "licence": HOSTILE, "labels": [HOSTILE]}
    environment = ENVIRONMENT | {
        "command": HOSTILE,
        "advice": [HOSTILE],
        "datasets": [source],
        "machine": {HOSTILE: HOSTILE},
    }
    raw = Raw(environment, [agreed("numpy_manual", odd)], [agreement(HOSTILE, HOSTILE, 0.5)], timed, [])
    text = rendered(raw)
    parsed = Parsed(text)
    assert [attributes.get("type") for tag, attributes in parsed.tags if tag == "script"] == [
        "application/json",
        None,
        None,
    ]
    assert not [tag for tag, _ in parsed.tags if tag == "img"]
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert HOSTILE in text.replace("&lt;", "<").replace("&gt;", ">")
    policy = next(attributes["content"] for _, attributes in parsed.tags if attributes.get("http-equiv"))
    assert policy is not None
    digests = [hashlib.sha256(script.encode()).digest() for script in parsed.scripts[1:]]
    assert re.findall("'sha256-(.+?)'", policy) == [base64.b64encode(digest).decode() for digest in digests]


def test_every_heading_and_table_has_what_a_screen_reader_reads() -> None:
    parsed = Parsed(rendered(made_up()))
    names = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(names) == len(set(names))
    tags = [tag for tag, _ in parsed.tags]
    assert [tags.count(tag) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert tags.count("table") == tags.count("caption") == tags.count("thead")
    heads = [attributes for tag, attributes in parsed.tags if tag == "th"]
    assert {attributes.get("scope") for attributes in heads} == {"col", "row"}
    labels = {attributes.get("for") for tag, attributes in parsed.tags if tag == "label"}
    assert labels == {attributes.get("id") for tag, attributes in parsed.tags if tag in ("input", "select")}


def test_the_dialogs_hold_every_column_and_every_counted_round() -> None:
    raw = made_up()
    rows = raw.timings
    found = embedded(rendered(raw))
    assert found["columns"] == csv_table.columns(Timing)
    assert found["cells"] == {
        str(number): [csv_table.value(row, name) for name in found["columns"]] for number, row in enumerate(rows)
    }
    number = next(number for number, row in enumerate(rows) if row.cell == cell("jax_grad", DIGITS))
    (history,) = found["rounds"][str(number)]
    own = [one for one in raw.rounds if one.cell == cell("jax_grad", DIGITS)]
    assert [process["roundSeconds"] for process in history["processes"]] == [list(one.round_seconds) for one in own]
    assert [process["block"] for process in history["processes"]] == list(range(1, BLOCKS + 1))


def test_rounds_beyond_what_a_page_can_hold_are_left_to_the_raw_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = made_up()
    rows = raw.timings
    every = data.of_cells(raw, list(enumerate(rows)), names.of_rows(rows))["rounds"]
    monkeypatch.setattr(data, "MOST_ROUNDS", 100)
    some = data.of_cells(raw, list(enumerate(rows)), names.of_rows(rows))["rounds"]
    assert 0 < len(some) < len(every)
    lengths = [len(one["roundSeconds"]) for cells in some.values() for history in cells for one in history["processes"]]
    assert sum(lengths) <= 100


def test_a_stopped_run_and_a_quick_one_have_a_page() -> None:
    assert "Nothing was compared." in rendered(Raw(ENVIRONMENT, [], [], [], []))
    quick = replace(made_up(), environment=ENVIRONMENT | {"options": {"quick": True, "blocks": 1, "threads": 1}})
    chart = embedded(rendered(quick))["charts"]["intervals-softmax"]
    labels = chart["layout"]["xaxis"]["ticktext"]
    assert labels and all(label.endswith("s") for label in labels) and not chart["layout"]["shapes"]


def test_a_heat_map_tells_a_mismatch_and_a_nan_from_all_that_agrees() -> None:
    shares = [0.0, 0.5, 1.0, 2.0, float("nan"), float("inf")]
    chart = charts.agreement([agreement(f"n{i}", "loss", share or 1.0) for i, share in enumerate(shares)], [])
    assert chart is not None
    (heights,) = chart.traces[0]["z"]
    assert max(heights[:3]) <= 0 < min(heights[3:])


def test_a_chart_of_very_many_rows_shows_the_first_and_counts_the_rest() -> None:
    row = softmax()[3]
    rows = [(number, on(row, dataset=f"data-{number}")) for number in range(1000)]
    chart = charts.intervals(rows, 1500, marks([row]), names.of_rows(row for _, row in rows))
    assert chart is not None and len(chart.traces) == chart_rows.MOST_ROWS
    assert chart.note == f"{1500 - chart_rows.MOST_ROWS:,} more problems: timings.csv."


def test_a_page_of_very_many_cells_shows_whole_pieces_of_work_and_every_failure_under_their_own_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 8)
    text = rendered(raw)
    shown = [number for number, row in enumerate(rows) if row.cell.problem.batch_size is None]
    unfinished = [number for number, row in enumerate(rows) if row.status is not Status.OK]
    assert set(embedded(text)["cells"]) == {str(number) for number in (*shown, *unfinished)}
    assert opened(text, "times") == shown
    assert sorted(opened(text, "unfinished")) == unfinished
    assert f"{names.cells(rows)}, 8 blocks, 1 thread." in text and "1 MISMATCH" in names.cells(rows)
    assert f"{len(rows) - len(shown)} more cells: timings.csv." in text


def opened(text: str, table: str) -> list[int]:
    """Return the numbers of the cells that the rows of a table open."""
    (body,) = re.findall(f'<table id="{table}">(.*?)</table>', text, re.DOTALL)
    return [int(number) for number in re.findall(r'href="#cell=(\d+)"', body)]


def test_a_page_of_very_many_cells_draws_every_size_of_all_that_were_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = on_an_accelerator(growing(crossing=True))
    whole = embedded(rendered(raw))["charts"]["sizes-logistic-0"]
    monkeypatch.setattr(truncate, "MOST_ROWS", 4)
    assert embedded(rendered(raw))["charts"]["sizes-logistic-0"] == whole


def test_the_plotly_in_the_repository_is_that_of_npm() -> None:
    bundle = (html.HERE / "plotly-cartesian.min.js").read_bytes()
    assert hashlib.sha256(bundle).hexdigest() == "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def test_a_row_knows_its_cell() -> None:
    raw = made_up()
    assert {row.cell for row in raw.timings} == {verdict.cell for verdict in raw.verdicts}
    assert {row.cell.problem.model for row in raw.timings} == {Model.SIMPLE_LINEAR, Model.SOFTMAX}
