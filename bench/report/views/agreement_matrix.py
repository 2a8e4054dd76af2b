"""The largest share of its budget that any error used, in tables of two headings: for report, pictures and page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.store.layout import AGREEMENT_CSV
from bench.store.tables import Agreement

TITLE = "Agreement: how much of the budget of rounding was used"
EXPLANATION = (
    "The largest share of its budget that any error used, over all data. The budget is what rounding can explain; "
    f"above 100 % is a MISMATCH. Each comparison is a row of {AGREEMENT_CSV}."
)
# Below a thousandth of the budget there is nothing to be told apart; above all of it is a MISMATCH.
LEAST, MOST = 1e-3, 1.0


@dataclass(frozen=True)
class Shares:
    """The largest share in each (row, column) in which anything was compared; NaN is larger than any."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    largest: dict[tuple[str, str], float]


def by_quantity(agreements: Sequence[Agreement], order: Sequence[str] = ()) -> Shares:
    """Return the largest share of each quantity and implementation, these in this order."""
    return _largest(agreements, lambda one: (one.quantity, one.implementation), order)


def by_pair(agreements: Sequence[Agreement], order: Sequence[str] = ()) -> Shares:
    """Return the largest share of each other opinion and implementation; of a pair it is the same both ways.

    What is no implementation comes first, and these follow in this order.
    """
    names = {one.implementation for one in agreements}
    mirrored = [
        replace(one, implementation=one.against, against=one.implementation)
        for one in agreements
        if one.against in names
    ]
    return _largest([*agreements, *mirrored], lambda one: (one.against, one.implementation), order)


def _largest(
    agreements: Sequence[Agreement], key: Callable[[Agreement], tuple[str, str]], order: Sequence[str]
) -> Shares:
    largest: dict[tuple[str, str], float] = {}
    for one in agreements:
        largest[key(one)] = larger(largest.get(key(one), 0.0), one.share)
    place = {name: number for number, name in enumerate(dict.fromkeys(order), start=1)}
    rows, columns = (
        tuple(sorted(dict.fromkeys(pair[which] for pair in largest), key=lambda name: place.get(name, 0)))
        for which in (0, 1)
    )
    return Shares(rows, columns, largest)


def larger(a: float, b: float) -> float:
    """Return the larger of two shares, of which a NaN is the larger."""
    return a if math.isnan(a) or a > b else b
