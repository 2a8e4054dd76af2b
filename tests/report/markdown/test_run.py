"""Raw rows become tables, sentences and files; golden files show what a reader sees.

After an intended change run UPDATE_GOLDEN=1 python -m pytest tests/report, then read the diff.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.report.markdown import run as markdown
from bench.report.views import truncate
from tests.support.golden_files import golden
from tests.support.made_up import (
    ENVIRONMENT,
    made_up,
    part,
)


def test_the_markdown_report_reads_as_agreed() -> None:
    raw = made_up()
    golden("report.md", markdown.report(raw, raw.timings))


def test_a_report_of_very_many_cells_shows_the_first_pieces_of_work_and_every_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first softmax problem is digits, although one of its cells comes last of all."""
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 8)
    text = markdown.report(raw, rows)
    assert f"{len(rows)} cells (" in text and text.count("3 more cells: timings.csv.") == 1
    for heading in ("Times", "One-off costs", "The hardware limit"):
        assert "digits" in part(text, heading) and "batch 64" not in part(text, heading)
    assert "jax_grad is fastest on digits" in part(text, "Verdicts")
    assert "digits batch 64: no comparison" not in part(text, "Verdicts")
    assert "while it was timed, in block 4: ended by SIGSEGV" in part(text, "What failed")
    assert "needs jax" in part(text, "What was not run")


def test_of_very_many_datasets_the_first_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    like = {"dtype": "float32", "source": "drawn", "licence": "none", "labels": []}
    datasets = [{"name": f"data {number}", **like} for number in range(12)]
    raw = replace(made_up(), environment=ENVIRONMENT | {"datasets": datasets})
    monkeypatch.setattr(truncate, "MOST_ROWS", 11)
    conditions = part(markdown.report(raw, raw.timings), "Conditions")
    assert "data 10" in conditions and "data 11" not in conditions
    assert "1 more dataset: environment.json." in conditions
