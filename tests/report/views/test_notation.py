from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.report.views import names, notation, provenance
from bench.store.cell import Contest
from tests.support.made_up import DIGITS, ENVIRONMENT, made_up


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.1234, "12 %"), (0.0004, "0.04 %"), (0.996, "100 %"), (1.23456, "123.5 %"), (150, "15,000 %"),
     (math.nan, "NaN"), (math.inf, "infinite")],
)  # fmt: skip
def test_a_share_of_the_budget_is_readable_whatever_it_is(value: float | None, text: str) -> None:
    assert notation.share(value) == text


def test_large_numbers_and_dates_are_written_to_be_read() -> None:
    large = replace(DIGITS, n=1_000_000, d=2000)
    assert names.of([large]).shaped(Contest(large, 1)) == "digits (1,000,000 x 2,000, 10)"
    assert notation.number(10_000, "cell") == "10,000 cells"
    raw = replace(made_up(), environment=ENVIRONMENT | {"machine": {"date": "2026-11-22T09:34:38+00:00"}})
    assert provenance.machine(raw) == [("date", "2026-11-22 09:34 UTC")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ns"), (0.5e-9, "0.500 ns"), (4.2e-9, "4.20 ns"), (1.5e-6, "1.50 us"), (999.4e-6, "999 us"),
        (999.6e-6, "1.00 ms"), (2.534e-3, "2.53 ms"), (25.34e-3, "25.3 ms"), (0.9996, "1.00 s"),
        (12.5, "12.5 s"), (1234.5, "1,234 s"),
    ],
)  # fmt: skip
def test_durations_have_three_digits_and_a_unit(seconds: float, text: str) -> None:
    assert notation.duration(seconds) == text
