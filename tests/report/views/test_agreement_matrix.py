from __future__ import annotations

import math
from dataclasses import replace

from bench.report.views import agreement_matrix
from bench.store.cell import Status
from tests.support.made_up import agreement


def test_the_largest_share_counts_and_a_nan_is_larger_than_any() -> None:
    """What a pair shows counts for the pair alone: a wrong partner is not the fault of an honest implementation."""
    agreements = [
        agreement("a", "loss", 0.2),
        agreement("a", "loss", math.nan, Status.MISMATCH),
        agreement("a", "loss", 0.3),
        agreement("b", "loss", 0.1),
        agreement("b", "parameters", 0.3),
        replace(agreement("a", "parameters", 0.4), against="b"),
    ]
    table = agreement_matrix.by_quantity(agreements, ["a", "b"])
    assert (table.rows, table.columns) == (("loss", "parameters"), ("a", "b"))
    assert math.isnan(table.largest["loss", "a"])
    assert table.largest["loss", "b"] == 0.1 and ("parameters", "a") not in table.largest
    assert agreement_matrix.by_quantity(agreements, ["a", "b", "a"]).columns == ("a", "b")
    pairs = agreement_matrix.by_pair(agreements, ["a", "b"])
    assert pairs.largest["b", "a"] == pairs.largest["a", "b"] == 0.4
