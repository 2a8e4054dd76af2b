"""The largest share of its error budget that any error used, by quantity or by pair, for all outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.store.layout import AGREEMENT_CSV
from bench.store.tables import Agreement

TITLE = "Agreement: share of the error budget used"
EXPLANATION = (
    "The table shows the largest error of each quantity over all data, as a share of its budget, against the reference "
    "and in repetitions. The budget is the "
    "largest error that rounding can explain; above 100 % is a MISMATCH. Conduct is 0 % if inputs stay unchanged, "
    "results have the right dtypes and shapes, and a second run repeats the first. Each comparison is a row of "
    f"{AGREEMENT_CSV}."
)
# Below a thousandth of the budget differences do not matter; above the whole budget is a MISMATCH.
LEAST, MOST = 1e-3, 1.0


@dataclass(frozen=True)
class Shares:
    """The largest share in each (row, column) with a comparison; NaN counts as the largest."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    largest: dict[tuple[str, str], float]


def by_quantity(agreements: Sequence[Agreement], order: Sequence[str] = ()) -> Shares:
    """Return the largest share per quantity and implementation, with the implementations in this order.

    Pairs are left out: a wrong partner would make an honest implementation look wrong.
    """
    own = [one for one in agreements if one.own]
    return _largest(own, lambda one: (one.quantity, one.implementation), order)


def by_pair(agreements: Sequence[Agreement], order: Sequence[str] = ()) -> Shares:
    """Return the largest share per implementation and what it was compared against, symmetric for pairs.

    The reference and repetitions come first, then the implementations in this order.
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
    """Return the larger of two shares; NaN counts as larger."""
    return a if math.isnan(a) or a > b else b
