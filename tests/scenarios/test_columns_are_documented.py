"""results/README.md documents the columns and the kept runs; docs/trust.md names every lie."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from bench.store.cell import LIES, Cell, Problem, Status
from bench.store.csv_table import columns
from bench.store.layout import ROOT
from bench.store.raw_rows import Block, Failure, Paced, Rounds, Verdict
from bench.store.tables import Agreement, Change, Scaling, Timing

TEXT = (ROOT / "results" / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    [body] = [part for part in TEXT.split("\n## ") if part.startswith(title)]
    return body


def names(record: type) -> list[str]:
    return [field.name for field in fields(record)]


@pytest.mark.parametrize(
    ("title", "record"),
    [("timings.csv", Timing), ("sweep.csv", Scaling), ("agreement.csv", Agreement), ("comparison.csv", Change)],
)
def test_the_columns_of_a_table_are_documented_in_their_order(title: str, record: type) -> None:
    assert re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE) == columns(record)


@pytest.mark.parametrize("record", [Verdict, Rounds, Paced, Block, Failure, Cell, Problem])
def test_every_field_of_a_raw_row_is_documented(record: type) -> None:
    assert set(names(record)) <= set(re.findall(r"`(\w+)`", section("The raw rows")))


def test_every_run_that_git_keeps_is_in_the_index_the_reference_run_first() -> None:
    kept = re.findall(r"^!/results/(\w+)/$", (ROOT / ".gitignore").read_text(encoding="utf-8"), re.MULTILINE)
    index = re.findall(r"^\| \[`(.+?)`\]\(\1/report\.md\) \| (\S+), `(.+?)`", section("Runs kept here"), re.MULTILINE)
    assert index[0][0] == "reference" and sorted(name for name, *_ in index) == sorted(kept)
    for name, run, command in index:
        environment = json.loads((ROOT / "results" / name / "environment.json").read_text(encoding="utf-8"))
        assert (environment["run"], environment["command"]) == (run, command)


def test_every_status_is_documented() -> None:
    assert re.findall(r"^\| `([A-Z-]+)` \|", section("Status"), re.MULTILINE) == [*Status]


def test_the_page_of_trust_names_every_lie_and_no_status_that_does_not_exist() -> None:
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b[A-Z]+(?:-[A-Z]+)*\b", page.partition("## What is caught")[2].partition("\n## ")[0]))
    assert {*LIES} <= named
    assert {one for one in named if "-" in one} <= {*Status}
