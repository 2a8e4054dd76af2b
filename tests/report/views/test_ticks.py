from __future__ import annotations

import pytest

from bench.report.views import ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "found"),
    [
        (0.55, 2.5, 8, [0.6, 0.8, 1, 1.2, 1.5, 2, 2.5]),
        (0.9, 25, 8, [1, 2, 5, 10, 20]),
        (4.2e-6, 16e-6, 3, [5e-6, 1e-5]),
        (2e-5, 5e-2, 8, [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]),
        (1, 1e9, 4, [1, 1e3, 1e6, 1e9]),
        (1.01, 1.04, 4, [1.01, 1.02, 1.03, 1.04]),
        (101.2, 101.9, 3, [101.5]),
    ],
)
def test_an_axis_has_a_few_round_numbers(low: float, high: float, most: int, found: list[float]) -> None:
    assert ticks.logarithmic(low, high, most) == found
