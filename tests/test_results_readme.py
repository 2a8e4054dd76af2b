"""results/README.md documents every column that is written, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bench.records import Agreement, Block, Cell, Change, Failure, Paced, Problem, Rounds, Status, Timing, Verdict

TEXT = (Path(__file__).resolve().parents[1] / "results" / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    [body] = [part for part in TEXT.split("\n## ") if part.startswith(title)]
    return body


def names(record: type) -> list[str]:
    return [field.name for field in fields(record)]


@pytest.mark.parametrize(
    ("title", "record"), [("timings.csv", Timing), ("agreement.csv", Agreement), ("comparison.csv", Change)]
)
def test_the_columns_of_a_table_are_documented_in_their_order(title: str, record: type) -> None:
    assert re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE) == names(record)


@pytest.mark.parametrize("record", [Verdict, Rounds, Paced, Block, Failure, Cell, Problem])
def test_every_field_of_a_raw_row_is_documented(record: type) -> None:
    assert set(names(record)) <= set(re.findall(r"`(\w+)`", section("The raw rows")))


def test_every_status_is_documented() -> None:
    assert re.findall(r"^\| `([A-Z-]+)` \|", section("Status"), re.MULTILINE) == [*Status]
