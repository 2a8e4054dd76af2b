"""The error granted to sums over rows is enough for any honest order, and less than the sum itself."""

from __future__ import annotations

import numpy as np
import pytest

from bench.gate import reference, sums

U = reference.unit_roundoff("float32")
ROWS = 200_000


def orders(terms: np.ndarray) -> list[np.ndarray]:
    """Return the sum of float32 terms (n, d) in orders that `sums.lost` does not try."""
    shuffled = terms[np.random.default_rng(7).permutation(len(terms))]
    blocks = terms[: len(terms) // 400 * 400].reshape(-1, 400, terms.shape[1])
    rest = terms[len(blocks) * 400 :].sum(axis=0)
    return [shuffled.cumsum(axis=0)[-1], blocks.cumsum(axis=1)[:, -1].cumsum(axis=0)[-1] + rest]


@pytest.mark.parametrize("columns", ["drawn", "constant", "off centre"])
def test_honest_orders_stay_within_what_is_granted(columns: str) -> None:
    """Constant columns lose the same amount in every addition, so their errors add up."""
    random = np.random.default_rng(0)
    x = {
        "drawn": random.normal(size=(ROWS, 3)),
        "constant": np.full((ROWS, 3), 0.1),
        "off centre": random.normal(3, 1, (ROWS, 3)),
    }[columns]
    low, r = x.astype(np.float32), random.choice([0.3, 0.7], ROWS).astype(np.float32)
    exact = low.astype(float).T @ r.astype(float)
    granted = (
        reference.BUDGET
        * sums.FACTOR
        * U
        * sums.usual(low.astype(float), r[:, None].astype(float), sums.lost(low, r[:, None].astype(float)))
    )
    for total in orders(low * r[:, None]):
        assert (np.abs(total - exact) < granted[:-1, 0] / 2).all()
    assert (granted[:-1, 0] < 0.1 * np.abs(low).astype(float).T @ r).all()


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9])
def test_few_rows_have_a_size_too(rows: int) -> None:
    x, r = np.ones((rows, 2)), np.ones((rows, 1))
    assert sums.lost(x.astype(np.float32), r) == 0
    assert (sums.usual(x, r, 0.0) == rows**0.5 * rows + rows).all()
