"""The gate catches every planted fault, names its cause where required, and never names a wrong one.

Here one model and one dtype per fault are enough;
`python -m tests.scenarios.wrong.matrix` tries all of them.
"""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.scenarios.wrong.causes import NAMED, TRUE, accepts
from tests.scenarios.wrong.matrix import Kill, causes, kills, legend, remarks, row, summary
from tests.scenarios.wrong.table import CLOCK_ONLY, MERELY_WIDER, TABLE


@pytest.mark.parametrize("name", sorted(set(TABLE) - CLOCK_ONLY - MERELY_WIDER))
def test_a_planted_fault_is_caught_and_no_wrong_cause_named(name: str) -> None:
    by_model = groupby(kills(TABLE[name], sorted(TABLE[name].dtypes)), key=lambda kill: (kill.dtype, kill.model))
    caught = next((list(group) for _, group in by_model), [])
    assert caught
    for cause in causes(caught).values():
        assert accepts(name, cause), cause


@pytest.mark.parametrize("name", sorted(MERELY_WIDER))
def test_what_is_merely_wider_is_told_and_not_refused(name: str) -> None:
    assert list(kills(TABLE[name], TABLE[name].dtypes)) == []
    assert remarks(TABLE[name]) <= {"gate:absorbed", "gate:vanishing"}
    assert "gate:vanishing" in remarks(TABLE[name])


def test_a_cause_is_that_of_a_planted_fault() -> None:
    assert set(NAMED) | set(TRUE) <= set(TABLE)
    assert not set(NAMED) & set(TRUE)
    assert len(NAMED) >= 10


def test_the_matrix_marks_what_caught_a_fault_and_counts_what_nothing_else_caught() -> None:
    both = [Kill("gate:mini", "loss", dtype, "softmax", 2.0, "") for dtype in ("float32", "float64")]
    single = [Kill("gate:ties", "labels", "float32", "softmax", 2.0, ""), both[0]]
    head, first, second = legend().splitlines()[-1], row("one", both), row("two", single)
    assert {head[place] for place, mark in enumerate(first) if mark == "x"} == {"1", "a"}
    assert {place for place, mark in enumerate(second) if mark == "3"} > {head.index("1"), head.index("a")}
    lines = list(summary({"one": both, "two": single}))
    assert "  mini: 2, 1 one" in lines
    assert "  ties: 1, 0" in lines
    assert "  float32: 2, 1 two" in lines
