"""Whatever an implementation shows ends in a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.gate import verdicts
from bench.store.cell import Status
from bench.store.layout import REPORT_MD
from datasets.dataset import Model
from tests.scenarios.draw import observations

DRAWN = 240


def test_random_observations_end_in_verdicts_and_reports(tmp_path: Path) -> None:
    """`python -m tests.scenarios.draw.observations` tries any number of further ones."""
    found = list(observations.outcomes(DRAWN))
    assert {one.status for one, _ in found} <= {Status.OK, Status.MISMATCH, Status.UNCHECKED}
    assert sum(one.status is Status.MISMATCH for one, _ in found) > DRAWN / 2
    assert [row.cause for _, rows in found for row in rows if "search for it failed" in row.cause] == []
    observations.report(found, tmp_path)
    assert all((tmp_path / timed / REPORT_MD).stat().st_size > 0 for timed in ("True", "False"))


def test_a_fault_in_the_search_for_a_cause_costs_the_cause_and_not_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def fall_over(*_given: Any) -> str:
        raise KeyError("epoch 1/parameters b")

    monkeypatch.setattr(verdicts, "likely_cause", fall_over)
    found = [observations.outcome(Model.LOGISTIC, "float32", number)[0] for number in range(20)]
    wrong = [one for one in found if one.status is Status.MISMATCH]
    assert wrong
    assert all("the search for it failed (KeyError: 'epoch 1/parameters b')" in one.detail for one in wrong)
