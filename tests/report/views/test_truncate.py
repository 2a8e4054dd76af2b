from __future__ import annotations

import pytest

from bench.report.markdown import run as markdown
from bench.report.views import names, ranking, truncate
from bench.store.cell import Status
from tests.support.made_up import made_up, part


@pytest.mark.parametrize("most", range(1, 12))
def test_of_very_many_cells_no_piece_of_work_is_ranked_by_a_part_of_it(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made_up().timings
    named = names.of_rows(rows)
    whole = ranking.sentences(rows, named, quick=False)
    monkeypatch.setattr(truncate, "MOST_ROWS", most)
    shown = truncate.shown(rows)
    assert set(ranking.sentences([row for _, row in shown], named, quick=False)) <= set(whole)
    assert {row.cell.problem.model for _, row in shown} == {row.cell.problem.model for row in rows}
    assert all(rows[number] is row for number, row in shown)


def test_of_very_many_failures_the_first_are_shown_what_was_not_run_last(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = made_up()
    rows = raw.timings
    monkeypatch.setattr(truncate, "MOST_ROWS", 1)
    text = markdown.report(raw, rows)
    for heading in ("What failed", "What was not run"):
        assert "1 more cell: timings.csv." in part(text, heading)
    monkeypatch.setattr(truncate, "MOST_ROWS", 3)
    unfinished, left_out = truncate.unfinished(rows)
    assert [row.status for _, row in unfinished] == [Status.MISMATCH, Status.CRASHED, Status.NOT_RUN]
    assert left_out == "1 more cell: timings.csv."
    assert all(rows[number] is row for number, row in unfinished)
